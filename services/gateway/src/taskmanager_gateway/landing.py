"""Where in the queue a job would land if it got another priority, or were put next."""

from taskmanager.jobs import Job, Note
from taskmanager.ports import Clock, JobReader
from taskmanager.queries import POSITION_LIMIT, Position
from taskmanager.states import Status
from taskmanager_gateway.deadlines import from_store

ANYBODY = "anybody"


class Landing:
    """Counts by the index that gives the order; raises StoreUnavailableError."""

    def __init__(self, reader: JobReader, clock: Clock) -> None:
        """`clock` says when the job would be queued anew."""
        self._reader, self._clock = reader, clock

    async def of_priority(self, job: Job, priority: int) -> Position | None:
        """How many jobs would start before it, at the end of that priority; None if it does not wait."""
        if job.status is not Status.STARTED:
            return None
        if priority == job.turn:
            return await from_store(self._reader.position(job))
        return await self._of(job, priority=priority, put_next=None)

    async def of_next(self, job: Job) -> Position | None:
        """How many jobs would start before it: those that were put next earlier."""
        if job.status is not Status.STARTED:
            return None
        return await self._of(job, put_next=Note(by=ANYBODY, at=self._clock.now()))

    async def _of(self, job: Job, **fields: object) -> Position:
        anew = job.model_copy(update={"queued_at": self._clock.now(), **fields})
        found = await from_store(self._reader.position(anew))
        return without_itself(job, anew, found)


def without_itself(job: Job, anew: Job, found: Position) -> Position:
    """The job as it is stands before the job as it would be if its turn is higher, or the same and older."""
    if found.capped or _turn(job) >= _turn(anew):
        return found
    return Position(ahead=min(max(found.ahead - 1, 0), POSITION_LIMIT))


def _turn(job: Job) -> tuple[int, float, str]:
    return (-job.turn, job.queued_at.timestamp(), job.id)
