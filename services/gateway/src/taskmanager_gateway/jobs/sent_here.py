"""Messages that this gateway publishes, and that the broker sends back to it as to all gateways.

Their confirm has told this gateway everything that is in them, so they need not be read once more.
"""

from collections import OrderedDict

MOST = 100
"""Messages that are remembered; one that is forgotten is read like those of other gateways."""


class SentHere:
    """What was published here and has not both been settled and come back."""

    def __init__(self) -> None:
        """Nothing has been published yet."""
        self._settled: OrderedDict[bytes, bool] = OrderedDict()
        self._back: set[bytes] = set()
        """Those that came back before they were settled."""

    def sending(self, body: bytes) -> None:
        """This message is about to be published."""
        self._settled[body] = False
        if len(self._settled) > MOST:
            oldest, _ = self._settled.popitem(last=False)
            self._back.discard(oldest)

    def came_back(self, body: bytes) -> bool:
        """Whether this message, which has just come, was published here."""
        settled = self._settled.get(body)
        if settled is None:
            return False
        if settled:
            del self._settled[body]
        else:
            self._back.add(body)
        return True

    def confirmed(self, body: bytes) -> None:
        """The broker has accepted it, and its submitters know."""
        if body in self._back:
            self._forget(body)
        elif body in self._settled:
            self._settled[body] = True

    def unconfirmed(self, body: bytes) -> bool:
        """Nobody was told that the broker has it. Whether it had come back, so that it is to be read now."""
        back = body in self._back
        self._forget(body)
        return back

    def _forget(self, body: bytes) -> None:
        self._settled.pop(body, None)
        self._back.discard(body)
