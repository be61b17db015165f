"""How many jobs a runner may begin: one for each free place, and the next ones of places that are worked at.

With nothing to bring ahead, a slot is busy from the grant to the end of its job, as if each had one process.
"""

from collections.abc import Callable, Collection
from typing import Protocol

from taskmanager_plugin_runner.clock import elapsed_seconds
from taskmanager_plugin_runner.pipeline.pace import Pace
from taskmanager_plugin_runner.pipeline.places import Places


class AtWork(Protocol):
    """An attempt, as far as its time is concerned."""

    def time_left(self, now: float) -> float | None:
        """How long its plugin will go on working; None if that is unknown, or it is not working."""


class Capacity:
    """Implements `open_lanes.Capacity`."""

    def __init__(
        self,
        places: Places,
        pace: Pace,
        attempts: Callable[[], Collection[AtWork]],
        clock: Callable[[], float] = elapsed_seconds,
    ) -> None:
        """`attempts` returns all that are not over."""
        self._places, self._pace, self._attempts, self._clock = places, pace, attempts, clock

    @property
    def slots(self) -> int:
        """How many plugins work at the same time."""
        return self._places.count

    @property
    def now(self) -> int:
        """How many jobs would find a free place."""
        busy = self._places.entered if self._pace.worth else len(self._attempts())
        return max(0, self.slots - busy)

    @property
    def ahead(self) -> int:
        """How many more may begin, with input that is brought while others work."""
        now = self._clock()
        wanted = self._pace.jobs_ahead((one.time_left(now) for one in self._attempts()), now)
        return max(0, wanted - max(0, self._places.entered - self.slots))
