"""Which scheduler is active: the one through whose inbox a tick has recently come; for each partition one."""

import time
from datetime import timedelta

MISSED_TICKS = 3
"""A scheduler whose inbox misses this many ticks has lost the inbox."""


class Duty:
    """Starts with a tick that came through the inbox and expires unless another follows."""

    def __init__(self, lasts: timedelta) -> None:
        """Duty `lasts` this long after each tick; before the first tick there is none."""
        self._lasts_seconds = lasts.total_seconds()
        self._until = float("-inf")

    def ticked(self) -> None:
        """Record a tick that came through this scheduler's inbox."""
        self._until = time.monotonic() + self._lasts_seconds

    def end(self) -> None:
        """Record that this scheduler has given the inbox up."""
        self._until = float("-inf")

    @property
    def on(self) -> bool:
        """Whether this scheduler is the active one."""
        return time.monotonic() < self._until
