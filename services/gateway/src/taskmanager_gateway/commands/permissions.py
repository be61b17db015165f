"""Looks up which plugin something belongs to, and checks whether that is within the caller's reach.

If the plugin cannot be looked up, a caller restricted to some plugins is refused: nothing is guessed.
"""

from collections.abc import Sequence
from datetime import timedelta

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.access import Principal
from taskmanager.model.reports import Report
from taskmanager.ports.readers import JobReader
from taskmanager_gateway.access.plugin_scope import allow_all, reaches
from taskmanager_gateway.codes import access, problems
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.problems import UNKNOWN_OPERATION, UNKNOWN_REPORT, UNKNOWN_RUNNER, ProblemError
from taskmanager_gateway.jobs.finder import JobFinder

CHECK_TIME = timedelta(milliseconds=800)
"""What is looked up beforehand is skipped if the database is slower: together with publishing it must stay
below the two seconds a client waits at most to learn that the broker is unavailable."""


class Permissions:
    """Looks up which plugin something belongs to; every method may raise StoreUnavailableError."""

    def __init__(self, reader: JobReader, finder: JobFinder) -> None:
        """The sources for looking up."""
        self._reader, self._finder = reader, finder

    async def job(self, job: str, who: Principal) -> None:
        """Raise ProblemError if the job is out of reach; for callers who reach all, nothing is looked up."""
        if not who.unrestricted:
            await self._finder.find(job, who)

    async def reports(self, reports: Sequence[Report], who: Principal) -> Sequence[Report]:
        """The reports about jobs within reach."""
        if who.unrestricted:
            return reports
        jobs = await from_store(self._reader.jobs_by_id(sorted({report.job for report in reports})))
        return [report for report in reports if report.job in jobs and who.sees(jobs[report.job].plugin)]

    async def runner(self, name: str, who: Principal) -> None:
        """Raise ProblemError if the runner is unknown or out of reach."""
        runners = await from_store(self._reader.runners())
        known = next((runner for runner in runners if runner.id == name), None)
        if known is None or not who.sees(known.plugin):
            raise ProblemError(UNKNOWN_RUNNER, problems.NO_RUNNER(runner=name[:80]))

    async def operation(self, name: str, who: Principal) -> None:
        """Raise ProblemError if the operation is unknown or covers jobs out of reach."""
        operation = await from_store(self._reader.operation(name))
        if operation is None:
            raise ProblemError(UNKNOWN_OPERATION, problems.NO_OPERATION(operation=name[:80]))
        if not reaches(who, operation.filter):
            allow_all(who, access.THE_OPERATION())

    async def report(self, report_id: str, who: Principal) -> None:
        """Raise ProblemError if the report is unknown or about a job out of reach."""
        report = await from_store(self._reader.report(report_id))
        if report is None:
            raise ProblemError(UNKNOWN_REPORT, problems.NO_REPORT(report=report_id[:100]))
        await self.job(report.job, who)

    async def plugin_of_job(self, job: str, who: Principal) -> str | None:
        """The plugin of a job within reach; None if it cannot be looked up. Raises ProblemError."""
        try:
            return (await from_store(self._finder.find(job, who), CHECK_TIME)).plugin
        except StoreUnavailableError:
            return None

    async def plugin_of_runner(self, name: str) -> str | None:
        """The plugin of a runner; None if there is none of this name. Raises StoreUnavailableError."""
        runners = await from_store(self._reader.runners(), CHECK_TIME)
        return next((runner.plugin for runner in runners if runner.id == name), None)

    async def plugin_of_operation(self, name: str) -> str | None:
        """The plugin an operation is limited to; None if it is not, or if it cannot be looked up."""
        try:
            operation = await from_store(self._reader.operation(name), CHECK_TIME)
        except StoreUnavailableError:
            return None
        return operation.filter.plugin if operation else None
