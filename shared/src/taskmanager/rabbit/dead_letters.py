"""The queue of dead letters: how many wait, why RabbitMQ made them, what they hold; and removing them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from taskmanager.model.registry import LETTERS_LIMIT
from taskmanager.ports.broker import FoundLetter
from taskmanager.rabbit.channel import AsyncChannel, ReceivedMessage
from taskmanager.rabbit.declare import ChannelSource
from taskmanager.rabbit.queue_depth import depth

FIRST_QUEUE, FIRST_REASON, DEATHS = "x-first-death-queue", "x-first-death-reason", "x-death"


class DeadLetters:
    """The queue of dead letters, on a connection that is kept open."""

    def __init__(self, broker: ChannelSource, queue: str) -> None:
        """Each pass uses its own channel, so that the messages return to their place afterwards."""
        self._broker, self._queue = broker, queue
        self._passing = asyncio.Lock()
        """What is fetched in one pass would be missing in another, and in the count."""

    async def waiting(self) -> int:
        """How many wait; raises TemporaryError."""
        async with self._passing:
            return await depth(self._broker, self._queue)

    async def reasons(self) -> "Counter[tuple[str, str]]":
        """Queue and reason of the first `LETTERS_LIMIT`; raises TemporaryError."""
        found: Counter[tuple[str, str]] = Counter()

        async def note(letter: FoundLetter) -> bool:
            found[(letter.queue, letter.cause)] += 1
            return False

        await self.go_through(note)
        return found

    async def go_through(
        self, remove: Callable[[FoundLetter], Awaitable[bool]], most: int = LETTERS_LIMIT
    ) -> None:
        """Show the first ones, the oldest first, and remove those for which `remove` says so.

        Raises TemporaryError; a letter that was to be removed may then still be there.
        """
        async with self._passing, self._fetching() as channel:
            kept = None
            for _ in range(most):
                message = await channel.get(self._queue)
                if message is None:
                    break
                if await remove(_found(message)):
                    channel.ack(message)
                else:
                    kept = message
            if kept is not None:
                channel.give_back_all(kept)
                await channel.waiting_in(self._queue)  # before whoever looks next

    @asynccontextmanager
    async def _fetching(self) -> AsyncIterator[AsyncChannel]:
        channel = await self._broker.channel()
        try:
            yield channel
        finally:
            channel.close()


def _found(message: ReceivedMessage) -> FoundLetter:
    """Fields that RabbitMQ did not write are empty: somebody may have put the message there by hand."""
    headers = message.headers
    return FoundLetter(
        body=message.body,
        key=message.key,
        user=message.user,
        queue=str(headers.get(FIRST_QUEUE, "")),
        cause=str(headers.get(FIRST_REASON, "")),
        died=_moment(headers),
    )


def _moment(headers: Mapping[str, Any]) -> datetime | None:
    """When it died last; pika gives timestamps without a zone, in UTC."""
    deaths = headers.get(DEATHS)
    died = deaths[0].get("time") if isinstance(deaths, list) and deaths else None
    return died.replace(tzinfo=UTC) if isinstance(died, datetime) else None
