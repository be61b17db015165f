"""The gauges of jobs, runners and slots. Only the active scheduler shows them: sums over all stay true."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from taskmanager.errors import TaskManagerError
from taskmanager.model.registry import InstalledPlugin, RunnerState, TabStatistics
from taskmanager.model.replicas import ReplicaSet
from taskmanager.model.states import Status, Tab
from taskmanager.model.waiting import PluginLoad, WaitingCode
from taskmanager.ports.clock import Clock
from taskmanager.ports.readers import JobReader
from taskmanager.process.lifecycle import every
from taskmanager.process.logs import get_logger
from taskmanager_scheduler.background.replica_gauges import set_replica_gauges
from taskmanager_scheduler.decisions.job_metrics import metrics_of
from taskmanager_scheduler.metrics import (
    JOBS,
    PAUSED,
    PLUGIN_SLOTS,
    QUEUE_OLDEST,
    QUEUE_WAITING,
    REPLICAS,
    RUNNERS,
    SCHEDULER_ACTIVE,
)

PAUSE = "paused"
"""Why a job waits that is held, or suspended by a stop of its plugin: the statistics count both as one."""
WAITING_REASONS = (
    PAUSE,
    WaitingCode.BACKING_OFF.value,
    WaitingCode.PLUGIN_STOPPED.value,
    WaitingCode.RUNNER_STARTING.value,
    WaitingCode.RUNNER_FAILED_TO_START.value,
    WaitingCode.NO_RUNNER.value,
    WaitingCode.RUNNERS_DRAINED.value,
    WaitingCode.LIMIT_REACHED.value,
    WaitingCode.NO_FREE_SLOT.value,
    WaitingCode.ITS_TURN.value,
)
RUNNER_STATES = ("working", "drained", "lost")
SLOT_STATES = ("free", "busy")

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PluginFigures:
    """What is shown of one plugin."""

    load: PluginLoad
    statuses: Mapping[Status, int] = field(default_factory=dict)
    backing_off: int = 0

    @property
    def waiting(self) -> Mapping[str, int]:
        """How many jobs wait for which reason; all reasons are named."""
        counts = dict.fromkeys(WAITING_REASONS, 0)
        started = self.statuses.get(Status.STARTED, 0)
        backing_off = min(self.backing_off, started)
        counts[PAUSE] = self.statuses.get(Status.PAUSED, 0)
        counts[WaitingCode.BACKING_OFF.value] = backing_off
        counts[self.load.obstacle.value] += started - backing_off
        return counts

    @property
    def runners(self) -> Mapping[str, int]:
        """How many runners are in which state."""
        working, alive = len(self.load.working), len(self.load.alive)
        return {"working": working, "drained": alive - working, "lost": len(self.load.runners) - alive}

    @property
    def slots(self) -> Mapping[str, int]:
        """How many slots of the working runners are in which state."""
        busy = min(self.load.busy, self.load.slots)
        return {"free": self.load.slots - busy, "busy": busy}


def figures_of(
    plugins: Iterable[InstalledPlugin],
    statistics: Sequence[TabStatistics],
    runners: Sequence[RunnerState],
    backing_off: Mapping[str, int],
    kept: Sequence[ReplicaSet] = (),
) -> Sequence[PluginFigures]:
    """What is shown of each plugin; pure."""
    found = []
    for plugin in plugins:
        own = [one for one in statistics if one.plugin == plugin.name]
        running = sum(one.running for one in own if one.tab is Tab.QUEUE)
        load = PluginLoad(
            plugin,
            [one for one in runners if one.plugin == plugin.name],
            running,
            kept=[one for one in kept if one.plugin == plugin.name and one.heard],
        )
        statuses = {status: sum(one.statuses.get(status, 0) for one in own) for status in Status}
        found.append(PluginFigures(load, statuses, backing_off.get(plugin.name, 0)))
    return found


class Gauges:
    """Reads sums, plugins and runners at an interval, and sets the gauges if this scheduler is active."""

    def __init__(
        self, reader: JobReader, clock: Clock, interval: timedelta, active: Callable[[], bool]
    ) -> None:
        """`active`: whether this scheduler has the inbox of the home partition."""
        self._reader, self._clock, self._interval, self._active = reader, clock, interval, active
        SCHEDULER_ACTIVE.set_function(lambda: float(active()))

    async def run_once(self) -> None:
        """Read and show once; raises TaskManagerError.

        A scheduler that stands by only makes the counters of all plugins, so that they begin at 0.
        """
        if not self._active():
            _clear()
        plugins = await self._reader.plugins()
        for plugin in plugins:
            metrics_of(plugin.name)
        if not self._active():
            return
        now = self._clock.now()
        statistics, runners, backing_off, kept = await asyncio.gather(
            self._reader.statistics(),
            self._reader.runners(),
            self._reader.backing_off(now),
            self._reader.replica_sets(),
        )
        figures = figures_of(plugins, statistics, runners, backing_off, kept)
        oldest = await asyncio.gather(*(self._oldest(one, now) for one in figures))
        _clear()
        for one, seconds in zip(figures, oldest, strict=True):
            _show(one, seconds)
        set_replica_gauges(kept, runners)

    async def _oldest(self, figures: PluginFigures, now: datetime) -> float | None:
        """How long the longest waiting job has waited, None if that cannot be found in time."""
        if not figures.statuses.get(Status.STARTED):
            return 0.0
        moment = await self._reader.oldest_waiting(figures.load.plugin.name)
        return None if moment is None else max(0.0, (now - moment).total_seconds())

    async def run(self, stop: asyncio.Event) -> None:
        """Show until `stop`; what cannot be read is left to the next time."""
        await every(self._interval, self._try, stop)

    async def _try(self) -> None:
        try:
            await self.run_once()
        except TaskManagerError as error:
            log.warning("gauges_not_set", error=str(error))


def _clear() -> None:
    for gauge in (JOBS, PAUSED, QUEUE_OLDEST, QUEUE_WAITING, RUNNERS, PLUGIN_SLOTS, REPLICAS):
        gauge.clear()


def _show(figures: PluginFigures, oldest_seconds: float | None) -> None:
    plugin = figures.load.plugin
    PAUSED.labels(plugin.name).set(plugin.paused)
    if oldest_seconds is not None:
        QUEUE_OLDEST.labels(plugin.name).set(oldest_seconds)
    for status, number in figures.statuses.items():
        JOBS.labels(plugin.name, status.value).set(number)
    for gauge, counts in (
        (QUEUE_WAITING, figures.waiting),
        (RUNNERS, figures.runners),
        (PLUGIN_SLOTS, figures.slots),
    ):
        for value, number in counts.items():
            gauge.labels(plugin.name, value).set(number)
