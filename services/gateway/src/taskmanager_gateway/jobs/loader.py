"""Looks up jobs by id, with one read of the database for all concurrent callers."""

import asyncio

from taskmanager.model.jobs import Job
from taskmanager.ports.readers import JobReader
from taskmanager_gateway.http.deadlines import LOOKUP_TIME, from_store


class JobLoader:
    """One read at a time; later callers share the next: a read for each takes half a submission's time."""

    def __init__(self, reader: JobReader) -> None:
        """`reader` reads the jobs."""
        self._reader = reader
        self._wanted: dict[str, asyncio.Future[Job | None]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def load(self, job_id: str) -> Job | None:
        """The stored job, or None; raises StoreUnavailableError, also after `LOOKUP_TIME`."""
        future = self._wanted.get(job_id)
        if future is None:
            future = self._wanted[job_id] = asyncio.get_running_loop().create_future()
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read(), name="look jobs up")
        return await from_store(asyncio.shield(future), LOOKUP_TIME)

    async def _read(self) -> None:
        while self._wanted:
            wanted, self._wanted = self._wanted, {}
            try:
                found = await from_store(self._reader.jobs_by_id(list(wanted)), LOOKUP_TIME)
            except Exception as error:  # noqa: BLE001 - passed on to the callers, whatever it is
                _fail(wanted, error)
                continue
            for job_id, future in wanted.items():
                future.set_result(found.get(job_id))


def _fail(wanted: dict[str, "asyncio.Future[Job | None]"], error: Exception) -> None:
    for future in wanted.values():
        future.set_exception(error)
        future.exception()  # mark as retrieved: the callers may have been cancelled
