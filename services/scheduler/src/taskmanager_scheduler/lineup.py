"""Keeps the order in which waiting jobs are shown the one in which they start.

They start as their tickets reached the plugin's queue; they are shown by turn, moment of queueing and id.
What is queued at the same moment and not in the order of the ids gets a later one of its own.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from taskmanager.jobs import Job
from taskmanager.ports import Clock

MOMENT = timedelta(milliseconds=1)
"""The shortest difference that the store keeps."""

Place = tuple[int, datetime, str]


def place_of(job: Job) -> Place:
    """What waiting jobs of a plugin are ordered by; the smallest starts first."""
    return -job.turn, job.queued_at, job.id


def lined_up(jobs: Iterable[Job], now: datetime) -> list[Job]:
    """These jobs, queued at `now` or just after, so that their places keep the order they come in."""
    last: dict[tuple[str, int], tuple[datetime, str]] = {}
    found = []
    for job in jobs:
        key = (job.plugin, job.turn)
        moment, before = last.get(key, (now, ""))
        if job.id <= before:
            moment += MOMENT
        last[key] = (moment, job.id)
        found.append(job if job.queued_at == moment else job.model_copy(update={"queued_at": moment}))
    return found


class Moments:
    """A clock that shows no moment at or before which a job was queued already; one for a whole scheduler."""

    def __init__(self, clock: Clock) -> None:
        """`clock` shows the time otherwise."""
        self._clock = clock
        self._passed: datetime | None = None

    @classmethod
    def over(cls, clock: Clock) -> "Moments":
        """The clock itself if it is one already."""
        return clock if isinstance(clock, Moments) else cls(clock)

    def now(self) -> datetime:
        """See `taskmanager.ports.Clock`."""
        shown = self._clock.now()
        return shown if self._passed is None else max(shown, self._passed + MOMENT)

    def passed(self, queued: Sequence[Job]) -> None:
        """These jobs were queued."""
        if queued:
            latest = max(job.queued_at for job in queued)
            self._passed = latest if self._passed is None else max(self._passed, latest)
