"""Restarts plugins whose stop has reached its end time.

The end time is stored with the stop, so it survives restarts. The restart is a command like an operator's, so
it is audited, and it does no harm if two schedulers send it.
"""

import asyncio
from datetime import timedelta
from uuid import NAMESPACE_OID, uuid5

from taskmanager.errors import TemporaryError
from taskmanager.messages import Command, PluginCommand
from taskmanager.messages.topology import Topology
from taskmanager.model.control import PluginAction
from taskmanager.model.partitions import WHOLE, Partition
from taskmanager.model.reasons.automatic import TIMER
from taskmanager.model.registry import InstalledPlugin
from taskmanager.ports.broker import Publisher
from taskmanager.ports.clock import Clock
from taskmanager.ports.store import Store
from taskmanager.process.lifecycle import pause
from taskmanager.process.logs import get_logger

LOOK = timedelta(seconds=1)

log = get_logger(__name__)


class StopTimer:
    """Checks every second for stops that have expired."""

    def __init__(
        self,
        store: Store,
        publisher: Publisher,
        topology: Topology,
        clock: Clock,
        partition: Partition = WHOLE,
    ) -> None:
        """`clock` is the database's clock."""
        self._store, self._publisher, self._topology, self._clock = store, publisher, topology, clock
        self._partition = partition

    async def run_once(self) -> None:
        """Send a restart command for every plugin whose stop has expired; raises TemporaryError."""
        for plugin in await self._store.plugins():
            command = self._restart(plugin)
            if command is not None:
                key = self._topology.command_key_of(self._partition.number)
                await self._publisher.publish(self._topology.events, key, command.encode())
                log.info("stop_over", plugin=plugin.name)

    def _restart(self, plugin: InstalledPlugin) -> Command | None:
        now, stop = self._clock.now(), plugin.stop
        if stop is None or stop.until is None or stop.until > now or not self._partition.holds(plugin.name):
            return None
        return Command(
            id=str(uuid5(NAMESPACE_OID, f"{plugin.name} {stop.at.isoformat()}")),
            gateway=TIMER,
            actor=TIMER,
            reason="",
            at=now,
            order=PluginCommand(plugin=plugin.name, action=PluginAction.RESTART),
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Check until `stop`; a check that fails is left to the next one."""
        while not await pause(stop, LOOK):
            try:
                await self.run_once()
            except TemporaryError as error:
                log.warning("stop_timer_failed", error=str(error))
