"""Finds a job by what the viewer calls it: its identifier, its record, a process id, or our job id."""

from collections.abc import Iterable

from taskmanager.model.access import Principal
from taskmanager.model.jobs import Job
from taskmanager.model.queries import PAGE_LIMIT, JobQuery
from taskmanager.ports.readers import JobReader
from taskmanager_gateway.access.plugin_scope import narrowed
from taskmanager_gateway.codes import problems
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.problems import UNKNOWN_JOB, ProblemError
from taskmanager_gateway.itm.overview import asked_job_type
from taskmanager_gateway.itm.references import IDENTIFIERS
from taskmanager_gateway.jobs.finder import is_job_id
from taskmanager_gateway.jobs.recent import Recent, accepted_job

LONGEST = 200
LARGEST = 2**63 - 1


class Identifiers:
    """Searches submissions just accepted and stored jobs, the newest first."""

    def __init__(self, reader: JobReader, recent: Recent) -> None:
        """The sources to search."""
        self._reader = reader
        self._recent = recent

    async def find(self, identifier: str, kind: str, who: Principal) -> Job:
        """The newest job with that identifier, preferring the given kind (`pdf`, `epub`).

        Only jobs of plugins within reach are considered. Raises ProblemError if there is none,
        StoreUnavailableError.
        """
        if 1 <= len(identifier) <= LONGEST and "\0" not in identifier:
            both = [*self._accepted(identifier), *await self._stored(identifier, who)]
            found = {job.id: job for job in both}  # a stored job replaces the accepted one
            known = [job for job in found.values() if _is_called(job, identifier) and who.sees(job.plugin)]
            if known:
                return next((job for job in known if _is_of_kind(job, kind)), known[0])
        detail = problems.UNKNOWN_IDENTIFIER(identifier=identifier[:80])
        raise ProblemError(UNKNOWN_JOB, detail)

    def _accepted(self, identifier: str) -> Iterable[Job]:
        return [accepted_job(submit) for submit in self._recent.containing(identifier)]

    async def _stored(self, identifier: str, who: Principal) -> list[Job]:
        if is_job_id(identifier) and (job := await from_store(self._reader.job(identifier))):
            return [job]
        plugins = narrowed(who, None)
        page = await from_store(
            self._reader.jobs(JobQuery(text=identifier, plugins=plugins, limit=PAGE_LIMIT))
        )
        found = list(page.jobs)
        if identifier.isascii() and identifier.isdigit() and int(identifier) <= LARGEST:
            query = JobQuery(process=int(identifier), plugins=plugins, limit=PAGE_LIMIT)
            found += (await from_store(self._reader.jobs(query))).jobs
        return found


def _is_called(job: Job, identifier: str) -> bool:
    kept = [
        values.get(name) for values in (job.spec.extra or {}, job.spec.parameters) for name in IDENTIFIERS
    ]
    process = str(job.spec.goobi.process_id) if job.spec.goobi else None
    return identifier in [job.id, process, *kept]


def _is_of_kind(job: Job, kind: str) -> bool:
    """By the `type` the newer viewer sends, else by the job type (`VIEWERPDF`) or the plugin's name."""
    sent = (job.spec.extra or {}).get("type") or job.spec.parameters.get("type")
    if isinstance(sent, str):
        return sent.lower() == kind
    return kind in (asked_job_type(job) or job.plugin).lower()
