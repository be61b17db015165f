"""The position a job would have in the queue with another priority, or put next. Nothing is changed."""

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
    """Counts on the index that defines the order; every method may raise StoreUnavailableError."""

    def __init__(self, reader: JobReader, clock: Clock) -> None:
        """`clock` gives the time at which the job would be queued again."""
        self._reader, self._clock = reader, clock

    async def of_priority(self, job: Job, priority: int) -> Position | None:
        """The position with that priority; None for a job that is not waiting."""
        if job.status not in WAITS:
            return None
        stays = job.status is Status.STARTED and job.turn == priority
        return await self._before(job, job if stays else _moved(job, priority, self._clock.now()))

    async def of_next(self, job: Job) -> Position | None:
        """The position if the job were put next: only those that were put next earlier start before it."""
        if job.status not in WAITS:
            return None
        now = self._clock.now()
        first = {"put_next": Attribution(by=ANYBODY, at=now), "queued_at": now}
        return await self._before(job, job.model_copy(update=first))

    async def _before(self, job: Job, there: Job) -> Position:
        """The position, not counting the job itself where it is now."""
        found = await from_store(self._reader.position(there))
        counted = job.status is Status.STARTED and _order(job) < _order(there)
        if not counted or found.capped or not found.ahead:
            return found
        return Position(ahead=found.ahead - 1)


def _moved(job: Job, priority: int, now: datetime) -> Job:
    """The job as the scheduler would change it: last in its new priority; a backoff keeps its time."""
    fields: dict[str, Any] = {"priority": priority, "put_next": None}
    if job.status is Status.PAUSED or job.not_before is None:
        fields["queued_at"] = now
    return job.model_copy(update=fields)


def _order(job: Job) -> tuple[int, datetime, str]:
    return (-job.turn, job.queued_at, job.id)
