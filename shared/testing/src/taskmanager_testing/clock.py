"""A clock that a test sets."""

from dataclasses import dataclass
from datetime import datetime


@dataclass
class SetClock:
    """Implements `taskmanager.ports.clock.Clock`; stands still unless the test moves it."""

    moment: datetime

    def now(self) -> datetime:
        """The moment that was set last."""
        return self.moment
