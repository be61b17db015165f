"""What the home page reads in addition to the overview: once for all readers, and not at every change."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.hourly_figures import HourlyFigures
from taskmanager.model.reports import Backlog
from taskmanager.model.states import Status
from taskmanager.ports.clock import Clock
from taskmanager.ports.readers import JobReader
from taskmanager.process.logs import get_logger
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.single_flight import SingleFlight
from taskmanager_gateway.plugins.views import PluginView

FRESH_SECONDS = 2.0
"""The maximum age of a summary."""
BACK = timedelta(hours=26)
"""A day of 25 hours, and the hour in which it began."""

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class HomeSummary:
    """The figures of the last day, since when jobs wait by plugin, and the reports Goobi does not have.

    `current` is false while the database is unavailable.
    """

    figures: Sequence[HourlyFigures] = ()
    oldest: Mapping[str, datetime] = field(default_factory=dict)
    backlog: Backlog = field(default_factory=Backlog)
    current: bool = False


class HomeSummaries:
    """Two reads, and a small one for each plugin with waiting jobs, however many readers there are."""

    def __init__(self, reader: JobReader, installations: Sequence[str], clock: Clock) -> None:
        """`installations`: the names of all configured Goobi installations."""
        self._reader, self._clock = reader, clock
        self._installations = (*installations, None)
        self._last = HomeSummary()
        self._read_at = float("-inf")
        self._reading = SingleFlight[HomeSummary]("home_summary")

    async def read(self, plugins: Sequence[PluginView]) -> HomeSummary:
        """A summary for these plugins, at most `FRESH_SECONDS` old; without the database, the last one."""
        if time.monotonic() - self._read_at < FRESH_SECONDS:
            return self._last
        waiting = [one.manifest.name for one in plugins if one.statuses[Status.STARTED]]
        return await self._reading.get(partial(self._read_anew, waiting))

    async def _read_anew(self, waiting: Sequence[str]) -> HomeSummary:
        self._last = await self._read(waiting)
        self._read_at = time.monotonic()
        return self._last

    async def _read(self, waiting: Sequence[str]) -> HomeSummary:
        reads = asyncio.gather(
            self._reader.hourly(self._clock.now() - BACK),
            self._reader.backlog(self._installations),
            asyncio.gather(*map(self._reader.oldest_waiting, waiting)),
        )
        try:
            figures, backlog, moments = await from_store(reads)
        except StoreUnavailableError as error:
            log.warning("glance_not_read", error=str(error))
            return HomeSummary(self._last.figures, self._last.oldest, self._last.backlog)
        oldest = {name: at for name, at in zip(waiting, moments, strict=True) if at is not None}
        return HomeSummary(figures, oldest, backlog, current=True)
