"""Inspects dead letters without removing them: how many wait, and why RabbitMQ made them."""

from collections import Counter

from taskmanager.rabbit.channel import ReceivedMessage
from taskmanager.rabbit.declare import ChannelSource
from taskmanager.rabbit.queue_depth import depth

MOST_READ = 100
FIRST_QUEUE, FIRST_REASON = "x-first-death-queue", "x-first-death-reason"


class DeadLetters:
    """The queue of dead letters, on a connection that is kept open."""

    def __init__(self, broker: ChannelSource, queue: str) -> None:
        """Each inspection uses its own channel, so that the messages return to their place afterwards."""
        self._broker, self._queue = broker, queue

    async def waiting(self) -> int:
        """How many wait; raises TemporaryError."""
        return await depth(self._broker, self._queue)

    async def reasons(self) -> "Counter[tuple[str, str]]":
        """Queue and reason of the first `MOST_READ`; raises TemporaryError."""
        found: Counter[tuple[str, str]] = Counter()
        channel = await self._broker.channel()
        try:
            while found.total() < MOST_READ and (letter := await channel.get(self._queue)):
                found[_reason(letter)] += 1
        finally:
            channel.close()
        return found


def _reason(letter: ReceivedMessage) -> tuple[str, str]:
    return str(letter.headers.get(FIRST_QUEUE, "")), str(letter.headers.get(FIRST_REASON, ""))
