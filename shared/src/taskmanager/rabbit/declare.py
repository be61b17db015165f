"""Declares what `taskmanager.messages.topology` defines."""

import asyncio
from datetime import timedelta
from typing import Protocol

from taskmanager.errors import BrokerUnavailableError
from taskmanager.messages.topology import Binding, Exchange, Queue, Topology
from taskmanager.process.logs import get_logger
from taskmanager.rabbit.channel import (
    AsyncChannel,
    OtherArgumentsError,
    QueueMissingError,
    UnansweredError,
)

UNANSWERED = timedelta(seconds=15)
"""A plugin's queue that cannot be declared for this long over a healthy connection has lost its node."""

DURABLE_ONLY = (4, 3)
"""From this release on RabbitMQ may refuse a transient queue that is not exclusive.

See its "List of Deprecated Features". Earlier releases delete a transient queue whose node is lost; in
release 3 such a queue cannot be deleted if it is durable.
"""

UPDATES = "docs/operations.md, Queues of earlier releases"

log = get_logger(__name__)


async def declare_topology(channel: AsyncChannel, topology: Topology) -> None:
    """Declare all exchanges, shared queues and their bindings; repeatable.

    Raises PermanentError if something of that name exists with arguments that neither this nor an earlier
    release gave it.
    """
    for exchange in topology.exchanges:
        await declare_exchange(channel, exchange)
    for queue in topology.queues:
        await declare_kept(channel, queue)
    for binding in topology.bindings:
        await bind(channel, binding)
    for binding in topology.former_bindings:
        await unbind(channel, binding)


async def declare_plugin(channel: AsyncChannel, topology: Topology, plugin: str) -> int:
    """Declare the priority queue of one plugin; repeatable. Returns how many tickets are ready in it."""
    ready = await declare_queue(channel, topology.jobs(plugin))
    await bind(channel, topology.plugin_binding(plugin))
    return ready


async def declare_exchange(channel: AsyncChannel, exchange: Exchange) -> None:
    """Declare one durable exchange."""
    await channel.call(
        "exchange_declare", exchange=exchange.name, exchange_type=exchange.type.value, durable=True
    )


async def declare_queue(channel: AsyncChannel, queue: Queue) -> int:
    """Declare one queue; a private one is deleted with its consumer. Returns the number of ready messages."""
    answer = await channel.call(
        "queue_declare",
        queue=queue.name,
        durable=not queue.private or channel.release >= DURABLE_ONLY,
        auto_delete=queue.private,
        arguments=dict(queue.arguments),
    )
    return int(answer.method.message_count)


async def declare_private(channel: AsyncChannel, queue: Queue) -> None:
    """Declare a private queue, replacing one whose node is lost; raises TaskManagerError."""
    try:
        await _declare_aside(channel, queue)
    except (QueueMissingError, UnansweredError) as error:
        log.warning("private_queue_made_anew", queue=queue.name, error=str(error))
        await channel.call("queue_delete", queue=queue.name)
        await declare_queue(channel, queue)


async def declare_kept(channel: AsyncChannel, queue: Queue) -> None:
    """Declare one shared queue; one that an earlier release declared is kept, with the messages in it.

    Raises PermanentError if it exists with arguments of no release.
    """
    try:
        await _declare_aside(channel, queue)
    except OtherArgumentsError:
        if not any([await _is(channel, former) for former in queue.as_formerly()]):
            raise
        log.warning("queue_kept_with_former_arguments", queue=queue.name, wanted=queue.arguments, see=UPDATES)


async def renew_if_empty(channel: AsyncChannel, queue: Queue) -> bool:
    """Give a classic queue of an earlier release its new arguments if it is empty and has no consumer.

    Returns whether it has them now. RabbitMQ checks and deletes in one step.
    """
    if await _is(channel, queue):
        return True
    aside = await channel.another()
    try:
        await aside.call("queue_delete", queue=queue.name, if_empty=True, if_unused=True)
    except OtherArgumentsError as error:  # it is not empty
        log.warning("queue_not_renewed", queue=queue.name, error=str(error), see=UPDATES)
        return False
    aside.close()
    await declare_queue(channel, queue)
    log.info("queue_renewed", queue=queue.name)
    return True


async def _is(channel: AsyncChannel, queue: Queue) -> bool:
    try:
        await _declare_aside(channel, queue)
    except OtherArgumentsError:
        return False
    return True


async def _declare_aside(channel: AsyncChannel, queue: Queue) -> None:
    """Declare on a separate channel, which a refusal closes."""
    aside = await channel.another()
    await declare_queue(aside, queue)
    aside.close()


async def bind(channel: AsyncChannel, binding: Binding) -> None:
    """Declare one binding."""
    if binding.to_exchange:
        await channel.call(
            "exchange_bind", destination=binding.destination, source=binding.exchange, routing_key=binding.key
        )
    else:
        await channel.call(
            "queue_bind", queue=binding.destination, exchange=binding.exchange, routing_key=binding.key
        )


async def unbind(channel: AsyncChannel, binding: Binding) -> None:
    """Remove one binding of a queue; repeatable."""
    await channel.call(
        "queue_unbind", queue=binding.destination, exchange=binding.exchange, routing_key=binding.key
    )


class ChannelSource(Protocol):
    """Anything that provides channels."""

    async def channel(self) -> AsyncChannel:
        """A channel; raises BrokerUnavailableError when not connected."""


class PluginQueues:
    """Declares and inspects the queues of plugins over a connection that is kept open.

    For a classic queue whose node died the broker answers "not found", or not at all, until the queue is
    deleted. Its tickets are only hints, so it is deleted here after `UNANSWERED`.
    """

    def __init__(self, broker: ChannelSource, topology: Topology) -> None:
        """Each call uses its own channel: a failed declare closes it."""
        self._broker = broker
        self._topology = topology
        self._failing: dict[str, float] = {}
        """Since when the queue of a plugin has been unavailable, by the clock of the loop."""

    async def declare(self, plugin: str) -> None:
        """Make sure that the queue exists; raises TaskManagerError."""
        await self.waiting(plugin)

    async def waiting(self, plugin: str) -> int:
        """Messages ready in the queue, which is declared if it was gone; raises TaskManagerError."""
        began = asyncio.get_running_loop().time()
        channel = await self._broker.channel()
        try:
            ready = await declare_plugin(channel, self._topology, plugin)
        except BrokerUnavailableError as error:
            channel.close()
            if not self._is_lost(plugin, error, began):
                raise
            ready = await self._made_anew(plugin, error)
        else:
            channel.close()
        self._failing.pop(plugin, None)
        return ready

    def _is_lost(self, plugin: str, error: BrokerUnavailableError, began: float) -> bool:
        now = asyncio.get_running_loop().time()
        since = self._failing.setdefault(plugin, began)
        return isinstance(error, QueueMissingError) or now - since >= UNANSWERED.total_seconds()

    async def _made_anew(self, plugin: str, error: BrokerUnavailableError) -> int:
        """Delete the queue with its tickets and declare it on a node that is up."""
        queue = self._topology.jobs(plugin).name
        log.warning("plugin_queue_made_anew", queue=queue, error=str(error))
        channel = await self._broker.channel()
        try:
            await channel.call("queue_delete", queue=queue)
            return await declare_plugin(channel, self._topology, plugin)
        finally:
            channel.close()
