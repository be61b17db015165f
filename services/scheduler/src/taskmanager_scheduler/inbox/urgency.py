"""Whether anybody waits for the inbox: what works beside it then leaves the store free more often."""

import time
from collections.abc import Callable, Iterable
from datetime import timedelta

from taskmanager.messages import Command, Heartbeat, Inbound, RunnerEvents, Submissions, Submit

LASTS = timedelta(seconds=5)
"""Where one message was, the next will be: an operator seldom gives one command only."""


class Urgency:
    """Remembers the last message whose sender waits for what becomes of it."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        """`seconds` is a clock."""
        self._seconds = seconds
        self._until = float("-inf")

    def note(self, messages: Iterable[Inbound]) -> None:
        """These have arrived."""
        if any(map(_waits, messages)):
            self._until = self._seconds() + LASTS.total_seconds()

    @property
    def on(self) -> bool:
        """Whether there was such a message lately."""
        return self._seconds() < self._until


def _waits(message: Inbound) -> bool:
    """Heartbeats come all the time, and what is only noted is awaited by nobody."""
    match message:
        case RunnerEvents():
            return not all(isinstance(event, Heartbeat) for event in message.events)
        case Command() | Submissions() | Submit():
            return True
    return False
