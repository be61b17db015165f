"""Operations over many jobs: which jobs, what is done to them, and how far the operation has come.

Values only; `control.judge` decides about each job, as for a single command. Knows no store.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from taskmanager.model.control import JobAction
from taskmanager.model.jobs import Attribution, Interruption, Job, Priority, Record, ShortText
from taskmanager.model.queries import PAGE_LIMIT, JobConditions
from taskmanager.model.reasons import PROSE, Reason, absent, refusals

FAILURES_KEPT = 1_000
"""How many of the jobs that could not be changed are listed with a reason; any more are only counted."""
PREVIEW_LIMIT = 1_000_000
"""The highest number of jobs a preview counts to."""
EXAMPLES = 5


class JobFilter(JobConditions):
    """The jobs an operation applies to."""

    def misfit(self, job: Job) -> Reason | None:
        """Why a job chosen by this filter no longer matches it, or None.

        Properties that never change are not checked again.
        """
        if self.tab not in {None, job.tab} or self.status not in {None, job.status}:
            return refusals.STATUS_CHANGED(status=job.status)
        low = self.priority_min is not None and job.priority < self.priority_min
        high = self.priority_max is not None and job.priority > self.priority_max
        return refusals.PRIORITY_CHANGED(priority=job.priority) if low or high else None


class OperationState(StrEnum):
    """How far an operation has come."""

    WAITING = "waiting"
    """Stored; its jobs are being listed."""
    RUNNING = "running"
    STOPPED = "stopped"
    """Stopped by an operator; what has been done stays done."""
    DONE = "done"

    @property
    def ended(self) -> bool:
        """Whether it has nothing more to do."""
        return self in {OperationState.STOPPED, OperationState.DONE}


RUNNING = frozenset(state for state in OperationState if not state.ended)
"""The states of an operation that is at work, or is going to be."""


class Operation(Record):
    """The stored state of an operation. `rev` grows with every write and guards it.

    Its jobs are listed once, in pages, when it begins; `page` is the next one. Tickets of a page are sent
    after its commit: those before `ticketed` certainly have been; the scheduler that continues the operation
    sends the others again.
    """

    id: str
    action: JobAction
    priority: Priority | None = None
    filter: JobFilter
    asked: Attribution
    """Who asked, when and why. Jobs that were stored later are left alone."""
    fingerprint: str = ""
    """The fingerprint of the request, to tell a repetition from another request under the same key."""
    state: OperationState = OperationState.WAITING
    started: datetime | None = None
    finished: datetime | None = None
    stop: Interruption | None = None
    total: int | None = None
    done: int = 0
    unchanged: int = 0
    refused: int = 0
    listing: str | None = None
    pages: int = 0
    page: int = 0
    ticketed: int = 0
    rev: int = 1

    @property
    def open(self) -> bool:
        """Whether a scheduler still has something to do for it."""
        return not self.state.ended or self.ticketed < self.page

    @property
    def handled(self) -> int:
        """How many jobs it has handled."""
        return self.done + self.unchanged + self.refused


class Failure(Record):
    """A job an operation could not change, and why; `number` counts them from 1."""

    operation: str
    number: int
    job: str
    why: Reason | None = Field(default=None, exclude_if=absent)
    reason: str = ""
    """Plain text used in place of a reason: written by an earlier version, or for one."""
    at: datetime

    @property
    def told(self) -> Reason:
        """Why the job could not be changed."""
        return self.why or PROSE(text=self.reason)


class Listing(Record):
    """The jobs of an operation as listed: pages of ids under `id`."""

    id: str
    pages: int
    total: int


class Preview(Record):
    """What an operation would apply to: `count` jobs (`exact`, or at least that many) and some of them."""

    count: int
    exact: bool
    examples: tuple[Job, ...]


class OperationQuery(Record):
    """One page of operations, newest first. `running`: those that have not ended, or those that have."""

    running: bool | None = None
    cursor: ShortText | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE_LIMIT)] = 50


class OperationPage(Record):
    """Operations and, unless this is the last page, where the next one begins."""

    operations: tuple[Operation, ...]
    next_cursor: str | None = None


def page_key(listing: str, page: int) -> str:
    """The key of one page of a listing."""
    return f"{listing}:{page}"
