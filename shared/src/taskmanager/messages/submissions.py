"""From the gateway to the scheduler and the plugin's queue, and the tickets that follow."""

from datetime import datetime
from typing import Literal

from taskmanager.messages.wire import Message
from taskmanager.model.jobs import JobSpec


class Submit(Message):
    """Accept this job. `submitted_at` is by the gateway's clock."""

    type: Literal["submit"] = "submit"
    job: str
    client: str
    submitted_at: datetime
    spec: JobSpec

    @property
    def dispatch(self) -> int:
        """The first ticket of a job is its submission."""
        return 1


class Ticket(Message):
    """A hint that a job is waiting to start; losing, duplicating or delaying it is harmless."""

    type: Literal["ticket"] = "ticket"
    job: str
    dispatch: int
