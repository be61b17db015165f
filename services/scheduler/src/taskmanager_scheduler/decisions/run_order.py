"""Keeps the order in which waiting jobs are shown the same as the order in which they start.

Jobs start in the order in which their tickets reach the plugin's queue; they are shown by turn, time of
queueing and id. So a job is queued no earlier than the one before it, and a moment later if its id would sort
it first.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from taskmanager.model.jobs import Job
from taskmanager.model.operations import Listing, Operation
from taskmanager.model.registry import InstalledPlugin
from taskmanager.model.states import Status
from taskmanager.ports.store import Needs, PlanT, Snapshot, Store
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.jobs.effects import SendTicket

MOMENT = timedelta(milliseconds=1)
"""The smallest time difference that the store keeps."""

Place = tuple[int, datetime, str]


def place_of(job: Job) -> Place:
    """The sort key of a plugin's waiting jobs; the smallest starts first."""
    return -job.turn, job.queued_at, job.id


class RunOrderedStore:
    """A store that gives each job its place when it is queued; one for all parts of a scheduler.

    Implements `taskmanager.ports.store.Store`. The underlying store applies one decision at a time, so places
    are given in commit order.
    """

    def __init__(self, store: Store) -> None:
        """`store` does everything else."""
        self._store = store
        self._last: dict[tuple[str, int], tuple[datetime, str]] = {}
        """Plugin and turn -> time of queueing and id of the last job queued there."""

    async def apply(self, needs: Needs, decide: Callable[[Snapshot], PlanT]) -> PlanT:
        """See the port."""
        return await self._store.apply(needs, lambda snapshot: self._lined_up(decide(snapshot)))

    def _lined_up(self, plan: PlanT) -> PlanT:
        if not isinstance(plan, Decision):
            return plan
        placed = {job.id: self._placed(job) for job in queued_by(plan)}
        if not placed:
            return plan
        return replace(plan, jobs=[(before, placed.get(after.id, after)) for before, after in plan.jobs])

    def _placed(self, job: Job) -> Job:
        """At its own time if that keeps it behind the previous job, otherwise just after that one."""
        key = (job.plugin, job.turn)
        last = self._last.get(key)
        moment = max(job.queued_at, last[0]) if last else job.queued_at
        if last and (moment, job.id) < last:
            moment += MOMENT
        self._last[key] = moment, job.id
        return job if moment == job.queued_at else job.model_copy(update={"queued_at": moment})

    async def time(self) -> datetime:
        """See the port."""
        return await self._store.time()

    async def waiting(
        self, plugin: str, *, before: datetime, after: tuple[int, datetime, str] | None, limit: int
    ) -> Sequence[Job]:
        """See the port."""
        return await self._store.waiting(plugin, before=before, after=after, limit=limit)

    async def plugins(self) -> Sequence[InstalledPlugin]:
        """See the port."""
        return await self._store.plugins()

    async def open_operations(self) -> Sequence[Operation]:
        """See the port."""
        return await self._store.open_operations()

    async def look_ahead(self, pages: frozenset[str]) -> None:
        """See the port."""
        await self._store.look_ahead(pages)

    async def list_jobs(self, operation: Operation, *, page: int) -> Listing:
        """See the port."""
        return await self._store.list_jobs(operation, page=page)


def queued_by(decision: Decision) -> list[Job]:
    """The jobs that wait under a new ticket, in ticket order."""
    waiting = {job.id: job for _, job in decision.jobs if job.status is Status.STARTED}
    sent = [(one.job, one.dispatch) for one in decision.effects if isinstance(one, SendTicket)]
    return [waiting[job] for job, dispatch in sent if job in waiting and waiting[job].dispatch == dispatch]
