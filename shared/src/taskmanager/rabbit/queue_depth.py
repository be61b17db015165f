"""How many messages wait in a queue."""

from taskmanager.rabbit.declare import ChannelSource


async def depth(broker: ChannelSource, queue: str) -> int:
    """The messages of an existing queue that are ready; raises TemporaryError. Uses a channel of its own."""
    channel = await broker.channel()
    try:
        return await channel.waiting_in(queue)
    finally:
        channel.close()
