"""The shape of everything that lives on a connection.

It is opened anew with each connection and told when it is lost.
"""

from typing import Protocol

from pika.adapters.asyncio_connection import AsyncioConnection

from taskmanager.rabbit.starvation_watch import IdleConsumer


class ConnectionPart(Protocol):
    """A publisher, a subscription, lanes."""

    async def open(self, connection: AsyncioConnection) -> None:
        """Make the channel and what it needs; raises TemporaryError if that fails."""

    def lost(self) -> None:
        """The connection is gone: fail what is pending."""

    def check(self) -> str | None:
        """What is wrong, or None."""

    async def look(self, connection: AsyncioConnection) -> None:
        """See whether what others make for it is still there; `check` tells. Raises TemporaryError."""

    def hunger(self) -> IdleConsumer | None:
        """What it consumes, if it could take another message now."""
