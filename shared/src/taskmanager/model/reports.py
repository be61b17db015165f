"""What Goobi must be told about a job, as stored, delivered and shown. Values only.

A report is stored in the transaction of the change that causes it. Its content never changes, only its
delivery state. Reports of one job are sent in the order of `seq`.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import AnyHttpUrl, Field

from taskmanager.model.jobs import GoobiReference, InstallationName, Record, ShortText
from taskmanager.model.log_types import LogType
from taskmanager.model.states import Status

REPORTS_KEPT = timedelta(days=90)
"""How long delivered reports are kept; undelivered ones stay."""
BACKLOG_LIMIT = 10_000
"""The highest number a backlog is counted to."""
REPLAY_LIMIT = 10_000
"""How many reports of an installation one command replays, oldest first."""
MESSAGE_LIMIT = 4_000
"""The most characters an operator's message may have."""


class ReportKind(StrEnum):
    """What Goobi is asked to do."""

    ENTRY = "entry"
    """Write a process log entry about the end of the job."""
    CLOSE_STEP = "close_step"
    ERROR_STEP = "error_step"
    """Set the step to error."""
    CALLBACK = "callback"
    """Call the job's own `callback_url` instead of closing the step."""
    MESSAGE = "message"
    """Write an operator's message into the process log."""


class ReportState(StrEnum):
    """How far the delivery of a report has come."""

    PENDING = "pending"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"
    """Goobi did not accept it for too long, or answered that it never will; an operator may replay it."""
    WITHDRAWN = "withdrawn"
    """A retry of its job made it untrue before it was delivered; it is never sent."""


class Facts(Record):
    """The job as it was when the report was made; the texts are made from it at delivery."""

    plugin: str
    title: str = ""
    template: str | None = None
    source: str | None = None
    destination: str | None = None
    files: int = 0
    bytes: int = 0
    seconds: float | None = None
    """From the start of its last attempt to its end."""
    error: str = ""
    warnings: int = 0
    warning_texts: tuple[str, ...] = ()
    by: str = ""
    """Who cancelled it, or who wrote the message."""
    reason: str = ""


class OperatorMessage(Record):
    """A message from an operator for the process log."""

    type: LogType = LogType.INFO
    text: Annotated[str, Field(min_length=1, max_length=MESSAGE_LIMIT)]


class Report(Record):
    """One thing Goobi must be told; `rev` grows with every write and guards it."""

    id: str
    job: str
    seq: int
    kind: ReportKind
    status: Status
    """The job's status when the report was made."""
    goobi: GoobiReference | None = None
    callback_url: AnyHttpUrl | None = None
    callback_job_type: ShortText | None = None
    """Sent as the header `jobType` of a callback."""
    facts: Facts
    message: OperatorMessage | None = None
    created: datetime
    state: ReportState = ReportState.PENDING
    attempts: int = 0
    since: datetime
    """When the time until the report is given up started: when it was made or last replayed."""
    next_try: datetime | None
    last_answer: str | None = None
    """The last answer from Goobi or error of the network; short and without secrets."""
    delivered_at: datetime | None = None
    withdrawn_at: datetime | None = None
    rev: int = 1

    @property
    def installation(self) -> InstallationName | None:
        """The installation the job named; None: the default one."""
        return self.goobi.installation if self.goobi is not None else None


class Replay(Record):
    """Try again: one report, or all given-up reports of some installations (None: the default one's)."""

    report: str | None = None
    installations: tuple[InstallationName | None, ...] = ()
    at: datetime


class Withdrawal(Record):
    """A retry makes reports below this `seq` untrue if they would set the job's step to error."""

    job: str
    below: int
    at: datetime


class Backlog(Record):
    """What an installation has not been told yet; `capped`: there may be more."""

    pending: int = 0
    capped: bool = False
    given_up: int = 0
    oldest: datetime | None = None
    """When the oldest pending report was made."""


class InstallationHealth(Record):
    """How deliveries to an installation went, as last seen by the scheduler."""

    name: str
    last_success: datetime | None = None
    last_failure: datetime | None = None
    last_answer: str | None = None
    """The answer to the last failed delivery."""


class ReportQuery(Record):
    """One page of reports, newest first."""

    state: ReportState | None = None
    kind: ReportKind | None = None
    job: ShortText | None = None
    installations: tuple[InstallationName | None, ...] | None = None
    cursor: ShortText | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class ReportPage(Record):
    """Reports, newest first, and, unless this is the last page, where the next one begins."""

    reports: tuple[Report, ...]
    next_cursor: str | None = None
