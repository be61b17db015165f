"""The menu: one item for each plugin a reader may see, with what needs attention. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from taskmanager.model.access import Principal, Right
from taskmanager.model.states import RUNNING, Status
from taskmanager_gateway.plugins.views import PluginState, PluginView


@dataclass(frozen=True, slots=True)
class PluginItem:
    """One plugin in the menu."""

    name: str
    title: str
    queued: int
    running: int
    failed: int
    state: PluginState
    refuses: bool
    """Whether new jobs are refused."""
    alive: int
    """Runners that have recently sent a heartbeat."""


class State(StrEnum):
    """What the icon of the tab tells, the most urgent first."""

    STOPPED = "stopped"
    FAILED = "failed"
    WORKING = "working"
    QUIET = "quiet"


def state_of(items: Sequence[PluginItem]) -> State:
    """The most urgent state: a plugin stopped, or waiting without a runner; jobs in error; at work."""
    if any(one.state is not PluginState.RUNNING or (one.queued and not one.alive) for one in items):
        return State.STOPPED
    if any(one.failed for one in items):
        return State.FAILED
    return State.WORKING if any(one.running for one in items) else State.QUIET


def plugin_items(plugins: Sequence[PluginView], who: Principal) -> list[PluginItem]:
    """The plugins within the reader's reach, by title."""
    seen = [_item(plugin) for plugin in plugins if who.may(Right.READ, plugin.manifest.name)]
    return sorted(seen, key=lambda item: item.title.casefold())


def _item(plugin: PluginView) -> PluginItem:
    waiting = plugin.statuses[Status.STARTED] + plugin.statuses[Status.PAUSED]
    return PluginItem(
        name=plugin.manifest.name,
        title=plugin.manifest.title,
        queued=waiting,
        running=sum(plugin.statuses[status] for status in RUNNING),
        failed=plugin.statuses[Status.ERROR],
        state=plugin.state,
        refuses=not plugin.accepting,
        alive=plugin.runners_alive,
    )
