"""Whether somebody may give an order, as far as that needs a look at what the order is about.

Somebody who is restricted to some plugins is refused what cannot be looked up: nothing is guessed.
"""

from collections.abc import Sequence
from typing import get_args

from taskmanager.messages import (
    AccessOrder,
    EndSession,
    EndSessions,
    JobCommand,
    PluginCommand,
    ReplayReports,
    RunnerCommand,
    SendMessage,
    SetPassword,
    StartOperation,
    StopOperation,
)
from taskmanager.model.access import Principal, Right
from taskmanager.model.reports import Report
from taskmanager.ports.readers import JobReader
from taskmanager_gateway.access.plugin_scope import allow, allow_all, allow_right, forbidden, reaches
from taskmanager_gateway.codes import access, problems
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.problems import UNKNOWN_OPERATION, UNKNOWN_REPORT, UNKNOWN_RUNNER, ProblemError
from taskmanager_gateway.jobs.finder import JobFinder

JobOrder = (
    JobCommand | PluginCommand | RunnerCommand | StartOperation | StopOperation | SendMessage | ReplayReports
)
Order = JobOrder | AccessOrder


class Permissions:
    """Looks up which plugin something belongs to; every call may raise StoreUnavailableError."""

    def __init__(self, reader: JobReader, finder: JobFinder) -> None:
        """Where to look."""
        self._reader, self._finder = reader, finder

    async def check(self, order: Order, who: Principal) -> None:
        """Raise ProblemError (403) if the order may not be given."""
        if isinstance(order, get_args(AccessOrder)):
            _check_access(order, who)
            return
        allow_right(who, Right.OPERATE)
        if isinstance(order, PluginCommand):
            allow(who, order.plugin)
        elif not who.unrestricted:
            await self._check_restricted(order, who)

    async def job(self, job: str, who: Principal) -> None:
        """Raise ProblemError if the job is out of reach; nothing is looked up for who reaches all."""
        if not who.unrestricted:
            await self._finder.find(job, who)

    async def reports(self, reports: Sequence[Report], who: Principal) -> Sequence[Report]:
        """Those about jobs within reach."""
        if who.unrestricted:
            return reports
        jobs = await from_store(self._reader.jobs_by_id(sorted({report.job for report in reports})))
        return [report for report in reports if report.job in jobs and who.sees(jobs[report.job].plugin)]

    async def _check_restricted(self, order: Order, who: Principal) -> None:
        match order:
            case JobCommand() | SendMessage():
                await self.job(order.job, who)
            case RunnerCommand():
                await self._runner(order.runner, who)
            case StartOperation():
                if not reaches(who, order.filter):
                    allow_all(who, access.THE_OPERATION())
            case StopOperation():
                await self._operation(order.operation, who)
            case ReplayReports():
                await self._replay(order, who)

    async def _runner(self, name: str, who: Principal) -> None:
        runners = await from_store(self._reader.runners())
        known = next((runner for runner in runners if runner.id == name), None)
        if known is None or not who.sees(known.plugin):
            raise ProblemError(UNKNOWN_RUNNER, problems.NO_RUNNER(runner=name[:80]))

    async def _operation(self, name: str, who: Principal) -> None:
        operation = await from_store(self._reader.operation(name))
        if operation is None:
            raise ProblemError(UNKNOWN_OPERATION, problems.NO_OPERATION(operation=name[:80]))
        if not reaches(who, operation.filter):
            allow_all(who, access.THE_OPERATION())

    async def _replay(self, order: ReplayReports, who: Principal) -> None:
        if order.report is None:
            allow_all(who, access.REPLAY_OF_ALL())
            return
        report = await from_store(self._reader.report(order.report))
        if report is None:
            raise ProblemError(UNKNOWN_REPORT, problems.NO_REPORT(report=order.report[:100]))
        await self.job(report.job, who)


def _check_access(order: Order, who: Principal) -> None:
    """Everybody may change their own password and end their own sessions; the rest is for admins of all."""
    own = {SetPassword: "name", EndSessions: "name", EndSession: "user"}.get(type(order))
    if own is not None and getattr(order, own) == who.name:
        return
    allow_right(who, Right.ADMIN)
    if not who.unrestricted:
        raise forbidden(access.ALL_USERS, who)
