"""What finished jobs add to the hourly figures. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from taskmanager.model.hourly_figures import HourlyFigures, hour_of, power_of
from taskmanager.model.jobs import Job
from taskmanager.model.states import Status
from taskmanager_scheduler.decisions.error_kinds import ErrorKind, kind_of

_NONE = timedelta(0)


def figures_of(pairs: Iterable[tuple[Job | None, Job]]) -> Sequence[HourlyFigures]:
    """One sum for each plugin and hour in which jobs finished."""
    ends: dict[tuple[str, datetime], _Ends] = {}
    hours: dict[datetime, datetime] = {}
    """Most jobs of a group finish at one moment, that of the group."""
    for before, after in pairs:
        finished = after.finished
        if finished is None or not after.status.final:
            continue
        if before is not None and before.finished == finished:
            continue
        hour = hours.get(finished) or hours.setdefault(finished, hour_of(finished))
        if (key := (after.plugin, hour)) not in ends:
            ends[key] = _Ends()
        ends[key].add(after, finished)
    return [one.figures(plugin, hour) for (plugin, hour), one in ends.items()]


@dataclass(slots=True)
class _Ends:
    """The ends of jobs of one plugin within one hour.

    `counts` is about all, `errors` about those that failed, the rest about those that became DONE.
    """

    counts: Counter[Status] = field(default_factory=Counter)
    files: int = 0
    bytes: int = 0
    waited: timedelta = _NONE
    ran: timedelta = _NONE
    longest: timedelta = _NONE
    durations: Counter[int] = field(default_factory=Counter)
    waits: Counter[int] = field(default_factory=Counter)
    errors: Counter[ErrorKind] = field(default_factory=Counter)

    def add(self, job: Job, finished: datetime) -> None:
        """Count a job that has just finished."""
        self.counts[job.status] += 1
        if job.status is Status.ERROR and job.error is not None:
            self.errors[kind_of(job.error)] += 1
        if job.status is not Status.DONE or job.started_at is None:
            return
        ran = max(finished - job.started_at, _NONE)
        self.files += job.files
        self.bytes += job.bytes
        waited = max(job.started_at - job.queued_at, _NONE)
        self.waited += waited
        self.waits[power_of(waited)] += 1
        self.ran += ran
        self.longest = max(self.longest, ran)
        self.durations[power_of(ran)] += 1

    def figures(self, plugin: str, hour: datetime) -> HourlyFigures:
        """The sums."""
        return HourlyFigures(
            plugin=plugin,
            hour=hour,
            done=self.counts[Status.DONE],
            failed=self.counts[Status.ERROR],
            cancelled=self.counts[Status.CANCELLED],
            files=self.files,
            bytes=self.bytes,
            waiting_seconds=self.waited.total_seconds(),
            running_seconds=self.ran.total_seconds(),
            longest_seconds=self.longest.total_seconds(),
            durations=dict(self.durations),
            waits=dict(self.waits),
            errors={kind.value: count for kind, count in self.errors.items()},
        )
