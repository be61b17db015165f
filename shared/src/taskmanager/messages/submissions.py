"""From the gateway to the scheduler, and the tickets that follow."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from taskmanager.messages.wire import Message
from taskmanager.model.jobs import Chain, Job, JobSpec, Record, TraceParent, neighbour
from taskmanager.model.states import Status

_NEVER = datetime.min.replace(tzinfo=UTC)
_NEW = Job(
    id="",
    spec=JobSpec(plugin="none"),
    client="",
    status=Status.STARTED,
    priority=0,
    created=_NEVER,
    queued_at=_NEVER,
)
"""What all new jobs have in common: copied, since filling in defaults takes several times as long."""


class Submit(Message):
    """Accept this job. `submitted_at` is by the gateway's clock.

    Gateways of earlier releases published each alone, to the plugin's queue as well, as its first ticket.
    """

    type: Literal["submit"] = "submit"
    job: str
    client: str
    submitted_at: datetime
    spec: JobSpec
    traceparent: TraceParent | None = None
    """The trace of the request, if it has one."""
    chain: Chain = ()
    """The jobs of its chain, itself included."""

    @property
    def follows(self) -> str | None:
        """The job of its chain that is to be done before it starts."""
        return neighbour(self.chain, self.job, -1)

    @property
    def dispatch(self) -> int:
        """That of the first ticket of a job."""
        return 1

    def new_job(self, queued_at: datetime, rev: int = 0) -> Job:
        """The job that this makes; `rev` 0: it is not stored yet."""
        links = {}
        if self.chain:
            follows = self.follows
            status = Status.STARTED if follows is None else Status.PAUSED
            links = {"chain": self.chain, "follows": follows, "status": status}
        return _NEW.altered(
            id=self.job,
            spec=self.spec,
            client=self.client,
            priority=self.spec.priority,
            created=self.submitted_at,
            queued_at=queued_at,
            traceparent=self.traceparent,
            rev=rev,
            **links,
        )

    @property
    def submissions(self) -> tuple["Submit", ...]:
        """As in `Submissions`: itself alone."""
        return (self,)

    @property
    def tickets(self) -> tuple["TicketReference", ...]:
        """As in `Tickets`: the first ticket of the job alone."""
        return (TicketReference(job=self.job, dispatch=self.dispatch),)


class Submissions(Message):
    """Accept these jobs, in this order: one message and one confirm for all that a gateway has at a time."""

    type: Literal["submissions"] = "submissions"
    submissions: Annotated[tuple[Submit, ...], Field(min_length=1)]

    SEPARATOR: ClassVar[bytes] = b","
    """Between encoded `Submit`s. Several joined by it are sent as one is: together or not at all."""

    @classmethod
    def joined(cls, encoded: Iterable[bytes]) -> bytes:
        """The body of a message with these encoded `Submit`s, which are not encoded again for it."""
        return b'{"v":1,"type":"submissions","submissions":[' + cls.SEPARATOR.join(encoded) + b"]}"


class Ticket(Message):
    """A hint that a job is waiting to start; losing, duplicating or delaying it is harmless."""

    type: Literal["ticket"] = "ticket"
    job: str
    dispatch: int

    @property
    def tickets(self) -> tuple["TicketReference", ...]:
        """As in `Tickets`: itself alone."""
        return (TicketReference(job=self.job, dispatch=self.dispatch),)


class TicketReference(Record):
    """One ticket of several: the job, and the number of the ticket among those of the job."""

    job: str
    dispatch: int


class Tickets(Message):
    """Tickets of one plugin and priority, in their order; only for runners that ask for several a message."""

    type: Literal["tickets"] = "tickets"
    tickets: Annotated[tuple[TicketReference, ...], Field(min_length=1)]
