"""Declares what `taskmanager.topology` names."""

from taskmanager.rabbit.channel import AsyncChannel
from taskmanager.topology import Binding, Exchange, Queue, Topology


async def declare_topology(channel: AsyncChannel, topology: Topology) -> None:
    """All exchanges, shared queues and their bindings; repeatable.

    Raises PermanentError if something of that name exists with other arguments.
    """
    for exchange in topology.exchanges:
        await declare_exchange(channel, exchange)
    for queue in topology.queues:
        await declare_queue(channel, queue)
    for binding in topology.bindings:
        await bind(channel, binding)


async def declare_plugin(channel: AsyncChannel, topology: Topology, plugin: str) -> None:
    """The priority queue of one plugin; repeatable."""
    await declare_queue(channel, topology.jobs(plugin))
    await bind(channel, topology.plugin_binding(plugin))


async def declare_exchange(channel: AsyncChannel, exchange: Exchange) -> None:
    """One durable exchange."""
    await channel.call(
        "exchange_declare", exchange=exchange.name, exchange_type=exchange.type.value, durable=True
    )


async def declare_queue(channel: AsyncChannel, queue: Queue) -> None:
    """One queue; exclusive ones vanish with their connection."""
    await channel.call(
        "queue_declare",
        queue=queue.name,
        durable=not queue.exclusive,
        exclusive=queue.exclusive,
        arguments=dict(queue.arguments),
    )


async def bind(channel: AsyncChannel, binding: Binding) -> None:
    """One binding."""
    if binding.to_exchange:
        await channel.call(
            "exchange_bind", destination=binding.destination, source=binding.exchange, routing_key=binding.key
        )
    else:
        await channel.call(
            "queue_bind", queue=binding.destination, exchange=binding.exchange, routing_key=binding.key
        )


async def waiting_messages(channel: AsyncChannel, queue: Queue) -> int:
    """Messages ready in a queue; raises BrokerUnavailableError if it does not exist (the channel is then closed)."""
    answer = await channel.call("queue_declare", queue=queue.name, passive=True)
    return int(answer.method.message_count)
