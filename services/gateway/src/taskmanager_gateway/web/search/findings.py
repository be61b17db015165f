"""What a search found, in groups as it is shown. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taskmanager.model.access import Principal, Right
from taskmanager.model.jobs import Job
from taskmanager.model.queries import FoundJobs
from taskmanager.model.registry import RunnerState
from taskmanager.model.states import Tab
from taskmanager_gateway.web.search.search_wishes import SearchWish, named
from taskmanager_gateway.web.shell.menu_items import PluginItem, plugin_items
from taskmanager_gateway.web.shell.plugin_overview import Overview


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """The jobs found in one tab of a plugin, and the address of their list, if one lists them."""

    title: str
    tab: Tab
    jobs: int
    address: str | None


@dataclass(frozen=True, slots=True)
class JobGroup:
    """The jobs that one search found. `found` None: it was not answered in time."""

    wish: SearchWish
    found: FoundJobs | None
    places: Sequence[FoundPlace] = ()

    @property
    def jobs(self) -> Sequence[Job]:
        """The newest of them."""
        return self.found.jobs if self.found else ()

    @property
    def count(self) -> int:
        """How many were counted."""
        return self.found.count if self.found else 0

    @property
    def only_place(self) -> FoundPlace | None:
        """The one tab in which all of them are; None if they are in several, or no list has them."""
        one = self.places[0] if len(self.places) == 1 else None
        return one if one is not None and one.address else None


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything found for a text: groups of jobs that are not empty, plugins and runners."""

    text: str
    jobs: Sequence[JobGroup]
    plugins: Sequence[PluginItem]
    runners: Sequence[RunnerState]
    titles: Mapping[str, str]
    """Title of each plugin by its name."""

    @property
    def count(self) -> int:
        """How many things were found."""
        return sum(group.count for group in self.jobs) + len(self.plugins) + len(self.runners)

    @property
    def incomplete(self) -> bool:
        """Whether a search was not answered in time."""
        return any(group.found is None for group in self.jobs)

    @property
    def capped(self) -> bool:
        """Whether there are more than were counted."""
        return any(group.found is not None and group.found.capped for group in self.jobs)


def findings(
    text: str, answers: Sequence[tuple[SearchWish, FoundJobs | None]], overview: Overview, who: Principal
) -> Findings:
    """The findings for this reader."""
    plugins = plugin_items(overview.plugins, who)
    titles = {one.name: one.title for one in plugins}
    groups = [JobGroup(wish, found, _places(wish, found, titles)) for wish, found in answers]
    runners = [one for one in overview.runners if who.may(Right.READ, one.plugin)]
    return Findings(
        text=text,
        jobs=[group for group in groups if group.count or group.found is None],
        plugins=[one for one in plugins if named(text, (one.name, one.title))],
        runners=[one for one in runners if named(text, (one.id, one.host))],
        titles=titles,
    )


def _places(wish: SearchWish, found: FoundJobs | None, titles: Mapping[str, str]) -> list[FoundPlace]:
    places = found.places if found else ()
    return [
        FoundPlace(titles.get(one.plugin, one.plugin), one.tab, one.jobs, wish.listed_at(one.plugin, one.tab))
        for one in places
    ]
