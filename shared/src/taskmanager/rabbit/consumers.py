"""Who reads queues at the moment: to find services that were not stopped."""

from collections.abc import Iterable, Mapping

from taskmanager.rabbit.channel import AsyncChannel, QueueMissingError


async def consumers(channel: AsyncChannel, queues: Iterable[str]) -> Mapping[str, int]:
    """The queues that have consumers, and how many; raises TaskManagerError. A missing queue has none."""
    found = {}
    for queue in queues:
        aside = await channel.another()
        try:
            answer = await aside.call("queue_declare", queue=queue, passive=True)
        except QueueMissingError:
            continue
        aside.close()
        if count := answer.method.consumer_count:
            found[queue] = int(count)
    return found
