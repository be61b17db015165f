"""Reports to Goobi and its installations as the API shows them; no view is built from secrets."""

from datetime import datetime

from pydantic import Field

from taskmanager.goobi.installations import Dialect, Installation
from taskmanager.model.jobs import Record
from taskmanager.model.log_types import LogType
from taskmanager.model.reports import Backlog, InstallationHealth, Report, ReportKind, ReportState
from taskmanager.model.states import Status
from taskmanager_gateway.http.views import CommandView


class ReportView(Record):
    """One report to Goobi about a job, and the state of its delivery."""

    id: str
    job: str
    seq: int = Field(description="Reports of one job go out in this order.")
    kind: ReportKind
    status: Status = Field(description="The job's, when the report was made.")
    installation: str | None = Field(description="As the job named it; null: the default one.")
    process_id: int | None
    step_id: int | None
    callback_url: str | None
    type: LogType | None = Field(description="Of an operator's message.")
    text: str | None = Field(description="Of an operator's message.")
    by: str = Field(description="Who wrote the message or cancelled the job.")
    created: datetime
    state: ReportState
    attempts: int
    next_try: datetime | None
    last_answer: str | None = Field(description="What Goobi or the network said last.")
    delivered_at: datetime | None

    @classmethod
    def of(cls, report: Report) -> "ReportView":
        """The public form of a report."""
        goobi, message = report.goobi, report.message
        same = {name: getattr(report, name) for name in _SAME}
        return cls.model_construct(
            **same,
            process_id=goobi.process_id if goobi else None,
            step_id=goobi.step_id if goobi else None,
            callback_url=str(report.callback_url) if report.callback_url else None,
            type=message.type if message else None,
            text=message.text if message else None,
            by=report.facts.by,
        )


_SAME = tuple(
    name
    for name in ReportView.model_fields
    if name in {*Report.model_fields, "installation"} and name != "callback_url"
)


class ReportListView(Record):
    """One page of reports, the newest first; `next_cursor` is null on the last."""

    reports: list[ReportView]
    next_cursor: str | None
    links: dict[str, str]


class ReportCommandView(CommandView):
    """The result of a command for a report; `report` is null if it cannot be shown yet."""

    report: ReportView | None


class ReplayView(CommandView):
    """The scheduler delivers the reports again from now on."""


class InstallationView(Record):
    """A configured Goobi installation, and the state of deliveries to it."""

    name: str
    default: bool = Field(description="Whether it is meant by jobs that name none.")
    dialect: Dialect
    url: str
    pending: int = Field(description="Reports it does not have yet, counted to 10,000.")
    pending_capped: bool = Field(description="There may be more.")
    undelivered: int = Field(description="Reports that were given up, counted to 10,000.")
    oldest: datetime | None = Field(description="When the oldest pending report was made.")
    oldest_age_seconds: float | None
    last_success: datetime | None
    last_failure: datetime | None
    last_answer: str | None = Field(description="Of the last failure.")

    @classmethod
    def of(
        cls,
        name: str,
        installation: Installation,
        backlog: Backlog,
        health: InstallationHealth,
        now: datetime,
        *,
        default: bool,
    ) -> "InstallationView":
        """The public form of an installation."""
        age = max(0.0, (now - backlog.oldest).total_seconds()) if backlog.oldest else None
        return cls.model_construct(
            name=name,
            default=default,
            dialect=installation.dialect,
            url=installation.base,
            pending=backlog.pending,
            pending_capped=backlog.capped,
            undelivered=backlog.given_up,
            oldest=backlog.oldest,
            oldest_age_seconds=age,
            last_success=health.last_success,
            last_failure=health.last_failure,
            last_answer=health.last_answer,
        )


class InstallationListView(Record):
    """The configured Goobi installations."""

    installations: list[InstallationView]
