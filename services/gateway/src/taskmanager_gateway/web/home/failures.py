"""How many jobs are in error, counted from a moment that the reader has chosen."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.states import Status
from taskmanager.ports.readers import JobReader
from taskmanager.process.logs import get_logger
from taskmanager_gateway.http.deadlines import LOOKUP_TIME, from_store
from taskmanager_gateway.plugins.views import PluginView

FRESH_SECONDS = 1.0
KEPT = 100
"""Moments whose counts are remembered; most readers count from the same one."""

log = get_logger(__name__)


class FailureCounts:
    """A small count for each plugin with jobs in error, shared by readers who count from the same moment."""

    def __init__(self, reader: JobReader) -> None:
        """`reader` counts."""
        self._reader = reader
        self._known: OrderedDict[datetime, tuple[float, Mapping[str, int] | None]] = OrderedDict()

    async def since(self, moment: datetime | None, plugins: Sequence[PluginView]) -> Mapping[str, int]:
        """By plugin, the jobs in error that ended after the moment, or all.

        At most `FRESH_SECONDS` old; empty if they cannot be read quickly.
        """
        in_error = {one.manifest.name: one.statuses[Status.ERROR] for one in plugins}
        if moment is None:
            return in_error
        read_at, counts = self._known.get(moment, (float("-inf"), None))
        if time.monotonic() - read_at >= FRESH_SECONDS:
            counts = await self._count(moment, [name for name, jobs in in_error.items() if jobs])
        return {} if counts is None else dict.fromkeys(in_error, 0) | dict(counts)

    async def _count(self, moment: datetime, asked: Sequence[str]) -> Mapping[str, int] | None:
        began = time.monotonic()
        reads = asyncio.gather(*(self._reader.failed_since(name, moment) for name in asked))
        try:
            found = await from_store(reads, LOOKUP_TIME)
        except StoreUnavailableError as error:
            log.debug("failures_not_counted", error=str(error))
            return None
        counts = dict(zip(asked, found, strict=True))
        self._known[moment] = began, counts
        if len(self._known) > KEPT:
            self._known.popitem(last=False)
        return counts
