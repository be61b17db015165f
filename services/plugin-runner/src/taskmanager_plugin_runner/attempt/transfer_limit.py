"""Limits how many jobs may move files at the same time, so that uploads do not starve each other."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from taskmanager.errors import JobKilledError
from taskmanager.model.reasons.job_texts import attempt_texts
from taskmanager_plugin_runner.metrics import TRANSFERS_WAITING

T = TypeVar("T")


class TransferLimit:
    """The transfer permits of one runner."""

    def __init__(self, limit: int, plugin: str) -> None:
        """At most `limit` concurrent transfers."""
        self._permits = asyncio.Semaphore(limit)
        self._waiting = TRANSFERS_WAITING.labels(plugin)

    async def during(self, work: Callable[[], Awaitable[T]], interrupted: asyncio.Event) -> T:
        """Wait for a permit and do the work with it; raises JobKilledError if interrupted while waiting."""
        with self._waiting.track_inprogress():
            await self._acquire(interrupted)
        try:
            return await work()
        finally:
            self._permits.release()

    async def _acquire(self, interrupted: asyncio.Event) -> None:
        if not self._permits.locked():
            await self._permits.acquire()
            return
        acquiring = asyncio.create_task(self._permits.acquire())
        stopping = asyncio.create_task(interrupted.wait())
        try:
            await asyncio.wait({acquiring, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            if not acquiring.done():
                acquiring.cancel()
        if interrupted.is_set():
            if acquiring.done() and not acquiring.cancelled():
                self._permits.release()
            raise JobKilledError(attempt_texts.INTERRUPTED())
