"""Lets go of private queues that take nothing any more, without knowing them.

RabbitMQ 4.3 keeps the private queue of a gateway or runner while its node is frozen or cut off: it stays
bound, and a message that is routed to it as well is refused or not confirmed (decision 17). So the exchanges
that private queues are bound to are deleted and declared again: who is well binds its queue at its next look,
and the others are rid of. Nobody publishes to these exchanges themselves, so nothing is refused meanwhile;
what is lost is answers and hints, which are asked for again.
"""

import asyncio
from datetime import timedelta

import structlog

from taskmanager.errors import TaskManagerError, UnconfirmedError
from taskmanager.messages.topology import Topology
from taskmanager.ports.broker import Publisher
from taskmanager.rabbit.channel import AsyncChannel
from taskmanager.rabbit.declare import ChannelSource

PATIENCE = timedelta(seconds=10)
"""From when a publish was not confirmed on.

By then older releases have let go of the queues, with the `net_ticktime` that docs/operations.md advises."""

log = structlog.get_logger(__name__)


class PrivateRoutes:
    """A publisher that has the exchanges of private queues made anew if one of those takes nothing.

    Implements `taskmanager.ports.broker.Publisher`.
    """

    def __init__(self, publisher: Publisher, broker: ChannelSource, topology: Topology) -> None:
        """`broker` is another connection than the publisher's, which may stand still."""
        self._publisher = publisher
        self._broker = broker
        self._topology = topology
        self._doubted: dict[tuple[str, str], asyncio.Task[None]] = {}
        """(exchange, key) of publishes that were not confirmed -> what will be done about it."""
        self._renewed = float("-inf")
        """When the exchanges were made anew, by the clock of the loop."""

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
            if began > self._renewed:
                self._doubt(exchange, key)
            raise
        if task := self._doubted.pop((exchange, key), None):
            task.cancel()

    def _doubt(self, exchange: str, key: str) -> None:
        private = exchange in {self._topology.answers, self._topology.hints}
        if private and (exchange, key) not in self._doubted:
            self._doubted[exchange, key] = asyncio.create_task(self._renew_later())

    async def _renew_later(self) -> None:
        """Unless a message of the same key is confirmed meanwhile."""
        await asyncio.sleep(PATIENCE.total_seconds())
        doubted, self._doubted = self._doubted, {}
        for task in set(doubted.values()) - {asyncio.current_task()}:
            task.cancel()
        self._renewed = asyncio.get_running_loop().time()
        log.warning("private_routes_made_anew", unconfirmed=sorted(doubted))
        try:
            channel = await self._broker.channel()
            try:
                await renew(channel, self._topology)
            finally:
                channel.close()
        except TaskManagerError as error:
            log.warning("private_routes_not_made_anew", error=str(error))


async def renew(channel: AsyncChannel, topology: Topology) -> None:
    """Drop these exchanges with all bindings, and declare them with those of the topology.

    Raises TaskManagerError. All of it is sent without waiting for answers: either nothing of it reaches the
    broker or everything does.
    """
    for exchange in topology.private_exchanges:
        name = exchange.name
        channel.send("exchange_delete", exchange=name)
        channel.send("exchange_declare", exchange=name, exchange_type=exchange.type.value, durable=True)
        for one in topology.bindings_to(exchange):
            channel.send("exchange_bind", destination=name, source=one.exchange, routing_key=one.key)
    await channel.call("exchange_declare", exchange=topology.control, passive=True)
