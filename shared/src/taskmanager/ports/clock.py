"""Where times come from."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Where times come from."""

    def now(self) -> datetime:
        """The current time, aware, in UTC, in whole milliseconds (as MongoDB stores them)."""
