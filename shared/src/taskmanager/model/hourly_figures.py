"""What a plugin got done, hour by hour: updated in the same transactions as the jobs, kept for 40 days.

Values and their sums only; knows no store.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from pydantic import Field

from taskmanager.model.jobs import PluginName, Record

FIGURES_KEPT = timedelta(days=40)
HOUR = timedelta(hours=1)


class Figures(Record):
    """Ends of jobs: every end counts, including that of a job which is retried later.

    Files, bytes and times are those of jobs that became DONE. `waiting_seconds` is from entering the queue to
    the start of the last attempt, `running_seconds` from there to the end, including pauses. `durations`
    counts running times by powers of two: key k counts those of at least 2^(k-1) and less than 2^k
    milliseconds, and `waits` waiting times in the same way. `errors` counts failed jobs by the kind of error.
    What happened before these two were counted is missing in them.
    """

    done: int = 0
    failed: int = 0
    cancelled: int = 0
    files: int = 0
    bytes: int = 0
    waiting_seconds: float = 0.0
    running_seconds: float = 0.0
    longest_seconds: float = 0.0
    durations: dict[int, int] = Field(default_factory=dict)
    waits: dict[int, int] = Field(default_factory=dict)
    errors: dict[str, int] = Field(default_factory=dict)

    def duration(self, share: float) -> float | None:
        """The running time in seconds that this share of the jobs (0.5: the median) did not exceed.

        Estimated to within a power of two; None if no job became DONE.
        """
        found = _quantile(self.durations, share)
        return None if found is None else min(found, self.longest_seconds)

    def wait(self, share: float) -> float | None:
        """The waiting time in seconds that this share of the jobs did not exceed; None if none is known."""
        return _quantile(self.waits, share)

    @property
    def waits_known(self) -> bool:
        """Whether the waiting time of every job that became DONE is among `waits`."""
        return sum(self.waits.values()) >= self.done

    @property
    def errors_known(self) -> bool:
        """Whether every failed job is among `errors`."""
        return sum(self.errors.values()) >= self.failed


class HourlyFigures(Figures):
    """The figures of one plugin for the hour that begins at `hour`."""

    plugin: PluginName
    hour: datetime


def hour_of(moment: datetime) -> datetime:
    """The beginning of the hour the moment falls in, in UTC."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def power_of(duration: timedelta) -> int:
    """The key of `durations` under which the duration is counted."""
    return (duration // timedelta(milliseconds=1)).bit_length()


def total(figures: Iterable[Figures]) -> Figures:
    """The sum of all figures."""
    durations: Counter[int] = Counter()
    waits: Counter[int] = Counter()
    errors: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    longest = 0.0
    for one in figures:
        durations.update(one.durations)
        waits.update(one.waits)
        errors.update(one.errors)
        sums.update({name: getattr(one, name) for name in SUMMED})
        longest = max(longest, one.longest_seconds)
    return Figures(
        **{name: sums[name] for name in SUMMED},
        longest_seconds=longest,
        durations=dict(durations),
        waits=dict(waits),
        errors=dict(errors),
    )


SUMMED = ("done", "failed", "cancelled", "files", "bytes", "waiting_seconds", "running_seconds")
"""Fields that are added up; for the longest running time the maximum is taken."""


def _quantile(counts: dict[int, int], share: float) -> float | None:
    wanted, passed = share * sum(counts.values()), 0
    for power in sorted(counts):
        count = counts[power]
        if passed + count >= wanted:
            low, high = _bounds(power)
            return round(low + (high - low) * (wanted - passed) / count, 3)
        passed += count
    return None


def _bounds(power: int) -> tuple[float, float]:
    return (2 ** (power - 1) / 1000 if power else 0.0, 2**power / 1000)
