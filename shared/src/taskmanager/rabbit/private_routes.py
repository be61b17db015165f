"""Drops private queues that no longer accept messages, without knowing their names.

RabbitMQ 4.3 keeps the private queue of a gateway or runner while its node is frozen or cut off: it stays
bound, and a message that is routed to it as well is refused or not confirmed (decision 17). So the exchanges
that private queues are bound to are deleted and declared again: healthy services bind their queues again at
their next check, all other queues stay unbound. Nothing is published to these exchanges directly, so nothing
is refused meanwhile; only answers and hints are lost, and they are requested again.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from taskmanager.errors import TaskManagerError, UnconfirmedError
from taskmanager.messages.topology import Topology
from taskmanager.ports.broker import Outgoing, Publisher
from taskmanager.process.logs import get_logger
from taskmanager.rabbit.channel import AsyncChannel
from taskmanager.rabbit.declare import ChannelSource

PATIENCE = timedelta(seconds=10)
"""The time between a publish that was not confirmed and the replacement of the exchanges.

By then older releases have dropped the queues, with the `net_ticktime` that docs/operations.md recommends."""

log = get_logger(__name__)


class PrivateRoutes(Publisher):
    """A publisher that replaces the exchanges of private queues if one of the queues accepts no messages.

    Implements `taskmanager.ports.broker.Publisher`.
    """

    def __init__(self, publisher: Publisher, broker: ChannelSource, topology: Topology) -> None:
        """`broker` is a different connection from the publisher's, which may be blocked."""
        self._publisher = publisher
        self._broker = broker
        self._topology = topology
        self._doubted: dict[tuple[str, str], asyncio.Task[None]] = {}
        """(exchange, key) of publishes that were not confirmed -> the pending replacement."""
        self._renewed = float("-inf")
        """When the exchanges were last replaced, in the time of the event loop."""

    @property
    def ready(self) -> bool:
        """See `taskmanager.ports.broker.Publisher.ready`."""
        return self._publisher.ready

    async def publish_all(
        self, exchange: str, messages: Sequence[Outgoing], *, persistent: bool = True, mandatory: bool = False
    ) -> list[TaskManagerError | None]:
        """See `taskmanager.ports.broker.Publisher.publish_all`."""
        began = asyncio.get_running_loop().time()
        outcomes = await self._publisher.publish_all(
            exchange, messages, persistent=persistent, mandatory=mandatory
        )
        for message, error in zip(messages, outcomes, strict=True):
            if error is None:
                if task := self._doubted.pop((exchange, message.key), None):
                    task.cancel()
            elif isinstance(error, UnconfirmedError) and began > self._renewed:
                self._doubt(exchange, message.key)
        return outcomes

    def _doubt(self, exchange: str, key: str) -> None:
        private = exchange in {self._topology.answers, self._topology.hints}
        if private and (exchange, key) not in self._doubted:
            self._doubted[exchange, key] = asyncio.create_task(self._renew_later())

    async def _renew_later(self) -> None:
        """Replace the exchanges, unless a message with the same key is confirmed meanwhile."""
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
    """Delete the private exchanges with all their bindings and declare those of the topology again.

    Raises TaskManagerError. Everything is sent without waiting for answers, so that the broker gets all of it
    or nothing.
    """
    for exchange in topology.private_exchanges:
        name = exchange.name
        channel.send("exchange_delete", exchange=name)
        channel.send("exchange_declare", exchange=name, exchange_type=exchange.type.value, durable=True)
        for one in topology.bindings_to(exchange):
            channel.send("exchange_bind", destination=name, source=one.exchange, routing_key=one.key)
    await channel.call("exchange_declare", exchange=topology.control, passive=True)
