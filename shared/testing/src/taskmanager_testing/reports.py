"""The reports of the stores in memory, with the full contract."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from taskmanager.errors import CursorError, StoreUnavailableError
from taskmanager.model.jobs import Job
from taskmanager.model.reports import (
    BACKLOG_LIMIT,
    REPLAY_LIMIT,
    Backlog,
    InstallationHealth,
    Replay,
    Report,
    ReportKind,
    ReportPage,
    ReportQuery,
    ReportState,
    Withdrawal,
)
from taskmanager.ports.report_store import Among

UNTOLD = {ReportState.PENDING, ReportState.GIVEN_UP}


class MemoryReports:
    """Implements `taskmanager.ports.report_store.ReportStore` over a dictionary it shares with a store."""

    def __init__(
        self,
        reports: dict[str, Report],
        away: Callable[[], bool] = lambda: False,
        jobs: Mapping[str, Job] = MappingProxyType({}),
    ) -> None:
        self.reports, self.jobs = reports, jobs
        self.health: dict[str, InstallationHealth] = {}
        self._away = away

    async def due(self, among: Among, *, now: datetime, limit: int) -> Sequence[Report]:
        """See the port."""
        self._answer()
        found = [one for one in self._pending(among) if one.next_try is not None and one.next_try <= now]
        return sorted(found, key=lambda one: (one.next_try or now, one.id))[:limit]

    async def pending_of(self, jobs: Sequence[str]) -> Sequence[Report]:
        """See the port."""
        self._answer()
        found = [one for one in self.reports.values() if one.job in jobs and one.state is ReportState.PENDING]
        return sorted(found, key=lambda one: (one.job, one.seq))

    async def traces(self, jobs: Sequence[str]) -> Mapping[str, str]:
        """See the port."""
        self._answer()
        found = {name: self.jobs[name].traceparent for name in jobs if name in self.jobs}
        return {name: trace for name, trace in found.items() if trace is not None}

    async def settle(self, report: Report) -> bool:
        """See the port."""
        self._answer()
        if self.reports[report.id].rev != report.rev - 1:
            return False
        self.reports[report.id] = report
        return True

    async def postpone(self, job: str, until: datetime) -> None:
        """See the port."""
        self._answer()
        for one in await self.pending_of([job]):
            later = max(one.next_try or until, until)
            self.reports[one.id] = one.model_copy(update={"next_try": later})

    async def note_health(self, health: InstallationHealth) -> None:
        """See the port."""
        self._answer()
        self.health[health.name] = health

    async def undelivered(self, among: Among) -> Backlog:
        """See the port."""
        self._answer()
        return backlog_of(self.reports.values(), among)

    def _pending(self, among: Among) -> list[Report]:
        return [
            one for one in self.reports.values() if one.state is ReportState.PENDING and _within(one, among)
        ]

    def _answer(self) -> None:
        if self._away():
            raise StoreUnavailableError("MongoDB: no primary")


def _within(report: Report, among: Among) -> bool:
    return (report.installation in among.names) is not among.others


def backlog_of(reports: Iterable[Report], among: Among) -> Backlog:
    """The backlog, counted as the database does."""
    own = [one for one in reports if _within(one, among)]
    pending = [one for one in own if one.state is ReportState.PENDING]
    given_up = sum(one.state is ReportState.GIVEN_UP for one in own)
    return Backlog(
        pending=min(len(pending), BACKLOG_LIMIT),
        capped=len(pending) >= BACKLOG_LIMIT,
        given_up=min(given_up, BACKLOG_LIMIT),
        oldest=min((one.created for one in pending), default=None),
    )


def replayed(reports: Iterable[Report], replay: Replay) -> list[Report]:
    """The reports a replay changes, as changed."""
    meant = [one for one in reports if _is_meant(one, replay)]
    again = {"state": ReportState.PENDING, "since": replay.at, "next_try": replay.at}
    oldest = sorted(meant, key=lambda one: (one.created, one.id))[:REPLAY_LIMIT]
    return [one.model_copy(update={**again, "rev": one.rev + 1}) for one in oldest]


def _is_meant(report: Report, replay: Replay) -> bool:
    if replay.report is not None:
        return report.id == replay.report and report.state in UNTOLD
    return report.state is ReportState.GIVEN_UP and report.installation in replay.installations


def withdrawn(reports: Iterable[Report], withdrawal: Withdrawal) -> list[Report]:
    """The reports a withdrawal changes, as changed."""
    gone = {"state": ReportState.WITHDRAWN, "next_try": None, "withdrawn_at": withdrawal.at}
    return [
        one.model_copy(update={**gone, "rev": one.rev + 1})
        for one in reports
        if one.job == withdrawal.job
        and one.seq < withdrawal.below
        and one.kind is ReportKind.ERROR_STEP
        and one.state in UNTOLD
    ]


def page_of(reports: Iterable[Report], query: ReportQuery) -> ReportPage:
    """The page, newest first; cursors are ids."""
    found = [
        one
        for one in reports
        if (query.state is None or one.state is query.state)
        and (query.kind is None or one.kind is query.kind)
        and (query.job is None or one.job == query.job)
        and (query.installations is None or one.installation in query.installations)
    ]
    ordered = sorted(found, key=lambda one: (one.created, one.id), reverse=True)
    start = 0
    if query.cursor is not None:
        start = next((number for number, one in enumerate(ordered, 1) if one.id == query.cursor), -1)
        if start < 0:
            raise CursorError("cursor is not one of this list: take it from next_cursor")
    shown = ordered[start : start + query.limit]
    more = len(ordered) > start + query.limit
    return ReportPage(reports=tuple(shown), next_cursor=shown[-1].id if more else None)
