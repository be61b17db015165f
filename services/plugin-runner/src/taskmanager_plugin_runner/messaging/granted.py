"""Jobs that are granted and wait for a slot, the next one first. They have their tickets still."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from taskmanager.messages import AttemptReference, Grant
from taskmanager_plugin_runner.messaging.leases import Reference
from taskmanager_plugin_runner.messaging.ticket_blocks import TicketDelivery


@dataclass(frozen=True, slots=True)
class Granted:
    """A granted job, and its ticket; times in seconds of `clock`."""

    grant: Grant
    delivery: TicketDelivery
    asked_at: float
    granted_at: float
    lane: int

    @property
    def key(self) -> Reference:
        """Job and attempt."""
        return self.grant.job, self.grant.attempt

    @property
    def reference(self) -> AttemptReference:
        """The attempt's reference in messages."""
        return AttemptReference(job=self.grant.job, attempt=self.grant.attempt)


@dataclass(order=True, slots=True)
class _Entry:
    priority: int
    order: int
    granted: Granted = field(compare=False)


class GrantQueue:
    """Ordered by the priorities of the tickets, then by arrival."""

    def __init__(self) -> None:
        """Empty."""
        self._entries: list[_Entry] = []
        self._order = count()

    def __len__(self) -> int:
        """How many wait."""
        return len(self._entries)

    @property
    def references(self) -> tuple[AttemptReference, ...]:
        """All that wait, in no particular order."""
        return tuple(entry.granted.reference for entry in self._entries)

    @property
    def oldest(self) -> float:
        """Since when the oldest has waited, in seconds of `clock`; infinity if none does."""
        return min((entry.granted.granted_at for entry in self._entries), default=float("inf"))

    def put(self, granted: Granted) -> None:
        """Add one."""
        heapq.heappush(self._entries, _Entry(-granted.delivery.priority, next(self._order), granted))

    def pop(self) -> Granted | None:
        """Take the next one."""
        return heapq.heappop(self._entries).granted if self._entries else None

    def take(self, wanted: Callable[[Granted], bool]) -> list[Granted]:
        """Take all of a kind, in their order."""
        taken = sorted(entry for entry in self._entries if wanted(entry.granted))
        self._entries = [entry for entry in self._entries if not wanted(entry.granted)]
        heapq.heapify(self._entries)
        return [entry.granted for entry in taken]
