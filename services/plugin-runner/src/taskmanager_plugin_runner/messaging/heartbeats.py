"""Tells the scheduler periodically that the runner is alive and what it runs, and on connecting who it is."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from taskmanager.messages import AttemptReference, Heartbeat, Hello
from taskmanager.model.manifest import PluginManifest
from taskmanager.process.lifecycle import every
from taskmanager_plugin_runner.messaging.claims import Claims
from taskmanager_plugin_runner.messaging.leases import Leases
from taskmanager_plugin_runner.messaging.outbox import Sink


@dataclass(frozen=True, slots=True)
class RunnerIdentity:
    """What a runner says about itself; `instance` is new each time the process starts."""

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
        claims: Claims,
    ) -> None:
        """`running` returns one attempt for each that works: others of a bunch are among the claims."""
        self._identity, self._outbox, self._leases, self._interval = identity, outbox, leases, interval
        self._running, self._claims = running, claims
        self._greeted = False

    def hello(self) -> None:
        """Send who this runner is."""
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
                running=self._owned(),
                claims=self._claims.waiting,
            )
        )
        self._greeted = True

    def beat(self) -> None:
        """Send a sign of life; nothing before the first hello."""
        if not self._greeted:
            return
        self._leases.asked()
        slots = self._identity.slots
        busy = min(slots, len(self._running()))  # a slot whose next input is brought has another job as well
        owned = self._owned()
        self._outbox.put(Heartbeat(slots=slots, busy=busy, running=owned, claims=self._claims.waiting))

    def _owned(self) -> tuple[AttemptReference, ...]:
        """What has begun and what has not, each once."""
        return tuple(dict.fromkeys(self._running() + self._claims.ahead))

    async def run(self, stop: asyncio.Event) -> None:
        """Send heartbeats until `stop`."""
        await every(self._interval, self._beat_once, stop)

    async def _beat_once(self) -> None:
        self.beat()
