"""Lets go of private queues that take nothing any more, without knowing them.

RabbitMQ 4.3 keeps the private queue of a gateway or runner while its node is frozen or cut off: it stays
bound, nobody may delete it, and a message that is routed to it as well is not confirmed (decision 17). So
the exchange that private queues are bound to is deleted and declared again: who is well binds its queue at
its next look, and the others are rid of. Nobody publishes to that exchange itself, so nothing is refused
meanwhile; what is lost is answers and hints, which are asked for again.
"""

import asyncio
from datetime import timedelta

import structlog

from taskmanager.errors import TaskManagerError, UnconfirmedError
from taskmanager.messages.topology import Exchange, Topology
from taskmanager.ports.broker import Publisher
from taskmanager.rabbit.channel import AsyncChannel
from taskmanager.rabbit.declare import ChannelSource

PATIENCE = timedelta(seconds=10)
"""From when a publish was not confirmed in time on.

By then older releases have let go of the queues, with the `net_ticktime` that docs/operations.md advises."""

log = structlog.get_logger(__name__)


class PrivateRoutes:
    """A publisher that has an exchange made anew behind which a private queue takes nothing.

    Implements `taskmanager.ports.broker.Publisher`.
    """

    def __init__(self, publisher: Publisher, broker: ChannelSource, topology: Topology) -> None:
        """`broker` is another connection than the publisher's, which may stand still."""
        self._publisher = publisher
        self._broker = broker
        self._topology = topology
        self._doubted: dict[tuple[str, str], asyncio.Task[None]] = {}
        """(exchange, key) of publishes that were not confirmed -> what will be done about it."""
        self._renewed: dict[str, float] = {}
        """Exchange -> when what is behind it was made anew, by the clock of the loop."""

    @property
    def ready(self) -> bool:
        """See `taskmanager.ports.broker.Publisher.ready`."""
        return self._publisher.ready

    async def publish(
        self,
        exchange: str,
        key: str,
        body: bytes,
        *,
        priority: int = 0,
        persistent: bool = True,
        mandatory: bool = False,
    ) -> None:
        """See `taskmanager.ports.broker.Publisher.publish`."""
        began = asyncio.get_running_loop().time()
        try:
            await self._publisher.publish(
                exchange, key, body, priority=priority, persistent=persistent, mandatory=mandatory
            )
        except UnconfirmedError:
            if began > self._renewed.get(exchange, 0):
                self._doubt(exchange, key)
            raise
        if task := self._doubted.pop((exchange, key), None):
            task.cancel()

    def _doubt(self, exchange: str, key: str) -> None:
        private = self._topology.private_exchange(exchange)
        if private is not None and (exchange, key) not in self._doubted:
            self._doubted[exchange, key] = asyncio.create_task(self._renew_later(exchange, private))

    async def _renew_later(self, exchange: str, private: Exchange) -> None:
        """Unless one of the same key is confirmed meanwhile."""
        await asyncio.sleep(PATIENCE.total_seconds())
        for doubted in [one for one in self._doubted if one[0] == exchange]:
            task = self._doubted.pop(doubted)
            if task is not asyncio.current_task():
                task.cancel()
        self._renewed[exchange] = asyncio.get_running_loop().time()
        log.warning("private_routes_made_anew", exchange=private.name)
        try:
            channel = await self._broker.channel()
            try:
                await renew(channel, self._topology, private)
            finally:
                channel.close()
        except TaskManagerError as error:
            log.warning("private_routes_not_made_anew", exchange=private.name, error=str(error))


async def renew(channel: AsyncChannel, topology: Topology, exchange: Exchange) -> None:
    """Drop an exchange with all bindings, and declare it with those of the topology; raises TaskManagerError.

    All of it is sent without waiting for answers: either nothing of it reaches the broker or everything does.
    """
    name = exchange.name
    channel.send("exchange_delete", exchange=name)
    channel.send("exchange_declare", exchange=name, exchange_type=exchange.type.value, durable=True)
    for one in topology.bindings_to(exchange):
        channel.send("exchange_bind", destination=name, source=one.exchange, routing_key=one.key)
    await channel.call("exchange_declare", exchange=name, passive=True)
