"""Tells the scheduler regularly that the runner lives and what it runs, and at each connection who it is."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from taskmanager.messages import AttemptReference, Heartbeat, Hello
from taskmanager.model.manifest import PluginManifest
from taskmanager.process.lifecycle import every
from taskmanager_plugin_runner.messaging.claims import Sink
from taskmanager_plugin_runner.messaging.leases import Leases


@dataclass(frozen=True, slots=True)
class RunnerIdentity:
    """What a runner says of itself; `instance` is new with every start of the process."""

    runner: str
    instance: str
    manifest: PluginManifest
    host: str
    version: str
    slots: int
    transfers: int
    started_at: datetime


class Heartbeats:
    """Sends hellos and heartbeats; the answers go to the runner."""

    def __init__(
        self,
        identity: RunnerIdentity,
        outbox: Sink,
        leases: Leases,
        interval: timedelta,
        running: Callable[[], tuple[AttemptReference, ...]],
        claims: Callable[[], tuple[str, ...]],
    ) -> None:
        """`running` tells all attempts that are not over, `claims` the ids of those without an answer."""
        self._identity, self._outbox, self._leases, self._interval = identity, outbox, leases, interval
        self._running, self._claims = running, claims
        self._greeted = False

    def hello(self) -> None:
        """Say who we are."""
        me = self._identity
        self._leases.asked()
        self._outbox.put(
            Hello(
                manifest=me.manifest,
                host=me.host,
                version=me.version,
                slots=me.slots,
                transfers=me.transfers,
                started_at=me.started_at,
                running=self._running(),
                claims=self._claims(),
            )
        )
        self._greeted = True

    def beat(self) -> None:
        """Say that we are alive; nothing before the first hello."""
        if not self._greeted:
            return
        running = self._running()
        self._leases.asked()
        slots = self._identity.slots
        self._outbox.put(Heartbeat(slots=slots, busy=len(running), running=running, claims=self._claims()))

    async def run(self, stop: asyncio.Event) -> None:
        """Beat until `stop`."""
        await every(self._interval, self._beat_once, stop)

    async def _beat_once(self) -> None:
        self.beat()
