"""The installed plugins, cached so that submissions are accepted even if the database is unavailable."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.access import Principal
from taskmanager.model.registry import InstalledPlugin
from taskmanager.ports.readers import JobReader
from taskmanager.process.logs import get_logger
from taskmanager_gateway.codes import problems
from taskmanager_gateway.http.deadlines import LOOKUP_TIME, from_store
from taskmanager_gateway.http.problems import PLUGINS_UNKNOWN, UNKNOWN_PLUGIN, ProblemError
from taskmanager_gateway.http.single_flight import SingleFlight
from taskmanager_gateway.metrics import STORE_UP, begin_plugin
from taskmanager_gateway.plugins.parameter_schema import ParameterSchema

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class KnownPlugin:
    """An installed plugin with its compiled parameter schema."""

    installed: InstalledPlugin
    schema: ParameterSchema

    @classmethod
    def of(cls, plugin: InstalledPlugin, before: "KnownPlugin | None") -> "KnownPlugin":
        """Build from `plugin`, reusing the schema of `before` unless it has changed."""
        declared = plugin.manifest.parameters
        if before is not None and before.installed.manifest.parameters == declared:
            return cls(plugin, before.schema)
        return cls(plugin, ParameterSchema(plugin.name, declared))


class PluginCatalogue:
    """Caches the installed plugins."""

    def __init__(self, reader: JobReader) -> None:
        """Empty until they have been read for the first time."""
        self._reader = reader
        self._plugins: dict[str, KnownPlugin] | None = None
        self._wanted = asyncio.Event()
        self._refreshing = SingleFlight[None]("plugins")

    def check(self) -> str | None:
        """Why submissions cannot be accepted; None if they can."""
        return (
            None if self._plugins is not None else "the list of plugins was never read: the database is away"
        )

    def refresh_soon(self) -> None:
        """Request a refresh: the plugins have changed, or may have."""
        self._wanted.set()

    async def find(self, name: str, who: Principal) -> KnownPlugin:
        """The plugin; an unknown one is looked up once more.

        Raises ProblemError, which names the plugins within the caller's reach.
        """
        known = (self._plugins or {}).get(name)
        if known is None:
            await self._look_again()
            known = self._known().get(name)
        if known is None:
            names = sorted(filter(who.sees, self._known()))
            told = problems.UNKNOWN_PLUGIN(plugin=name, known=", ".join(names) or None)
            raise ProblemError(UNKNOWN_PLUGIN, told, known=names)
        return known

    def last_read(self, name: str) -> KnownPlugin | None:
        """The plugin, if it is known without asking the database; can be called from any thread."""
        return (self._plugins or {}).get(name)

    async def installed(self, *, again: bool = False) -> Sequence[KnownPlugin]:
        """All plugins as last read or, with `again`, read now if the database answers in time.

        Raises ProblemError if they have never been read.
        """
        if again or self._plugins is None:
            await self._look_again()
        return list(self._known().values())

    def _known(self) -> dict[str, KnownPlugin]:
        if self._plugins is None:
            raise ProblemError(PLUGINS_UNKNOWN, problems.PLUGINS_NOT_READ())
        return self._plugins

    async def _look_again(self) -> None:
        try:
            await from_store(self._refreshing.get(self.refresh), LOOKUP_TIME)
        except StoreUnavailableError as error:
            log.debug("plugins_not_refreshed", error=str(error))

    async def refresh(self) -> None:
        """Read all plugins; raises StoreUnavailableError."""
        try:
            installed = await from_store(self._reader.plugins())
        except StoreUnavailableError:
            STORE_UP.set(0)
            raise
        STORE_UP.set(1)
        for plugin in installed:
            begin_plugin(plugin.name)
        before = self._plugins or {}
        self._plugins = {plugin.name: KnownPlugin.of(plugin, before.get(plugin.name)) for plugin in installed}

    async def run_once(self) -> None:
        """Read all plugins if the database is available."""
        self._wanted.clear()
        try:
            await self.refresh()
        except StoreUnavailableError as error:
            log.warning("plugins_not_read", error=str(error))

    async def run(self, stop: asyncio.Event, interval: timedelta) -> None:
        """Read the plugins at every interval and whenever a change was reported."""
        while not stop.is_set():
            await self.run_once()
            await _first(stop, self._wanted, interval)


async def _first(stop: asyncio.Event, wanted: asyncio.Event, interval: timedelta) -> None:
    waits = {asyncio.create_task(stop.wait()), asyncio.create_task(wanted.wait())}
    try:
        await asyncio.wait(waits, timeout=interval.total_seconds(), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
