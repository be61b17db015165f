"""Plugins as the API shows them; made from what is stored."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from taskmanager.model.control import StopMode
from taskmanager.model.jobs import (
    Attribution,
    Record,
)
from taskmanager.model.manifest import PluginManifest
from taskmanager.model.registry import InstalledPlugin, RunnerState, TabStatistics
from taskmanager.model.replicas import ReplicaSet
from taskmanager.model.states import Status, Tab
from taskmanager_gateway.http.views import API, CommandView, InterruptionView


class TabView(Record):
    """The totals of one tab."""

    jobs: int = 0
    files: int = 0
    bytes: int = 0


class PluginState(StrEnum):
    """Whether a plugin runs jobs. `stopping`: it was stopped, and some of its jobs are still running."""

    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"


class StopView(InterruptionView):
    """Why a plugin takes no jobs, and until when; null: until an operator restarts it."""

    mode: StopMode
    until: datetime | None


class PluginView(Record):
    """A plugin, its jobs and the runners that offer it."""

    manifest: PluginManifest
    installed_at: datetime
    state: PluginState
    still_running: int = Field(description="Jobs a runner is working on, from WAITINGFORUPLOAD to DOWNLOAD.")
    stop: StopView | None = Field(description="Who stopped the plugin, when, why, how and until when.")
    refused: Attribution | None = Field(description="Who closed the plugin to new jobs, when and why.")
    paused: bool
    accepting: bool
    limit: int | None
    runners_alive: int
    runners_wanted: int = Field(
        description="Runners that orchestrators keep for it, or will as soon as a job waits."
    )
    slots: int
    busy: int
    statuses: dict[Status, int]
    tabs: dict[Tab, TabView]
    links: dict[str, str]

    @classmethod
    def of(
        cls,
        plugin: InstalledPlugin,
        statistics: Iterable[TabStatistics],
        runners: Iterable[RunnerState],
        kept: Iterable[ReplicaSet] = (),
    ) -> "PluginView":
        """Combine what is stored about one plugin; rows of other plugins are ignored."""
        sums = {row.tab: row for row in statistics if row.plugin == plugin.name}
        still_running = sum(row.running for row in sums.values())
        alive = [runner for runner in runners if runner.alive and runner.plugin == plugin.name]
        return cls(
            manifest=plugin.manifest,
            installed_at=plugin.installed_at,
            state=_state(plugin, still_running),
            still_running=still_running,
            stop=StopView.of(plugin.stop) if plugin.stop else None,
            refused=plugin.refused,
            paused=plugin.paused,
            accepting=plugin.accepting,
            limit=plugin.limit,
            runners_alive=len(alive),
            runners_wanted=sum(
                one.wish.needed_at_once(one.most) for one in kept if one.plugin == plugin.name and one.heard
            ),
            slots=sum(runner.slots for runner in alive),
            busy=sum(runner.busy for runner in alive),
            statuses=_statuses(sums.values()),
            tabs={tab: _tab(sums.get(tab)) for tab in Tab},
            links={"self": f"{API}/plugins/{plugin.name}", "jobs": f"{API}/jobs?plugin={plugin.name}"},
        )


def _state(plugin: InstalledPlugin, still_running: int) -> PluginState:
    if plugin.stop is None:
        return PluginState.RUNNING
    return PluginState.STOPPING if still_running else PluginState.STOPPED


def _statuses(rows: Iterable[TabStatistics]) -> dict[Status, int]:
    counted: dict[Status, int] = dict.fromkeys(Status, 0)
    for row in rows:
        for status, count in row.statuses.items():
            counted[status] += count
    return counted


def _tab(row: TabStatistics | None) -> TabView:
    return TabView(jobs=row.jobs, files=row.files, bytes=row.bytes) if row else TabView()


class PluginListView(Record):
    """All installed plugins by name."""

    plugins: list[PluginView]


class PluginCommandView(CommandView):
    """The result of a command for a plugin, and the plugin's current state (null if it cannot be read)."""

    plugin: PluginView | None
