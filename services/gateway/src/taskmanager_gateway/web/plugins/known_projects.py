"""The projects that a plugin's jobs belong to: what the filter offers while somebody fills it in."""

from collections.abc import Sequence

from taskmanager.errors import StoreUnavailableError
from taskmanager.ports.readers import JobReader
from taskmanager.process.logs import get_logger
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.single_flight import SingleFlightCache

log = get_logger(__name__)


class KnownProjects:
    """Read for all readers together, every five seconds at most."""

    def __init__(self, reader: JobReader) -> None:
        """Reads when first asked."""
        self._projects = SingleFlightCache[str, Sequence[str]](reader.projects)

    async def of(self, plugin: str) -> Sequence[str]:
        """The projects of its last jobs; none if they cannot be read: any project can still be typed."""
        try:
            return await from_store(self._projects.get(plugin))
        except StoreUnavailableError as error:
            log.debug("projects_not_read", plugin=plugin, error=str(error))
            return ()
