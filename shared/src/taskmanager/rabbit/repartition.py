"""Changes the number of inboxes, while nobody reads them and nothing waits in them."""

from taskmanager.errors import PermanentError
from taskmanager.messages.topology import Topology
from taskmanager.process.logs import get_logger
from taskmanager.rabbit.channel import AsyncChannel, QueueMissingError
from taskmanager.rabbit.declare import declare_topology, unbind

log = get_logger(__name__)


async def repartition(channel: AsyncChannel, before: Topology, after: Topology) -> None:
    """Declare the topology `after` in place of `before`; repeatable.

    Raises PermanentError, and changes nothing, while an inbox has a message or a consumer.
    """
    for inbox in before.inboxes:
        await _require_idle(channel, inbox.name)
    await declare_topology(channel, after)
    # from now on nothing comes to an inbox that is no longer needed
    for binding in set(before.bindings) - set(after.bindings):
        await unbind(channel, binding)
    kept = {inbox.name for inbox in after.inboxes}
    for inbox in before.inboxes:
        if inbox.name not in kept:
            await _require_idle(channel, inbox.name)
            await channel.call("queue_delete", queue=inbox.name)
    log.info("partitions_changed", before=before.partitions, after=after.partitions)


async def _require_idle(channel: AsyncChannel, queue: str) -> None:
    aside = await channel.another()
    try:
        answer = await aside.call("queue_declare", queue=queue, passive=True)
    except QueueMissingError:
        return
    aside.close()
    messages, consumers = answer.method.message_count, answer.method.consumer_count
    if messages or consumers:
        reason = (
            f"the number of partitions cannot be changed: {queue} has {messages} messages and {consumers} "
            "consumers. Stop gateways and runners, let the schedulers empty the inboxes, then stop them, too"
        )
        raise PermanentError(reason)
