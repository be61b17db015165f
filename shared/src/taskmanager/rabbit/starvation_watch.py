"""Notices a consumer that gets nothing although messages wait in its queue.

A broker reports a consumer it cancels, but not one it has forgotten, and a heartbeat proves only that the
connection is alive. The check itself needs an answer from the broker, which is further proof that it is
alive.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from taskmanager.rabbit.channel import AsyncChannel, QueueMissingError

LOOKS, STANDBY_LOOKS = 2, 6


@dataclass(frozen=True, slots=True)
class IdleConsumer:
    """A consumer that could take another message.

    `deliveries` is how many it got since it was opened; `single_active` means that its queue serves only one
    consumer at a time.
    """

    queue: str
    deliveries: int
    single_active: bool = False

    @property
    def stands_by(self) -> bool:
        """Whether another consumer may be served instead, which the broker does not reveal."""
        return self.single_active and self.deliveries == 0


class StarvationWatch:
    """Compares successive checks during one connection."""

    def __init__(self) -> None:
        """Begin without any checks."""
        self._looks: dict[IdleConsumer, int] = {}

    async def look(self, channel: AsyncChannel, idle: Iterable[IdleConsumer]) -> IdleConsumer | None:
        """A consumer that got nothing from one check to the next while messages waited.

        Closes the channel if a queue does not exist, which this watch does not report. Raises TemporaryError.
        """
        before, self._looks = self._looks, {}
        for consumer in idle:
            try:
                waiting = await channel.waiting_in(consumer.queue)
            except QueueMissingError:
                return None
            if waiting:
                self._looks[consumer] = before.get(consumer, 0) + 1
        starved = next((one for one, looks in self._looks.items() if looks >= _patience(one)), None)
        if starved is not None:
            del self._looks[starved]
        return starved


def _patience(consumer: IdleConsumer) -> int:
    """How many checks; more for one that stands by, although consuming again needlessly does no harm."""
    return STANDBY_LOOKS if consumer.stands_by else LOOKS
