"""The deliveries of an inbox that are not settled yet: how many, and since when the oldest one waits."""

import time
from collections.abc import Iterable

from taskmanager.ports.broker import Delivery


class InHand:
    """Counts what the broker has delivered and has not been told about again."""

    def __init__(self) -> None:
        """Nothing is in hand."""
        self._sent: dict[tuple[int, int], float] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._sent)

    def arrived(self, delivery: Delivery) -> None:
        """A delivery came; without a time of sending it counts from now on."""
        self._sent[delivery.generation, delivery.tag] = delivery.sent_at or time.time()

    def settled(self, deliveries: Iterable[Delivery]) -> None:
        """These are processed, or the broker delivers them again."""
        for delivery in deliveries:
            self._sent.pop((delivery.generation, delivery.tag), None)

    def oldest_seconds(self) -> float:
        """The age of the one that came first; 0 if there is none."""
        first = next(iter(self._sent.values()), None)
        return 0.0 if first is None else max(0.0, time.time() - first)
