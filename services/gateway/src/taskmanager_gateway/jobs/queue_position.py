"""Where in the queue a job would stand with another priority, or put next. Nothing is changed."""

from datetime import datetime
from typing import Any

from taskmanager.model.jobs import Attribution, Job
from taskmanager.model.queries import Position
from taskmanager.model.states import Status
from taskmanager.ports.clock import Clock
from taskmanager.ports.readers import JobReader
from taskmanager_gateway.http.deadlines import from_store

WAITS = frozenset({Status.STARTED, Status.PAUSED})
ANYBODY = "anybody"


class QueuePosition:
    """Counts by the index that gives the order; every call may raise StoreUnavailableError."""

    def __init__(self, reader: JobReader, clock: Clock) -> None:
        """`clock` says when the job would be queued anew."""
        self._reader, self._clock = reader, clock

    async def of_priority(self, job: Job, priority: int) -> Position | None:
        """How many jobs would start before it; None for a job that does not wait."""
        if job.status not in WAITS:
            return None
        stays = job.status is Status.STARTED and job.turn == priority
        return await self._before(job, job if stays else _moved(job, priority, self._clock.now()))

    async def of_next(self, job: Job) -> Position | None:
        """The same before all priorities: only those that were put next earlier start before it."""
        if job.status not in WAITS:
            return None
        now = self._clock.now()
        first = {"put_next": Attribution(by=ANYBODY, at=now), "queued_at": now}
        return await self._before(job, job.model_copy(update=first))

    async def _before(self, job: Job, there: Job) -> Position:
        """Without the job itself, which is counted where it stands now."""
        found = await from_store(self._reader.position(there))
        counted = job.status is Status.STARTED and _order(job) < _order(there)
        if not counted or found.capped or not found.ahead:
            return found
        return Position(ahead=found.ahead - 1)


def _moved(job: Job, priority: int, now: datetime) -> Job:
    """As the scheduler would have it: at the end of its new priority; a job that backs off keeps its time."""
    fields: dict[str, Any] = {"priority": priority, "put_next": None}
    if job.status is Status.PAUSED or job.not_before is None:
        fields["queued_at"] = now
    return job.model_copy(update=fields)


def _order(job: Job) -> tuple[int, datetime, str]:
    return (-job.turn, job.queued_at, job.id)
