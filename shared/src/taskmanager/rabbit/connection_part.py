"""The interface of everything that uses a connection.

A part is opened again with each new connection and notified when the connection is lost.
"""

from typing import Protocol

from pika.adapters.asyncio_connection import AsyncioConnection

from taskmanager.rabbit.starvation_watch import IdleConsumer


class ConnectionPart(Protocol):
    """A publisher, a subscription, lanes."""

    async def open(self, connection: AsyncioConnection) -> None:
        """Open the channel and what the part needs; raises TemporaryError if that fails."""

    def lost(self) -> None:
        """The connection is gone: fail what is pending."""

    def check(self) -> str | None:
        """What is wrong, or None."""

    async def look(self, connection: AsyncioConnection) -> None:
        """Check that what others declare for it still exists; `check` reports it. Raises TemporaryError."""

    def idle_consumer(self) -> IdleConsumer | None:
        """What it consumes, if it could take another message now."""
