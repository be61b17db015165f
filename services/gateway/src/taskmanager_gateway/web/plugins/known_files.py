"""Of how many jobs of a tab the files are known: of one that has not begun, nobody has counted them yet."""

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.states import Tab
from taskmanager.ports.readers import JobReader
from taskmanager.process.logs import get_logger
from taskmanager_gateway.http.deadlines import LOOKUP_TIME, from_store
from taskmanager_gateway.http.single_flight import SingleFlightCache
from taskmanager_gateway.plugins.views import TabView

EXAMINED_AT_MOST = 5_000
"""Jobs: that many are examined in 10 ms. No sum says of how many jobs it is."""

log = get_logger(__name__)


class KnownFiles:
    """Counts for all readers together, every five seconds at most."""

    def __init__(self, reader: JobReader) -> None:
        """`reader` counts."""
        self._counts = SingleFlightCache[tuple[str, Tab], int](lambda key: reader.with_files(*key))

    async def of(self, plugin: str, tab: Tab, sums: TabView) -> int | None:
        """How many jobs; None if counting them takes too long. Those that are done all have files."""
        if tab is Tab.DONE or not sums.jobs:
            return sums.jobs
        if sums.jobs > EXAMINED_AT_MOST:
            return None
        try:
            return await from_store(self._counts.get((plugin, tab)), LOOKUP_TIME)
        except StoreUnavailableError as error:
            log.debug("known_files_not_counted", plugin=plugin, error=str(error))
            return None
