"""Finds the plugin for a job type of ITM: from the table in the settings first, then from the manifests."""

from collections.abc import Mapping, Sequence

from taskmanager.goobi.job_types import JobType, find_job_type
from taskmanager.model.access import Principal
from taskmanager_gateway.codes import problems
from taskmanager_gateway.http.problems import UNKNOWN_JOB_TYPE, ProblemError
from taskmanager_gateway.itm.target import JobTypeTarget
from taskmanager_gateway.plugins.catalogue import KnownPlugin, PluginCatalogue

SHOWN = 80


class JobTypes:
    """Finds plugins by job types."""

    def __init__(self, table: Mapping[str, JobType], catalogue: PluginCatalogue) -> None:
        """`table` is the one in the settings."""
        self._table = dict(table)
        self._catalogue = catalogue

    async def find(self, word: str, who: Principal) -> JobTypeTarget:
        """The plugin for a job type; an unknown one is looked up once more.

        Raises ProblemError, which names what is within the caller's reach.
        """
        entry = find_job_type(self._table, word)
        plugins = _meant(await self._catalogue.installed(), word, entry)
        if not plugins:
            plugins = _meant(await self._catalogue.installed(again=True), word, entry)
        if len(plugins) != 1:
            installed = await self._catalogue.installed()
            raise self._unknown(word, _seen(plugins, who), _seen(installed, who), who)
        return JobTypeTarget(word, entry, plugins[0].installed.manifest)

    def _unknown(
        self, word: str, found: Sequence[KnownPlugin], installed: Sequence[KnownPlugin], who: Principal
    ) -> ProblemError:
        table = {name: entry for name, entry in self._table.items() if who.sees(entry.plugin)}
        entry = find_job_type(table, word)
        known = sorted({*table, *(plugin.installed.manifest.job_type for plugin in installed)})
        listed = ", ".join(known) or None
        if entry is not None:
            detail = problems.JOB_TYPE_NOT_INSTALLED(type=word[:SHOWN], plugin=entry.plugin, known=listed)
        elif found:
            names = ", ".join(sorted(plugin.installed.name for plugin in found))
            detail = problems.JOB_TYPE_AMBIGUOUS(type=word[:SHOWN], plugins=names)
        else:
            detail = problems.UNKNOWN_JOB_TYPE(type=word[:SHOWN], known=listed)
        return ProblemError(UNKNOWN_JOB_TYPE, detail, known=known)


def _seen(plugins: Sequence[KnownPlugin], who: Principal) -> list[KnownPlugin]:
    return [plugin for plugin in plugins if who.sees(plugin.installed.name)]


def _meant(plugins: Sequence[KnownPlugin], word: str, entry: JobType | None) -> list[KnownPlugin]:
    """The plugin from the settings; else those with that job type; else the one with that name."""
    if entry is not None:
        return [plugin for plugin in plugins if plugin.installed.name == entry.plugin]
    wanted = word.casefold()
    named = [plugin for plugin in plugins if plugin.installed.name == wanted]
    typed = [plugin for plugin in plugins if plugin.installed.manifest.job_type.casefold() == wanted]
    both = [plugin for plugin in typed if plugin in named]
    return both or typed or named
