"""Counts the open event streams, in total and for each client. Independent of HTTP."""

import contextlib
from collections import Counter
from collections.abc import Iterator

from taskmanager.model.reasons import Reason
from taskmanager_gateway.codes import problems
from taskmanager_gateway.http.problems import TOO_MANY_STREAMS, ProblemError

RETRY_AFTER_SECONDS = 30


class OpenStreams:
    """Counts streams while they are open.

    Check both when a stream is requested and when it begins: requests at the same time all see the same
    count.
    """

    def __init__(self, limit: int, per_client: int) -> None:
        """Start with no open streams."""
        self._limit, self._per_client = limit, per_client
        self._of_client: Counter[str] = Counter()

    def check(self, client: str) -> None:
        """Raise ProblemError (429) if the client may not open another one."""
        if (obstacle := self._obstacle(client)) is not None:
            headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
            raise ProblemError(TOO_MANY_STREAMS, obstacle, headers)

    def admits(self, client: str) -> bool:
        """Whether the client may open another one."""
        return self._obstacle(client) is None

    @contextlib.contextmanager
    def open(self, client: str) -> Iterator[None]:
        """Count a stream as open while the block runs."""
        self._of_client[client] += 1
        try:
            yield
        finally:
            self._of_client[client] -= 1
            if not self._of_client[client]:
                del self._of_client[client]

    def _obstacle(self, client: str) -> Reason | None:
        if self._of_client[client] >= self._per_client:
            return problems.STREAMS_OF_CLIENT(number=self._per_client)
        if self._of_client.total() >= self._limit:
            return problems.STREAMS_OF_ALL(number=self._limit)
        return None
