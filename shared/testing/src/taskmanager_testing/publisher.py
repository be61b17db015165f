"""A publisher in memory with the full contract of `taskmanager.ports.broker.Publisher`; knows no broker."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from taskmanager.errors import BrokerUnavailableError, TaskManagerError, UnroutableMessageError
from taskmanager.ports.broker import Outgoing, Publisher


@dataclass(frozen=True, slots=True)
class Published:
    """One message the publisher accepted."""

    exchange: str
    key: str
    body: bytes
    priority: int
    persistent: bool
    mandatory: bool


class FakePublisher(Publisher):
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

    async def publish_all(
        self, exchange: str, messages: Sequence[Outgoing], *, persistent: bool = True, mandatory: bool = False
    ) -> list[TaskManagerError | None]:
        """See `taskmanager.ports.broker.Publisher.publish_all`."""
        if not self.available:
            return [BrokerUnavailableError("not connected to the broker") for _ in messages]
        if mandatory and not self.routable:
            return [UnroutableMessageError("no queue takes this message") for _ in messages]
        accepted = [
            Published(exchange, one.key, one.body, one.priority, persistent, mandatory) for one in messages
        ]
        self.messages += accepted
        await self.confirms.wait()
        if self._on_published:
            for one in accepted:
                self._on_published(one)
        return [None for _ in messages]
