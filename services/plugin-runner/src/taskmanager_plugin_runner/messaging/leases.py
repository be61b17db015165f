"""Until when each attempt is certainly ours, by the runner's own clock. Knows no job and kills nothing.

Always on the safe side: a grant counts from the first time its claim was sent; a renewal counts from the
sending of the first heartbeat after the last answer, less one heartbeat, because an answer does not say which
heartbeat it belongs to.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta

from taskmanager.messages import AttemptReference
from taskmanager_plugin_runner.clock import elapsed_seconds

Reference = tuple[str, int]


def reference(event: AttemptReference) -> Reference:
    """Job and attempt of anything that names them."""
    return event.job, event.attempt


class Leases:
    """The ends of the leases of running attempts, in seconds of `clock`."""

    def __init__(self, heartbeat: timedelta, clock: Callable[[], float] = elapsed_seconds) -> None:
        """`heartbeat` is the time between two heartbeats."""
        self._margin_seconds = heartbeat.total_seconds()
        self._clock = clock
        self._ends: dict[Reference, float] = {}
        self._asked_at: float | None = None

    def granted(self, attempt: Reference, asked_at: float, lease_seconds: float) -> None:
        """A claim first sent at `asked_at` was granted."""
        self._ends[attempt] = asked_at + lease_seconds

    def asked(self) -> None:
        """A heartbeat or hello is being sent."""
        if self._asked_at is None:
            self._asked_at = self._clock()

    def renewed(self, attempts: Iterable[Reference], lease_seconds: float) -> None:
        """An answer to a heartbeat or hello has arrived."""
        if self._asked_at is None:
            return  # a second answer; it is unknown when its heartbeat was sent
        until = self._asked_at + lease_seconds - self._margin_seconds
        self._asked_at = None
        for attempt in attempts:
            if attempt in self._ends:
                self._ends[attempt] = max(self._ends[attempt], until)

    def ended(self, attempt: Reference) -> None:
        """The attempt is no longer running."""
        self._ends.pop(attempt, None)

    def seconds_left(self, attempt: Reference) -> float:
        """How long the attempt is certainly still ours."""
        return self.end(attempt) - self._clock()

    def end(self, attempt: Reference) -> float:
        """Until when the attempt is certainly ours, in seconds of the clock; 0 for an unknown one."""
        return self._ends.get(attempt, 0.0)
