"""How changes of jobs change the statistics of their tabs.

Plain sums, so that they equal a recount when nothing is in flight.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from taskmanager.model.jobs import Job
from taskmanager.model.states import Status, Tab
from taskmanager.ports.store import StatisticsDelta


def deltas(pairs: Iterable[tuple[Job | None, Job]]) -> Sequence[StatisticsDelta]:
    """One delta for each plugin and tab that changes."""
    sums: dict[tuple[str, Tab], Counter[str]] = {}
    for before, after in pairs:
        if before is not None:
            _add(sums, before, -1)
        _add(sums, after, 1)
    made = [_delta(plugin, tab, counts) for (plugin, tab), counts in sums.items()]
    return [delta for delta in made if delta.jobs or delta.files or delta.bytes or delta.statuses]


def _add(sums: dict[tuple[str, Tab], Counter[str]], job: Job, sign: int) -> None:
    counts = sums.setdefault((job.plugin, job.tab), Counter())
    counts["jobs"] += sign
    counts["files"] += sign * job.files
    counts["bytes"] += sign * job.bytes
    counts[job.status] += sign


def _delta(plugin: str, tab: Tab, counts: Counter[str]) -> StatisticsDelta:
    statuses = {status: counts[status] for status in Status if counts[status]}
    return StatisticsDelta(plugin, tab, counts["jobs"], counts["files"], counts["bytes"], statuses)
