"""Jobs that are granted and wait for a slot, the next one first. They have their tickets still."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass

from taskmanager.messages import AttemptReference, Grant
from taskmanager.process import tracing
from taskmanager_plugin_runner.files.job_ids import is_job_id
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
    number: int = 0
    """Those of the same priority begin in the order of their numbers."""

    @property
    def key(self) -> Reference:
        """Job and attempt."""
        return self.grant.job, self.grant.attempt

    @property
    def rank(self) -> tuple[int, int]:
        """What begins first: by the priorities of the tickets, then by arrival."""
        return -self.delivery.priority, self.number

    @property
    def is_simple(self) -> bool:
        """Whether nothing is to be transferred or traced, and nothing is wrong with the job's id."""
        spec = self.grant.spec
        if tracing.on():
            return False
        return spec.source is None and spec.destination is None and is_job_id(self.grant.job)

    def fits(self, other: "Granted") -> bool:
        """Whether one slot may be told both at once: both are simple, and the same limits apply to both."""
        same = self.grant.spec.template == other.grant.spec.template
        return same and self.is_simple and other.is_simple

    @property
    def reference(self) -> AttemptReference:
        """The attempt's reference in messages."""
        return AttemptReference(job=self.grant.job, attempt=self.grant.attempt)


class GrantQueue:
    """Ordered by the ranks of what waits."""

    def __init__(self) -> None:
        """Empty."""
        self._waiting: list[tuple[tuple[int, int], Granted]] = []

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @property
    def references(self) -> tuple[AttemptReference, ...]:
        """All that wait, in no particular order."""
        return tuple(one.reference for _, one in self._waiting)

    @property
    def oldest(self) -> float:
        """Since when the oldest has waited, in seconds of `clock`; infinity if none does."""
        return min((one.granted_at for _, one in self._waiting), default=float("inf"))

    def put(self, granted: Granted) -> None:
        """Add one; its number must be its own."""
        heapq.heappush(self._waiting, (granted.rank, granted))

    def pop(self, most: int) -> list[Granted]:
        """Take the next one, and up to `most` with those behind it that fit it."""
        taken: list[Granted] = []
        while self._waiting and (not taken or (len(taken) < most and taken[0].fits(self._waiting[0][1]))):
            taken.append(heapq.heappop(self._waiting)[1])
        return taken

    def take(self, wanted: Callable[[Granted], bool]) -> list[Granted]:
        """Take all of a kind, in their order."""
        taken = sorted((one for _, one in self._waiting if wanted(one)), key=lambda one: one.rank)
        self._waiting = [entry for entry in self._waiting if not wanted(entry[1])]
        heapq.heapify(self._waiting)
        return taken
