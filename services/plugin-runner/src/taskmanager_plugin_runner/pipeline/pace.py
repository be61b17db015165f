"""How long the phases of a plugin's jobs take, and so when it is worth bringing the next input ahead.

Pure: is told what was measured, and answers. A job whose input is brought ahead has passed the broker's
priorities, so it is brought no earlier than it should take, with a margin.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

WORTH_SECONDS = 0.1
"""Transfers that take less than this together are not worth a second process for the slot."""
MARGIN_SECONDS = 2.0
"""Input is brought this much earlier than needed: estimates are only looked at once a second."""
WORTH_BYTES = 1_000_000
STILL_COMING_SECONDS = 10.0
"""What is taken for the time of an input of `WORTH_BYTES` that arrives while the plugin works: nobody sees
its end, and only its first files are waited for."""
NO_ROOM_SECONDS = 60.0
"""Nothing is brought ahead for this long after there was no room for it."""


@dataclass(slots=True)
class _Usual:
    """The usual time of a phase: each new value counts as much as all before."""

    seconds: float | None = None

    def add(self, seconds: float) -> None:
        self.seconds = seconds if self.seconds is None else (self.seconds + seconds) / 2

    @property
    def known(self) -> float:
        return self.seconds or 0.0


@dataclass(slots=True)
class Pace:
    """The pace of one runner's jobs, in seconds."""

    _bringing: _Usual = field(default_factory=_Usual)
    _working: _Usual = field(default_factory=_Usual)
    _placing: _Usual = field(default_factory=_Usual)
    _no_room_until: float = float("-inf")

    def brought(self, seconds: float, coming_bytes: int = 0) -> None:
        """A job's input was brought; so many bytes of it are still coming, while the plugin works."""
        self._bringing.add(STILL_COMING_SECONDS if coming_bytes >= WORTH_BYTES else seconds)

    def worked(self, seconds: float) -> None:
        """A plugin worked on a job for so long."""
        self._working.add(seconds)

    def placed(self, seconds: float) -> None:
        """A job's results were placed."""
        self._placing.add(seconds)

    def no_room(self, now: float) -> None:
        """An input did not fit beside those of the jobs at work; `now` as in `jobs_ahead`."""
        self._no_room_until = now + NO_ROOM_SECONDS

    @property
    def worth(self) -> bool:
        """Whether transfers take long enough to go on beside the work."""
        return self._bringing.known + self._placing.known >= WORTH_SECONDS

    def time_left(self, worked: float, done: int, total: int) -> float | None:
        """How long a plugin will go on that has worked for so long; None: nobody knows.

        By its progress, if it has reported `done` of `total` files, else by how long jobs usually take,
        unless it has worked for twice as long already.
        """
        if 0 < done <= total:
            return worked / done * (total - done)
        if worked > 2 * self._working.known:
            return None
        return max(0.0, self._working.known - worked)

    def jobs_ahead(self, left: Iterable[float | None], now: float) -> int:
        """For how many of the jobs at work, which will take so long still, the next one is to be brought."""
        if not self.worth or now < self._no_room_until:
            return 0
        soon = 2 * self._bringing.known + MARGIN_SECONDS
        return sum(one is not None and one <= soon for one in left)
