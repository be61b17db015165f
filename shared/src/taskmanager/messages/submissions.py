"""From the gateway to the scheduler, and the tickets that follow."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from taskmanager.messages.wire import Message
from taskmanager.model.jobs import JobSpec, TraceParent


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

    @property
    def dispatch(self) -> int:
        """That of the first ticket of a job."""
        return 1

    @property
    def submissions(self) -> tuple["Submit", ...]:
        """As in `Submissions`: itself alone."""
        return (self,)


class Submissions(Message):
    """Accept these jobs, in this order: one message and one confirm for all that a gateway has at a time."""

    type: Literal["submissions"] = "submissions"
    submissions: Annotated[tuple[Submit, ...], Field(min_length=1)]

    @classmethod
    def joined(cls, encoded: Iterable[bytes]) -> bytes:
        """The body of a message with these encoded `Submit`s, which are not encoded again for it."""
        return b'{"v":1,"type":"submissions","submissions":[' + b",".join(encoded) + b"]}"


class Ticket(Message):
    """A hint that a job is waiting to start; losing, duplicating or delaying it is harmless."""

    type: Literal["ticket"] = "ticket"
    job: str
    dispatch: int
