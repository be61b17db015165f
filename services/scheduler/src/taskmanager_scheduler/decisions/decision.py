"""What was decided on a group of messages, or by the scheduler itself: what to write and what follows."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from taskmanager.messages import Arrivals, Change
from taskmanager.model.jobs import Job, Progress
from taskmanager.model.states import Status, Tab
from taskmanager.ports.store import Plan
from taskmanager_scheduler.jobs.effects import Effect


@dataclass(frozen=True, slots=True)
class Decision(Plan):
    """A plan, the effects to carry out once it is stored, and what to tell the gateways."""

    effects: Sequence[Effect] = ()
    changes: Sequence[Change] = ()
    changed_plugins: Sequence[str] = ()
    changed_jobs: Sequence[str] = ()
    """Announced by id only, without a `Change` each: the jobs of a page of an operation."""
    arrived: Sequence[Arrivals] = ()
    """Into which tabs those jobs came."""
    changed_operations: Sequence[str] = ()
    unknown: Sequence[str] = ()
    """Jobs that runners reported about and that the database does not know: it was restored, most likely."""


_CHANGE = Change(job="", plugin="none", status=Status.STARTED, tab=Tab.QUEUE, rev=0, progress=Progress())
"""What all changes have in common."""


def change_of(before: Job | None, job: Job, *, logged: bool = False) -> Change:
    """What the gateways are told about a job that was `before`."""
    status = job.status
    return _CHANGE.altered(
        job=job.id,
        plugin=job.spec.plugin,
        status=status,
        tab=status.tab,
        rev=job.rev,
        progress=job.progress,
        was=before.status if before is not None else None,
        logged=logged,
    )


def arrivals(pairs: Iterable[tuple[Job | None, Job]]) -> Sequence[Arrivals]:
    """Into which tabs jobs came, by plugin and tab."""
    counted = Counter(
        (after.plugin, after.tab) for before, after in pairs if before is None or before.tab is not after.tab
    )
    return [Arrivals(plugin=plugin, tab=tab, jobs=jobs) for (plugin, tab), jobs in sorted(counted.items())]
