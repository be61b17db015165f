"""A publisher in memory with the full contract of `taskmanager.ports.broker.Publisher`; knows no broker."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from taskmanager.errors import BrokerUnavailableError, UnroutableMessageError


@dataclass(frozen=True, slots=True)
class Published:
    """One message the publisher accepted."""

    exchange: str
    key: str
    body: bytes
    priority: int
    persistent: bool
    mandatory: bool


class FakePublisher:
    """Keeps what was published; can be made unavailable, silent or without a route."""

    def __init__(self, on_published: Callable[[Published], None] | None = None) -> None:
        """`on_published` sees every accepted message, as a queue bound to it would."""
        self.messages: list[Published] = []
        self.available = True
        self.routable = True
        self.confirms = asyncio.Event()
        """While cleared, the broker accepts messages but confirms nothing."""
        self.confirms.set()
        self._on_published = on_published

    @property
    def ready(self) -> bool:
        """Whether it was left available."""
        return self.available

    async def publish(
        self,
        exchange: str,
        key: str,
        body: bytes,
        *,
        priority: int = 0,
        persistent: bool = True,
        mandatory: bool = False,
    ) -> None:
        """See `taskmanager.ports.broker.Publisher.publish`."""
        if not self.available:
            message = "not connected to the broker"
            raise BrokerUnavailableError(message)
        if mandatory and not self.routable:
            message = "no queue takes this message"
            raise UnroutableMessageError(message)
        published = Published(exchange, key, body, priority, persistent, mandatory)
        self.messages.append(published)
        await self.confirms.wait()
        if self._on_published:
            self._on_published(published)
