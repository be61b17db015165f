"""Reports to Goobi and the installations as their page shows them. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator

from taskmanager.goobi.settings import GoobiSettings
from taskmanager.model.access import Principal, Right
from taskmanager.model.jobs import InstallationName, Record, ShortText
from taskmanager.model.reports import BACKLOG_LIMIT, Report, ReportKind, ReportQuery, ReportState
from taskmanager_gateway.http.command_bodies import readable
from taskmanager_gateway.reports.views import InstallationView

Text = Annotated[ShortText, AfterValidator(readable)]

ANSWER_SHOWN = 120
"""Characters of an answer that fit into a row; the pop-up shows all of it."""


class ReportListAddress(Record):
    """Which reports; they are sorted newest first."""

    state: ReportState | None = None
    installation: InstallationName | None = None
    kind: ReportKind | None = None
    job: Text | None = None
    cursor: Text | None = None

    @property
    def filtered(self) -> bool:
        """Whether anything is filtered out."""
        return any((self.state, self.installation, self.kind, self.job))

    def query(self, names: tuple[str | None, ...] | None) -> ReportQuery:
        """The query for the store; `names` are those of the installation."""
        return ReportQuery(
            state=self.state, kind=self.kind, job=self.job, installations=names, cursor=self.cursor
        )


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One row in the list of reports."""

    id: str
    job: str
    title: str
    plugin: str
    kind: ReportKind
    state: ReportState
    installation: str | None
    process: int | None
    created: datetime
    attempts: int
    next_try: datetime | None
    delivered: datetime | None
    answer: str
    replayable: bool
    """Whether the reader may have it delivered again."""
    lost: bool
    """Whether delivery has been given up."""


def report_lines(reports: Iterable[Report], goobi: GoobiSettings, who: Principal) -> list[ReportLine]:
    """The rows of a page."""
    return [report_line(report, goobi, who) for report in reports]


def report_line(report: Report, goobi: GoobiSettings, who: Principal) -> ReportLine:
    """The row of a report. A callback without a process belongs to no installation."""
    answer = report.last_answer or ""
    settled = report.state in {ReportState.DELIVERED, ReportState.WITHDRAWN}
    return ReportLine(
        id=report.id,
        job=report.job,
        title=report.facts.title or report.job,
        plugin=report.facts.plugin,
        kind=report.kind,
        state=report.state,
        installation=goobi.name_of(report.installation) if report.goobi else None,
        process=report.goobi.process_id if report.goobi else None,
        created=report.created,
        attempts=report.attempts,
        next_try=report.next_try if report.state is ReportState.PENDING else None,
        delivered=report.delivered_at,
        answer=answer if len(answer) <= ANSWER_SHOWN else f"{answer[:ANSWER_SHOWN]}…",
        replayable=not settled and who.may(Right.OPERATE, report.facts.plugin),
        lost=report.state is ReportState.GIVEN_UP,
    )


class Health(StrEnum):
    """How deliveries to an installation are going."""

    WELL = "well"
    FAILING = "failing"
    """The last attempt failed."""
    UNUSED = "unused"
    """Nothing has been delivered yet."""


@dataclass(frozen=True, slots=True)
class InstallationLine:
    """One installation on the page."""

    view: InstallationView
    health: Health
    undelivered_capped: bool
    replayable: bool


def installation_lines(views: Sequence[InstallationView], who: Principal) -> list[InstallationLine]:
    """The installations, in the order of the settings."""
    may = who.may(Right.OPERATE) and who.unrestricted
    return [
        InstallationLine(
            view=view,
            health=_health(view),
            undelivered_capped=view.undelivered >= BACKLOG_LIMIT,
            replayable=may and view.undelivered > 0,
        )
        for view in views
    ]


def _health(view: InstallationView) -> Health:
    if view.last_failure is not None and (view.last_success is None or view.last_failure > view.last_success):
        return Health.FAILING
    return Health.WELL if view.last_success is not None else Health.UNUSED
