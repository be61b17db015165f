"""What all pages show of all plugins, read at most every two seconds, however many readers look."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from taskmanager.figures import HourlyFigures
from taskmanager.ports import JobReader
from taskmanager_gateway.deadlines import from_store

T = TypeVar("T")

FRESH = timedelta(seconds=2)


class _Kept(Generic[T]):
    """The last answer to one question, asked by one reader for all."""

    def __init__(self, ask: Callable[[], Awaitable[T]]) -> None:
        self._ask = ask
        self._reading: asyncio.Task[T] | None = None
        self._until = float("-inf")

    async def get(self) -> T:
        """The answer; raises StoreUnavailableError, and then asks again the next time."""
        if self._reading is None or time.monotonic() > self._until or _failed(self._reading):
            self._until = time.monotonic() + FRESH.total_seconds()
            self._reading = asyncio.create_task(self._asked(), name="glance")
        return await asyncio.shield(self._reading)

    async def _asked(self) -> T:
        return await from_store(self._ask())


def _failed(task: "asyncio.Task[T]") -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


class Glances:
    """Longest waiting jobs and the figures of the last day."""

    def __init__(self, reader: JobReader) -> None:
        """`reader` is asked."""
        self._reader = reader
        self._oldest: dict[str, _Kept[datetime | None]] = {}
        self._hourly: dict[datetime, _Kept[Sequence[HourlyFigures]]] = {}

    async def oldest_waiting(self, plugins: Sequence[str]) -> Mapping[str, datetime | None]:
        """Since when the longest waiting job of each plugin waits; raises StoreUnavailableError."""
        found = await asyncio.gather(*(self._oldest_of(name).get() for name in plugins))
        return dict(zip(plugins, found, strict=True))

    async def hourly(self, since: datetime) -> Sequence[HourlyFigures]:
        """The figures of all plugins from that hour on; raises StoreUnavailableError."""
        if since not in self._hourly:
            if len(self._hourly) >= MOST_BEGINNINGS:
                self._hourly.pop(next(iter(self._hourly)))
            self._hourly[since] = _Kept(lambda: self._reader.hourly(since))
        return await self._hourly[since].get()

    def _oldest_of(self, plugin: str) -> _Kept[datetime | None]:
        if plugin not in self._oldest:
            self._oldest[plugin] = _Kept(lambda: self._reader.oldest_waiting(plugin))
        return self._oldest[plugin]


MOST_BEGINNINGS = 30
"""Readers of so many time zones have a midnight of their own."""
