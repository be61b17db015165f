"""How changes of jobs change the statistics of their tabs.

Plain sums, so that they equal a recount when nothing is in flight.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from taskmanager.model.jobs import Job
from taskmanager.model.states import Status, Tab
from taskmanager.ports.store import StatisticsDelta


def deltas(pairs: Iterable[tuple[Job | None, Job]]) -> Sequence[StatisticsDelta]:
    """One delta for each plugin and tab that changes."""
    sums: dict[tuple[str, Tab], _Sums] = {}
    for before, after in pairs:
        if before is not None:
            _of(sums, before).add(before, -1)
        _of(sums, after).add(after, 1)
    made = [one.delta(plugin, tab) for (plugin, tab), one in sums.items()]
    return [delta for delta in made if delta.jobs or delta.files or delta.bytes or delta.statuses]


@dataclass(slots=True)
class _Sums:
    """What is added to the statistics of one plugin and tab."""

    files: int = 0
    bytes: int = 0
    statuses: Counter[Status] = field(default_factory=Counter)

    def add(self, job: Job, sign: int) -> None:
        """Add a job (1), or take it away (-1)."""
        self.files += sign * job.files
        self.bytes += sign * job.bytes
        self.statuses[job.status] += sign

    def delta(self, plugin: str, tab: Tab) -> StatisticsDelta:
        """The sums; jobs are counted by status alone, as each has one."""
        statuses = {status: self.statuses[status] for status in Status if self.statuses[status]}
        return StatisticsDelta(plugin, tab, self.statuses.total(), self.files, self.bytes, statuses)


def _of(sums: dict[tuple[str, Tab], _Sums], job: Job) -> _Sums:
    key = job.spec.plugin, job.status.tab
    found = sums.get(key)
    if found is None:
        found = sums[key] = _Sums()
    return found
