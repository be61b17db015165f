"""Tells the scheduler in passing what happened here: no request waits for it or fails because of it."""

from taskmanager.errors import BrokerUnavailableError, UnroutableMessageError
from taskmanager.messages import Message
from taskmanager.messages.topology import Topology
from taskmanager.ports.broker import Publisher
from taskmanager.process.logs import get_logger

log = get_logger(__name__)


async def notify(publisher: Publisher, topology: Topology, message: Message, *, keep: bool = False) -> bool:
    """Publish a message for the scheduler; returns whether the broker accepted it.

    `keep`: deliver it even if the broker or the inbox goes down in the meantime.
    """
    try:
        await publisher.publish(
            topology.events, topology.command_key, message.encode(), persistent=keep, mandatory=keep
        )
    except (BrokerUnavailableError, UnroutableMessageError) as error:
        log.debug("not_told", what=type(message).__name__, error=str(error))
        return False
    return True
