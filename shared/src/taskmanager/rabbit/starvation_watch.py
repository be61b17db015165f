"""Notices a consumer that gets nothing although messages wait in its queue.

A broker tells of a consumer it cancels, but not of one it has forgotten, and a heartbeat proves only that the
connection lives. Whoever looks is answered by the broker or not, which is one more proof of life.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from taskmanager.rabbit.channel import AsyncChannel, QueueMissingError

LOOKS, STANDBY_LOOKS = 2, 6


@dataclass(frozen=True, slots=True)
class IdleConsumer:
    """A consumer that could take another message.

    `deliveries` is how many it got since it was opened, `single_active` is the queue's way of serving one
    consumer alone.
    """

    queue: str
    deliveries: int
    single_active: bool = False


class StarvationWatch:
    """Compares looks in a row, for the length of one connection."""

    def __init__(self) -> None:
        """Nothing was looked at."""
        self._looks: dict[IdleConsumer, int] = {}

    async def look(self, channel: AsyncChannel, hungry: Iterable[IdleConsumer]) -> str | None:
        """What is wrong if a consumer got nothing from one look to the next while messages waited.

        Closes the channel if a queue is not there, which is no matter of this watch. Raises TemporaryError.
        """
        before, self._looks = self._looks, {}
        for hunger in hungry:
            try:
                waiting = await channel.waiting_in(hunger.queue)
            except QueueMissingError:
                return None
            if waiting:
                self._looks[hunger] = before.get(hunger, 0) + 1
        for hunger, looks in self._looks.items():
            if looks >= _patience(hunger):
                return f"the consumer of {hunger.queue} gets nothing although messages wait"
        return None


def _patience(hunger: IdleConsumer) -> int:
    """How many looks: more where another consumer may be served instead, which the broker does not tell.

    A needless new connection of one that stands by does no harm.
    """
    return STANDBY_LOOKS if hunger.single_active and hunger.deliveries == 0 else LOOKS
