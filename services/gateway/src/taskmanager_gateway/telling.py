"""Tells the scheduler in passing what happened here: nobody waits for it, and no request fails for it."""

import structlog

from taskmanager.errors import BrokerUnavailableError, UnroutableMessageError
from taskmanager.messages import Message
from taskmanager.messages.topology import Topology
from taskmanager.ports.broker import Publisher

log = structlog.get_logger(__name__)


async def told(publisher: Publisher, topology: Topology, message: Message, *, keep: bool = False) -> bool:
    """Whether the broker has it; `keep`: for the scheduler even if broker or inbox go down meanwhile."""
    try:
        await publisher.publish(
            topology.events, topology.command_key, message.encode(), persistent=keep, mandatory=keep
        )
    except (BrokerUnavailableError, UnroutableMessageError) as error:
        log.debug("not_told", what=type(message).__name__, error=str(error))
        return False
    return True
