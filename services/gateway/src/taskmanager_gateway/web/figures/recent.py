"""The stored figures of the last days: read once for all readers, and not at every request."""

from collections.abc import Sequence
from datetime import timedelta

from taskmanager.model.hourly_figures import HourlyFigures
from taskmanager.ports.clock import Clock
from taskmanager.ports.readers import JobReader
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.single_flight import SingleFlightCache


class RecentFigures:
    """One read for each period, for the time that answers stay fresh."""

    def __init__(self, reader: JobReader, clock: Clock) -> None:
        """Reads when first asked."""
        self._reader, self._clock = reader, clock
        self._cache = SingleFlightCache[timedelta, Sequence[HourlyFigures]](self._load)

    async def of(self, span: timedelta) -> Sequence[HourlyFigures]:
        """The hours of all plugins since so long ago; raises StoreUnavailableError."""
        return await self._cache.get(span)

    async def _load(self, span: timedelta) -> Sequence[HourlyFigures]:
        return await from_store(self._reader.hourly(self._clock.now() - span))
