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
    seq: int = Field(description="Reports about one job are delivered in this order.")
    kind: ReportKind
    status: Status = Field(description="Status of the job when the report was created.")
    installation: str | None = Field(
        description="The installation named by the job; null for the default one."
    )
    process_id: int | None
    step_id: int | None
    callback_url: str | None
    type: LogType | None = Field(description="Log type; only for operators' messages.")
    text: str | None = Field(description="Only for operators' messages.")
    by: str = Field(description="Who wrote the message or cancelled the job.")
    created: datetime
    state: ReportState
    attempts: int
    next_try: datetime | None
    last_answer: str | None = Field(description="Goobi's last response, or the last network error.")
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
    default: bool = Field(description="Whether jobs that name no installation use this one.")
    dialect: Dialect
    url: str
    pending: int = Field(description="Reports not delivered yet, counted up to 10,000.")
    pending_capped: bool = Field(description="Whether counting stopped at the limit: there may be more.")
    undelivered: int = Field(description="Reports that were given up, counted up to 10,000.")
    oldest: datetime | None = Field(description="When the oldest pending report was created.")
    oldest_age_seconds: float | None
    last_success: datetime | None
    last_failure: datetime | None
    last_answer: str | None = Field(
        description="What Goobi answered at the last failure, or the network error."
    )

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
