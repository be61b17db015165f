"""The files of a job's last attempt, for the API and the pages alike."""

from taskmanager.errors import CursorError
from taskmanager.model.access import Principal
from taskmanager.model.jobs import FileState, Job
from taskmanager.model.queries import FilePage, FileQuery
from taskmanager.ports.readers import JobReader
from taskmanager_gateway.codes import problems
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.problems import INVALID_CURSOR, ProblemError
from taskmanager_gateway.jobs.finder import JobFinder


class JobFiles:
    """Reads the files of a job."""

    def __init__(self, reader: JobReader, finder: JobFinder) -> None:
        """`reader` has the files; `finder` checks who may see the job."""
        self._reader, self._finder = reader, finder

    async def page(
        self, job_id: str, who: Principal, *, state: FileState | None, cursor: str | None, limit: int
    ) -> tuple[Job, FilePage]:
        """The job and a page of its files.

        Raises ProblemError for a job that is unknown or out of reach and for a cursor of another list, and
        StoreUnavailableError.
        """
        job = await self._finder.find(job_id, who)
        query = FileQuery(job=job.id, attempt=job.attempt, state=state, cursor=cursor, limit=limit)
        try:
            return job, await from_store(self._reader.files(query))
        except CursorError as error:
            detail = problems.STALE_CURSOR_OF_FILES()
            raise ProblemError(INVALID_CURSOR, detail) from error
