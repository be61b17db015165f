"""Does what follows from the orders of one place, through the engine.

It acts only on orders, and only while they are fresh: an orchestrator that is cut off may have been replaced
by another, and two must not act on different orders. While the engine does not answer it does nothing.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from taskmanager.messages import ReplicaOrders
from taskmanager.model.replicas import Replica, ReplicaState
from taskmanager.process.logs import get_logger
from taskmanager_orchestrator.failures import Failures
from taskmanager_orchestrator.metrics import ENDED, STARTED, STOPPED
from taskmanager_orchestrator.port import Engine, Found, StartRefusedError
from taskmanager_orchestrator.reconciliation import Work, as_reported, work_for

FRESH = timedelta(seconds=30)
"""How long orders are followed: each of the scheduler's answers, normally every five seconds, renews them."""
DETAIL_LIMIT = 300
"""How many characters of an engine's words are passed on."""

log = get_logger(__name__)


class Keeper:
    """Starts and ends the runners of one place."""

    def __init__(
        self,
        engine: Engine,
        place: str,
        most: Mapping[str, int],
        *,
        patience: timedelta,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """`most` has the plugins that can be started here, and how many runners of each.

        `patience` is how long a runner may take to end before it is killed; `seconds` is a steady clock.
        """
        self._engine, self._place, self._most = engine, place, most
        self._patience, self._seconds = patience, seconds
        self._orders: dict[str, tuple[ReplicaOrders, float]] = {}
        self._failures = Failures()
        self._ended: set[str] = set()
        """Those whose end has been noted."""
        self._asked: dict[str, float] = {}
        """When each was asked to end."""

    def order(self, orders: ReplicaOrders) -> None:
        """Follow these orders for a while; not if later ones have come already."""
        known, _ = self._orders.get(orders.plugin, (orders, 0.0))
        if orders.seq < known.seq:
            log.info("late_orders_ignored", plugin=orders.plugin, seq=orders.seq)
            return
        self._orders[orders.plugin] = (orders, self._seconds() + FRESH.total_seconds())

    def most_of(self, plugin: str) -> int:
        """How many runners of the plugin there may be: none if the file does not name it any more."""
        return self._most.get(plugin, 0)

    async def step(self) -> Mapping[str, tuple[Replica, ...]]:
        """Look, act, and return what there is then, by plugin; raises EngineUnavailableError."""
        found = await self._look()
        acted = False
        for plugin, orders in self._fresh():
            own = [one for one in found if one.plugin == plugin]
            acted |= await self._do(plugin, self._work(orders, own), {one.name for one in own})
        if acted:
            found = await self._look()
        plugins = {*self._most, *(one.plugin for one in found)}
        return {plugin: self._reported(plugin, found) for plugin in sorted(plugins)}

    async def _look(self) -> Sequence[Found]:
        found = await self._engine.look()
        now = self._seconds()
        for one in found:
            if one.state is ReplicaState.RUNNING:
                self._failures.runs(one.name, now)
            elif one.state is ReplicaState.FAILING and one.name not in self._ended:
                self._ended.add(one.name)
                if one.name not in self._asked:
                    self._note_failure(one.plugin, one.name, one.detail)
        there = {one.name for one in found}
        self._ended &= there
        self._asked = {name: at for name, at in self._asked.items() if name in there}
        return found

    def _fresh(self) -> list[tuple[str, ReplicaOrders]]:
        now = self._seconds()
        return [(plugin, orders) for plugin, (orders, until) in self._orders.items() if now < until]

    def _work(self, orders: ReplicaOrders, own: Sequence[Found]) -> Work:
        return work_for(
            orders,
            own,
            [one for one in self._failures if one.plugin == orders.plugin],
            most=self.most_of(orders.plugin),
            name_of=lambda number: self._name(orders.plugin, number),
            now=self._seconds(),
        )

    def _name(self, plugin: str, number: int) -> str:
        """The name of a replica, which is its runner's id: at most 80 characters."""
        return f"{self._place}.{plugin}.{number}"  # neither a place nor a plugin has a dot

    async def _do(self, plugin: str, work: Work, there: set[str]) -> bool:
        """Do the work; whether there was any."""
        await self._stop(plugin, work.stop)
        for name in (*work.drop, *work.again):
            if name in there:
                await self._engine.remove(plugin, name)
                self._ended.discard(name)
        for name in work.drop:
            self._failures.forget(name)
        for name in (*work.again, *work.start):
            await self._start(plugin, name)
        return bool(work.stop or work.drop or work.again or work.start)

    async def _stop(self, plugin: str, names: Sequence[str]) -> None:
        now = self._seconds()
        new = [name for name in names if name not in self._asked]
        if new:
            log.info("replicas_stop", plugin=plugin, names=new)
            await self._engine.stop(plugin, new)
            STOPPED.labels(plugin).inc(len(new))
            self._asked |= dict.fromkeys(new, now)
        for name in names:
            if now - self._asked[name] > self._patience.total_seconds():
                log.warning("replica_killed", plugin=plugin, name=name)
                await self._engine.kill(plugin, name)
                self._asked[name] = now

    async def _start(self, plugin: str, name: str) -> None:
        try:
            await self._engine.start(plugin, name)
        except StartRefusedError as error:
            self._note_failure(plugin, name, str(error))
        else:
            log.info("replica_starts", plugin=plugin, name=name)
            STARTED.labels(plugin).inc()
            self._failures.started(name, self._seconds())

    def _note_failure(self, plugin: str, name: str, detail: str) -> None:
        self._failures.note(plugin, name, detail[:DETAIL_LIMIT], self._seconds())
        ENDED.labels(plugin).inc()
        log.warning("replica_failed", plugin=plugin, name=name, detail=detail[:DETAIL_LIMIT])

    def _reported(self, plugin: str, found: Sequence[Found]) -> tuple[Replica, ...]:
        own = [
            replace(one, state=ReplicaState.STOPPING, detail="") if one.name in self._asked else one
            for one in found
            if one.plugin == plugin
        ]
        return as_reported(own, [one for one in self._failures if one.plugin == plugin])
