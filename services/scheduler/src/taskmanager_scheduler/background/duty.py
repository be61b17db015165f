"""Which scheduler is the one that works: the one through whose inbox a tick came not long ago."""

import time
from datetime import timedelta

MISSED_TICKS = 3
"""A scheduler to whose inbox so many ticks do not come has lost it."""


class Duty:
    """Begins with a tick that came through the inbox and ends by itself when no other follows."""

    def __init__(self, lasts: timedelta) -> None:
        """It `lasts` so long after each tick; before the first one there is none."""
        self._lasts_seconds = lasts.total_seconds()
        self._until = float("-inf")

    def ticked(self) -> None:
        """A tick came through the inbox of this scheduler."""
        self._until = time.monotonic() + self._lasts_seconds

    @property
    def on(self) -> bool:
        """Whether this scheduler is the one that works."""
        return time.monotonic() < self._until
