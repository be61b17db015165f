"""Looks up what `wait_reasons` needs. A job is shown without an explanation rather than not at all."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.jobs import Job
from taskmanager.model.queries import IDS_LIMIT, JobQuery, Position, Sort
from taskmanager.model.states import Status, Tab
from taskmanager.model.waiting import PluginLoad
from taskmanager.ports.clock import Clock
from taskmanager.ports.readers import JobReader
from taskmanager.process.logs import get_logger
from taskmanager_gateway.http.deadlines import LOOKUP_TIME, from_store
from taskmanager_gateway.jobs.start_estimate import JUDGED_BY
from taskmanager_gateway.jobs.wait_reasons import Waiting, waiting_reason
from taskmanager_gateway.live.running_jobs import RunningJobs

WAITS = frozenset({Status.STARTED, Status.PAUSED})

log = get_logger(__name__)


class WaitReasonLookup:
    """Finds out why jobs wait."""

    def __init__(self, reader: JobReader, clock: Clock, running: RunningJobs) -> None:
        """`reader` reads the circumstances; `clock` and `running` are only needed for estimates."""
        self._reader, self._clock, self._running = reader, clock, running

    async def of_one(self, job: Job) -> Waiting | None:
        """Why the job waits, with its position; None if it is not waiting, or if that cannot be read now."""
        if job.status not in WAITS:
            return None
        around, position, ended, begun, before = await asyncio.gather(
            self._circumstances(job.plugin),
            self._position(job),
            self._ended(job),
            self._begun(job),
            self._before([job]),
        )
        known = around.get(job.plugin)
        if known is None:
            return None
        known = replace(known, ended=ended, begun=begun)
        return waiting_reason(job, known, position, self._clock.now(), before.get(job.follows or ""))

    async def of_page(self, jobs: Sequence[Job]) -> dict[str, Waiting]:
        """Why each of these jobs waits, without positions; jobs that are not waiting are left out."""
        waits = [job for job in jobs if job.status in WAITS]
        names = {job.plugin for job in waits}
        if not names:
            return {}
        one = names.pop() if len(names) == 1 else None
        around, before = await asyncio.gather(self._circumstances(one), self._before(waits))
        found = {
            job.id: waiting_reason(job, around[job.plugin], before=before.get(job.follows or ""))
            for job in waits
            if job.plugin in around
        }
        return {job_id: reason for job_id, reason in found.items() if reason is not None}

    async def _before(self, jobs: Sequence[Job]) -> Mapping[str, Status]:
        """The statuses of the jobs that these follow in their chains, as far as they can be read now."""
        wanted = [job.follows for job in jobs if job.follows is not None]
        if not wanted:
            return {}
        try:
            found = await from_store(self._reader.jobs_by_id(wanted), LOOKUP_TIME)
        except StoreUnavailableError as error:
            log.debug("chain_not_read", error=str(error))
            return {}
        return {job.id: job.status for job in found.values()}

    async def _position(self, job: Job) -> Position | None:
        if job.status is not Status.STARTED:
            return None
        try:
            return await from_store(self._reader.position(job), LOOKUP_TIME)
        except StoreUnavailableError as error:
            log.debug("position_not_counted", job=job.id, error=str(error))
            return None

    async def _ended(self, job: Job) -> Sequence[Job]:
        """The plugin's last jobs that are DONE; none if the job is not waiting for others to finish."""
        if job.status is not Status.STARTED:
            return ()
        query = JobQuery(plugin=job.plugin, tab=Tab.DONE, sort=Sort.FINISHED, limit=JUDGED_BY)
        try:
            return (await from_store(self._reader.jobs(query), LOOKUP_TIME)).jobs
        except StoreUnavailableError as error:
            log.debug("last_jobs_not_read", job=job.id, error=str(error))
            return ()

    async def _begun(self, job: Job) -> Sequence[datetime]:
        """When the plugin's running jobs began; none if the job is not waiting for others to finish."""
        if job.status is not Status.STARTED:
            return ()
        known = await self._running.of(job.plugin)
        try:
            found = await from_store(self._reader.jobs_by_id(known[:IDS_LIMIT]), LOOKUP_TIME)
        except StoreUnavailableError as error:
            log.debug("running_jobs_not_read", job=job.id, error=str(error))
            return ()
        running = (one for one in found.values() if one.status.running)
        return [one.started_at for one in running if one.started_at is not None]

    async def _circumstances(self, name: str | None) -> Mapping[str, PluginLoad]:
        """The load by plugin: of the named one, or of all."""
        reads = asyncio.gather(
            self._reader.plugins(),
            self._reader.statistics(name),
            self._reader.runners(name),
            self._reader.replica_sets(name),
        )
        try:
            plugins, statistics, runners, sets = await from_store(reads, LOOKUP_TIME)
        except StoreUnavailableError as error:
            log.debug("reasons_not_read", plugin=name, error=str(error))
            return {}
        running = {sums.plugin: sums.running for sums in statistics if sums.tab is Tab.QUEUE}
        return {
            plugin.name: PluginLoad(
                plugin,
                [runner for runner in runners if runner.plugin == plugin.name],
                running.get(plugin.name, 0),
                kept=[one for one in sets if one.plugin == plugin.name and one.heard],
            )
            for plugin in plugins
        }
