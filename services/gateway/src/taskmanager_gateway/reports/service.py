"""What Goobi is told: reading reports and replaying them, for the API and the pages alike."""

import asyncio
from collections.abc import Sequence

from taskmanager.errors import CursorError
from taskmanager.goobi.settings import GoobiSettings
from taskmanager.messages import ReplayReports
from taskmanager.model.access import Principal
from taskmanager.model.reports import InstallationHealth, Report, ReportPage, ReportQuery, ReportState
from taskmanager.ports.clock import Clock
from taskmanager.ports.readers import JobReader
from taskmanager_gateway.access.plugin_scope import allow_all
from taskmanager_gateway.codes import access, faults, problems
from taskmanager_gateway.commands.permissions import Permissions
from taskmanager_gateway.commands.service import Author, CommandDone, CommandPending, CommandService
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.problems import (
    INVALID_CURSOR,
    INVALID_REQUEST,
    NOT_POSSIBLE,
    UNKNOWN_REPORT,
    FieldError,
    ProblemError,
    field_problem,
)
from taskmanager_gateway.reports.views import InstallationView


class ReportService:
    """Reads reports and installations, and replays reports. Every method may raise StoreUnavailableError."""

    def __init__(
        self,
        reader: JobReader,
        permissions: Permissions,
        commanding: CommandService,
        goobi: GoobiSettings,
        clock: Clock,
    ) -> None:
        """`goobi` names the configured installations."""
        self._reader, self._permissions, self._commanding = reader, permissions, commanding
        self._goobi, self._clock = goobi, clock

    def names(self, installation: str) -> tuple[str | None, ...]:
        """The names jobs use for this installation, which need not be configured any more."""
        default = self._goobi.name_of(None) == installation
        return (installation, None) if default else (installation,)

    async def page(self, query: ReportQuery, who: Principal) -> ReportPage:
        """One page, without what is out of reach; raises ProblemError for an invalid cursor."""
        if "\0" in (query.cursor or ""):
            raise field_problem(INVALID_REQUEST, [FieldError.of("cursor", faults.NUL())])
        try:
            found = await from_store(self._reader.reports(query))
        except CursorError as error:
            raise ProblemError(INVALID_CURSOR, problems.STALE_CURSOR()) from error
        seen = await self._permissions.reports(found.reports, who)
        return ReportPage(reports=tuple(seen), next_cursor=found.next_cursor)

    async def find(self, report: str, who: Principal) -> Report:
        """The report; raises ProblemError if it does not exist, or if its job is out of reach."""
        found = None if "\0" in report else await from_store(self._reader.report(report))
        if found is None:
            raise ProblemError(UNKNOWN_REPORT, problems.NO_REPORT(report=report[:100]))
        await self._permissions.job(found.job, who)
        return found

    async def installations(self, who: Principal) -> Sequence[InstallationView]:
        """Every configured installation; raises ProblemError for callers restricted to some plugins."""
        allow_all(who, access.TOLD_TO_INSTALLATION())
        known = {one.name: one for one in await from_store(self._reader.installations_health())}
        return await asyncio.gather(*(self._installation(name, known) for name in self._goobi.installations))

    async def _installation(self, name: str, known: dict[str, InstallationHealth]) -> InstallationView:
        return InstallationView.of(
            name,
            self._goobi.installations[name],
            await from_store(self._reader.backlog(self.names(name))),
            known.get(name, InstallationHealth(name=name)),
            self._clock.now(),
            default=name == self._goobi.name_of(None),
        )

    async def replay(self, report: str, author: Author) -> CommandDone | CommandPending:
        """Deliver one report from now on; raises ProblemError if Goobi has it already or must not get it."""
        found = await self.find(report, author.principal)
        if found.state is ReportState.DELIVERED:
            raise ProblemError(NOT_POSSIBLE, problems.DELIVERED_ALREADY())
        if found.state is ReportState.WITHDRAWN:
            raise ProblemError(NOT_POSSIBLE, problems.UNTRUE_BY_NOW())
        return await self._commanding.command(ReplayReports(report=report), author)

    async def replay_all(self, installation: str, author: Author) -> CommandDone | CommandPending:
        """Deliver all undelivered reports of an installation from now on, the oldest 10,000 of them."""
        order = ReplayReports(installations=self.names(installation))
        return await self._commanding.command(order, author)
