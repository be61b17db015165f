"""Finds a job wherever it is: stored, or just accepted by any gateway."""

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
"""How long the news about a job that another gateway just accepted may take to arrive."""
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_job_id(text: str) -> bool:
    """Whether a text has the form of a job's id."""
    return _ID.fullmatch(text) is not None


class JobFinder:
    """Looks in the store first; a job that only the broker has is shown as accepted."""

    def __init__(self, reader: JobReader, recent: Recent, watchers: Watchers) -> None:
        """`reader` and `recent` are searched; `watchers` announce news."""
        self._reader = reader
        self._recent = recent
        self._watchers = watchers

    async def find(self, job_id: str, who: Principal) -> Job:
        """The job; raises ProblemError if it does not exist or is out of the caller's reach.

        Raises StoreUnavailableError if that cannot be determined.
        """
        if not is_job_id(job_id):
            raise _unknown(job_id)
        with self._watchers.watch(job_id) as news:
            found = await self._look(job_id)
            if found is None and await _in_time(news):
                found = await self._look(job_id)
        if found is None or not who.sees(found.plugin):
            raise _unknown(job_id)  # also for jobs out of reach: not even the plugin's name is revealed
        return found

    async def chain(self, job: Job, who: Principal) -> list[Job]:
        """The jobs of its chain in their order, without those that are out of the caller's reach or deleted.

        Raises StoreUnavailableError.
        """
        if not job.chain:
            return []
        stored = await from_store(self._reader.jobs_by_id(job.chain), READ_TIME)
        accepted = {one: submit for one in job.chain if (submit := self._recent.get(one))}
        found = {one: accepted_job(submit) for one, submit in accepted.items()} | dict(stored)
        return [found[one] for one in job.chain if one in found and who.sees(found[one].plugin)]

    async def _look(self, job_id: str) -> Job | None:
        """The stored or accepted job, or None; raises StoreUnavailableError if that cannot be determined.

        An accepted job is in memory, so a slow store is not waited for.
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
