"""Finds a job wherever it is: stored, or accepted a moment ago by any gateway."""

import asyncio
import re
from datetime import timedelta

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.access import Principal
from taskmanager.model.jobs import Job
from taskmanager.ports.readers import JobReader
from taskmanager_gateway.codes import problems
from taskmanager_gateway.http.deadlines import LOOKUP_TIME, READ_TIME, from_store
from taskmanager_gateway.http.problems import UNKNOWN_JOB, ProblemError
from taskmanager_gateway.jobs.recent import Recent, accepted_job
from taskmanager_gateway.live.hub import Watchers

PATIENCE = timedelta(milliseconds=500)
"""How long news of a job that another gateway just accepted may be under way."""
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_job_id(text: str) -> bool:
    """Whether a text has the form of a job's id."""
    return _ID.fullmatch(text) is not None


class JobFinder:
    """Looks in the store first; what only the broker has is shown as accepted."""

    def __init__(self, reader: JobReader, recent: Recent, watchers: Watchers) -> None:
        """Where to look, and who tells of news."""
        self._reader = reader
        self._recent = recent
        self._watchers = watchers

    async def find(self, job_id: str, who: Principal) -> Job:
        """The job; raises ProblemError if there is none or it is out of reach of who asks.

        Raises StoreUnavailableError if that cannot be known.
        """
        if not is_job_id(job_id):
            raise _unknown(job_id)
        with self._watchers.watch(job_id) as news:
            found = await self._look(job_id)
            if found is None and await _in_time(news):
                found = await self._look(job_id)
        if found is None or not who.sees(found.plugin):
            raise _unknown(job_id)  # also out of reach: not even the name of its plugin is told
        return found

    async def _look(self, job_id: str) -> Job | None:
        """Stored or accepted; raises StoreUnavailableError if neither can be known.

        An accepted job is at hand, so a slow store is not waited for.
        """
        submit = self._recent.get(job_id)
        try:
            stored = await from_store(self._reader.job(job_id), LOOKUP_TIME if submit else READ_TIME)
        except StoreUnavailableError:
            if submit is None:
                raise
            return accepted_job(submit)
        submit = submit or self._recent.get(job_id)
        return stored or (accepted_job(submit) if submit else None)


async def _in_time(news: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            return await news.wait()
    except TimeoutError:
        return False


def _unknown(job_id: str) -> ProblemError:
    detail = problems.UNKNOWN_JOB(job=job_id[:80])
    return ProblemError(UNKNOWN_JOB, detail)
