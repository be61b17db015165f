"""Time according to the database's clock.

A lease then means the same to every scheduler, whatever its own clock says.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta

from taskmanager.errors import StoreUnavailableError
from taskmanager.ports.store import Store
from taskmanager.process.clock import whole_milliseconds
from taskmanager.process.lifecycle import pause
from taskmanager.process.logs import get_logger

REFRESH = timedelta(seconds=10)

log = get_logger(__name__)


class DatabaseClock:
    """Reads the database's clock periodically and extrapolates with the monotonic clock in between."""

    def __init__(self, store: Store) -> None:
        """Call `refresh` once before the first call of `now`."""
        self._store = store
        self._base = datetime.fromtimestamp(0, UTC)
        self._read_at = 0.0

    def now(self) -> datetime:
        """See `taskmanager.ports.clock.Clock`."""
        return whole_milliseconds(self._base + timedelta(seconds=time.monotonic() - self._read_at))

    async def refresh(self) -> None:
        """Read the database's clock; raises StoreUnavailableError."""
        asked = time.monotonic()
        moment = await self._store.time()
        answered = time.monotonic()
        self._base, self._read_at = moment, (asked + answered) / 2

    async def run(self, stop: asyncio.Event) -> None:
        """Refresh until `stop`; while the database is unavailable, the clock keeps running."""
        while not await pause(stop, REFRESH):
            try:
                await self.refresh()
            except StoreUnavailableError as error:
                log.warning("database_clock_not_refreshed", error=str(error))
