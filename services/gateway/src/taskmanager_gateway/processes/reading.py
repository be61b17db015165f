"""Reads a process's jobs, and finds processes by words, for the API and the pages alike."""

from collections.abc import Sequence
from dataclasses import dataclass

from taskmanager.errors import CursorError
from taskmanager.goobi.settings import GoobiSettings
from taskmanager.model.access import Principal
from taskmanager.model.jobs import GoobiReference, Job
from taskmanager.model.queries import PAGE_LIMIT, JobPage, JobQuery, ProcessQuery
from taskmanager.ports.readers import JobReader
from taskmanager_gateway.access.plugin_scope import narrowed
from taskmanager_gateway.codes import faults, problems
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.problems import (
    INVALID_CURSOR,
    INVALID_REQUEST,
    FieldError,
    ProblemError,
    field_problem,
)

SEARCHED = PAGE_LIMIT
"""How many jobs, the newest that match, are put together to processes."""


@dataclass(frozen=True, slots=True)
class FoundProcess:
    """A process among the jobs that a search has found: its newest one, and how many were found."""

    reference: GoobiReference
    newest: Job
    jobs: int


class ProcessReading:
    """Reads within a caller's reach; methods raise StoreUnavailableError."""

    def __init__(self, reader: JobReader, goobi: GoobiSettings) -> None:
        """`goobi` says which installation is meant by jobs that name none."""
        self._reader, self._goobi = reader, goobi

    def names(self, installation: str | None) -> tuple[str | None, ...]:
        """The names under which jobs refer to an installation; None: the default one."""
        default = self._goobi.name_of(None)
        if installation is None or installation == default:
            return (None,) if default is None else (None, default)
        return (installation,)

    async def page(self, query: ProcessQuery, who: Principal) -> JobPage:
        """One page of the process's jobs, newest first; raises ProblemError for an invalid cursor."""
        if "\0" in (query.cursor or ""):
            raise field_problem(INVALID_REQUEST, [FieldError.of("cursor", faults.NUL())])
        try:
            within = query.model_copy(update={"plugins": narrowed(who, None)})
            return await from_store(self._reader.jobs_of_process(within))
        except CursorError as error:
            raise ProblemError(INVALID_CURSOR, problems.STALE_CURSOR()) from error

    async def search(self, text: str, who: Principal) -> Sequence[FoundProcess]:
        """Processes with jobs whose title or process title has words that begin so, the newest job first."""
        query = JobQuery(text=text, plugins=narrowed(who, None), limit=SEARCHED)
        found = await from_store(self._reader.jobs(query))
        return self._put_together(found.jobs)

    def _put_together(self, jobs: Sequence[Job]) -> list[FoundProcess]:
        """`jobs` come newest first."""
        known: dict[tuple[str | None, int], list[Job]] = {}
        for job in jobs:
            if (goobi := job.spec.goobi) is not None:
                key = (self._goobi.name_of(goobi.installation), goobi.process_id)
                known.setdefault(key, []).append(job)
        return [
            FoundProcess(reference=reference, newest=found[0], jobs=len(found))
            for found in known.values()
            if (reference := found[0].spec.goobi) is not None
        ]
