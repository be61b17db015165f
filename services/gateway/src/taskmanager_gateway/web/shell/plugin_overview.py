"""All plugins with counts and runners, as the menu of every page shows them: read once for all readers."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.registry import InstalledPlugin, RunnerState
from taskmanager.model.replicas import ReplicaSet
from taskmanager.model.waiting import PluginLoad
from taskmanager.ports.readers import JobReader
from taskmanager.process.logs import get_logger
from taskmanager_gateway.http.deadlines import LOOKUP_TIME, from_store
from taskmanager_gateway.http.single_flight import SingleFlight
from taskmanager_gateway.plugins.views import PluginView

FRESH_SECONDS = 1.0
"""The maximum age of a menu, except after the reader's own commands."""

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Overview:
    """What was read; `current` is false while the database is unavailable and this is what was last known."""

    plugins: Sequence[PluginView] = ()
    runners: Sequence[RunnerState] = ()
    current: bool = False
    read_at: float = field(default_factory=time.monotonic)
    installed: Sequence[InstalledPlugin] = ()
    kept: Sequence[ReplicaSet] = ()
    """The runners that orchestrators keep."""
    dead_letters: int = 0

    @property
    def titles(self) -> dict[str, str]:
        """The titles of all plugins by name."""
        return {plugin.manifest.name: plugin.manifest.title for plugin in self.plugins}

    def plugin(self, name: str) -> PluginView | None:
        """The plugin of that name, or None."""
        return next((plugin for plugin in self.plugins if plugin.manifest.name == name), None)

    def in_language(self, language: str) -> "Overview":
        """The same with the plugins' titles in the language."""
        return replace(self, plugins=[_titled(plugin, language) for plugin in self.plugins])

    def around(self, name: str) -> PluginLoad | None:
        """What affects the plugin's waiting jobs; None if it is not installed."""
        view = self.plugin(name)
        installed = next((plugin for plugin in self.installed if plugin.name == name), None)
        if view is None or installed is None:
            return None
        runners = [runner for runner in self.runners if runner.plugin == name]
        kept = [one for one in self.kept if one.plugin == name and one.heard]
        return PluginLoad(installed, runners, view.still_running, kept=kept)


class Overviews:
    """Five small reads at a time, however many readers there are."""

    def __init__(self, reader: JobReader) -> None:
        """`reader` reads the plugins, counts and runners."""
        self._reader = reader
        self._last = Overview()
        self._reading = SingleFlight[Overview]("overview")

    async def read(self, *, fresh: bool = False) -> Overview:
        """The overview, at most `FRESH_SECONDS` old; with `fresh`, read after this call began.

        Without the database, the last one with `current` false.
        """
        if not fresh and self._last.current and time.monotonic() - self._last.read_at < FRESH_SECONDS:
            return self._last
        return await self._reading.get(self._read, anew=fresh)

    async def _read(self) -> Overview:
        begun = time.monotonic()
        reader = self._reader
        reads = asyncio.gather(
            reader.plugins(),
            reader.statistics(),
            reader.runners(),
            reader.replica_sets(),
            reader.dead_letter_count(),
        )
        try:
            plugins, statistics, runners, kept, letters = await from_store(reads, LOOKUP_TIME)
        except StoreUnavailableError as error:
            log.warning("overview_not_read", error=str(error))
            return replace(self._last, current=False, read_at=time.monotonic())
        views = [PluginView.of(plugin, statistics, runners, kept) for plugin in plugins]
        made = Overview(
            views,
            runners,
            current=True,
            read_at=begun,
            installed=plugins,
            kept=kept,
            dead_letters=letters,
        )
        if begun >= self._last.read_at or not self._last.current:
            self._last = made
        return made


def _titled(plugin: PluginView, language: str) -> PluginView:
    manifest = plugin.manifest
    title = manifest.title_in(language)
    return plugin if title == manifest.title else plugin.altered(manifest=manifest.altered(title=title))
