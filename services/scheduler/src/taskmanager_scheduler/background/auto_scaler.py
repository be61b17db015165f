"""Changes how many runners are wanted where an operator has left that to the scheduler.

Only the scheduler that has the inbox does this. A change is a command like an operator's, so it is audited
and takes its turn; how long runners have been idle is remembered here alone, so a new scheduler waits anew.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import uuid4

from taskmanager.errors import TemporaryError
from taskmanager.messages import Command, ScalingCommand
from taskmanager.messages.topology import Topology
from taskmanager.model.partitions import WHOLE, Partition
from taskmanager.model.reasons.automatic import SCALING
from taskmanager.model.registry import InstalledPlugin, RunnerState, TabStatistics
from taskmanager.model.replicas import ReplicaSet, ScalingAction, ScalingMode
from taskmanager.model.states import Status, Tab
from taskmanager.ports.broker import Publisher
from taskmanager.ports.clock import Clock
from taskmanager.process.lifecycle import pause
from taskmanager.process.logs import get_logger
from taskmanager_scheduler.background.duty import Duty
from taskmanager_scheduler.replicas.auto import Patience, QueueLoad, next_step, startable

LOOK = timedelta(seconds=1)
DEFAULT_SLOTS = 1
"""Assumed of a plugin none of whose runners has ever said hello from this place."""

log = get_logger(__name__)


class LoadReader(Protocol):
    """What is looked at; every call may raise StoreUnavailableError."""

    async def plugins(self) -> Sequence[InstalledPlugin]:
        """All installed plugins."""

    async def replica_sets(self, plugin: str | None = None) -> Sequence[ReplicaSet]:
        """The replicas at all places."""

    async def statistics(self, plugin: str | None = None) -> Sequence[TabStatistics]:
        """The sums of a plugin's tabs."""

    async def runners(self, plugin: str | None = None) -> Sequence[RunnerState]:
        """The runners of a plugin."""

    async def oldest_waiting(self, plugin: str) -> datetime | None:
        """When the longest waiting job was queued."""


class AutoScaler:
    """Looks every second at the plugins that are scaled automatically."""

    def __init__(  # noqa: PLR0913 - wiring
        self,
        reader: LoadReader,
        publisher: Publisher,
        topology: Topology,
        clock: Clock,
        patience: Patience,
        *,
        duty: timedelta,
        partition: Partition = WHOLE,
    ) -> None:
        """`clock` is the database's; after a tick this scheduler is responsible for the time of `duty`."""
        self._reader, self._publisher, self._topology, self._clock = reader, publisher, topology, clock
        self._patience, self._partition = patience, partition
        self._duty = Duty(duty)
        self._spare_since: dict[str, datetime] = {}

    def ticked(self) -> None:
        """Record a tick that came through the inbox."""
        self._duty.ticked()

    def relieved(self) -> None:
        """Record that this scheduler has given the inbox up."""
        self._duty.end()

    async def run_once(self) -> None:
        """Look once at every plugin scaled automatically; raises TemporaryError."""
        if not self._duty.on:
            self._spare_since.clear()
            return
        sets = [one for one in await self._reader.replica_sets() if self._partition.holds(one.plugin)]
        own = [one for one in sets if one.wish.mode is ScalingMode.AUTO]
        keys = {one.key for one in own}
        self._spare_since = {key: since for key, since in self._spare_since.items() if key in keys}
        plugins = {one.name: one for one in await self._reader.plugins()} if own else {}
        for one in own:
            await self._look(one, plugins.get(one.plugin))

    async def _look(self, one: ReplicaSet, plugin: InstalledPlugin | None) -> None:
        now = self._clock.now()
        load = await self._load(one, plugin)
        step = next_step(one.wish, load, self._patience, now, self._spare_since.get(one.key))
        if step.spare_since is None:
            self._spare_since.pop(one.key, None)
        else:
            self._spare_since[one.key] = step.spare_since
        desired = min(step.desired, one.most)
        if desired != one.wish.desired:
            await self._want(one, desired)

    async def _load(self, one: ReplicaSet, plugin: InstalledPlugin | None) -> QueueLoad:
        statistics = await self._reader.statistics(one.plugin)
        queue = next((tab for tab in statistics if tab.tab is Tab.QUEUE), None)
        running = queue.running if queue else 0
        waiting = startable(plugin, queue.statuses.get(Status.STARTED, 0) if queue else 0, running)
        found = await self._reader.runners(one.plugin)
        runners = [runner for runner in found if runner.alive and runner.drain is None]
        own = {replica.runner for replica in one.replicas}
        return QueueLoad(
            waiting=waiting,
            running=running,
            oldest=await self._reader.oldest_waiting(one.plugin) if waiting else None,
            slots=one.slots or DEFAULT_SLOTS,
            free=sum(max(0, runner.slots - runner.busy) for runner in runners),
            elsewhere=sum(runner.slots for runner in runners if runner.id not in own),
        )

    async def _want(self, one: ReplicaSet, desired: int) -> None:
        command = Command(
            id=str(uuid4()),
            gateway=SCALING,
            actor=SCALING,
            at=self._clock.now(),
            order=ScalingCommand(
                plugin=one.plugin, place=one.place, action=ScalingAction.SCALE, desired=desired
            ),
        )
        key = self._topology.command_key_of(self._partition.number)
        await self._publisher.publish(self._topology.events, key, command.encode())
        log.info("scaled", plugin=one.plugin, place=one.place, before=one.wish.desired, after=desired)

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop`; a look that fails is left to the next one."""
        while not await pause(stop, LOOK):
            try:
                await self.run_once()
            except TemporaryError as error:
                log.warning("auto_scaler_failed", error=str(error))
