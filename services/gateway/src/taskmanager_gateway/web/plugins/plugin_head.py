"""What surrounds the list of a plugin page: its state, its tabs and their totals. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from taskmanager.model.access import Principal, Right
from taskmanager.model.states import Status, Tab
from taskmanager_gateway.plugins.views import PluginState, PluginView, TabView
from taskmanager_gateway.web.plugins.listing import PluginListAddress

_NO_SUMS = TabView()


@dataclass(frozen=True, slots=True)
class Head:
    """A plugin as its page shows it. `plugin` None: no runner has ever registered it."""

    name: str
    listing: PluginListAddress
    plugin: PluginView | None
    operates: bool
    """Whether the reader may give commands."""
    figures: Any = None
    """The figures of the last day, if they could be read."""
    known: int | None = None
    """Of how many jobs of the open tab the files are known; None: of those that have begun."""

    @property
    def title(self) -> str:
        """The plugin's title, or its name if it has none."""
        return self.plugin.manifest.title if self.plugin else self.name

    @property
    def sums(self) -> TabView:
        """The totals of the open tab."""
        return self.of(self.listing.tab)

    def of(self, tab: Tab) -> TabView:
        """The totals of a tab."""
        return self.plugin.tabs[tab] if self.plugin else _NO_SUMS

    @property
    def all_known(self) -> bool:
        """Whether the sums of files are those of all jobs of the open tab."""
        return self.known is not None and self.known >= self.sums.jobs

    @property
    def failed(self) -> int:
        """The jobs that are in error, as the menu counts them."""
        return self.plugin.statuses[Status.ERROR] if self.plugin else 0

    @property
    def cancelled(self) -> int:
        """The cancelled jobs, which are listed with those in error."""
        return self.plugin.statuses[Status.CANCELLED] if self.plugin else 0

    @property
    def tabs(self) -> Sequence[Tab]:
        """All tabs, in the order in which jobs go through them."""
        return tuple(Tab)

    @property
    def stopped(self) -> bool:
        """Whether the plugin starts no jobs."""
        return self.plugin is not None and self.plugin.state is not PluginState.RUNNING

    @property
    def without_runner(self) -> bool:
        """Whether no runner is alive to do the work, and none comes by itself."""
        if self.plugin is None or self.stopped:
            return False
        return not self.plugin.runners_alive and not self.plugin.runners_wanted


def head_of(
    name: str,
    listing: PluginListAddress,
    plugin: PluginView | None,
    who: Principal,
    figures: Any = None,
    known: int | None = None,
) -> Head:
    """Collect the head for this reader."""
    return Head(name, listing, plugin, who.may(Right.OPERATE, name), figures, known)
