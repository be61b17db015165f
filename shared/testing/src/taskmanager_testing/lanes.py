"""Lanes over a queue in memory with the full contract of `taskmanager.ports.broker.Lanes`."""

import heapq
from collections import Counter
from collections.abc import Callable
from itertools import count

from taskmanager.ports.broker import Delivery


class FakeLanes:
    """A priority queue of tickets; each open lane gets as many as it asked for, by priority, then by age.

    A lane that yields gets one only if no other lane can take it.

    Tickets are delivered at once when a lane opens, or a ticket is settled or put, as by a fast broker.
    """

    def __init__(self) -> None:
        """No tickets, no open lane."""
        self.on_ticket: Callable[[int, Delivery], None] = _nobody_listens
        self.opened: set[int] = set()
        self.sizes: dict[int, int] = {}
        self.yielding: set[int] = set()
        self.slow_to_close: set[int] = set()
        self.acked: list[bytes] = []
        self.returned: list[bytes] = []
        self._waiting: list[tuple[int, int, bytes]] = []
        self._out: dict[int, tuple[int, int, int, bytes]] = {}
        self._order, self._tags = count(), count(1)
        self._generation = 1
        self._delivered_before: set[int] = set()

    @property
    def unacknowledged(self) -> int:
        """Tickets that were delivered and not settled."""
        return len(self._out)

    @property
    def waiting(self) -> list[bytes]:
        """Tickets in the queue, the next one first."""
        return [body for _, _, body in sorted(self._waiting)]

    @property
    def delivered(self) -> list[bytes]:
        """Tickets that were delivered and not settled."""
        return [body for _, _, _, body in self._out.values()]

    def put(self, body: bytes, *, priority: int = 0) -> None:
        """A ticket arrives in the queue."""
        heapq.heappush(self._waiting, (-priority, next(self._order), body))
        self._hand_out()

    def reconnect(self) -> None:
        """The connection breaks and returns: delivered tickets go back to the queue, open lanes stay open."""
        self._generation += 1
        for _, priority, order, body in self._out.values():
            heapq.heappush(self._waiting, (priority, order, body))
        self._out.clear()
        self._hand_out()

    def open(self, lane: int, tickets: int = 1, *, yields: bool = False) -> None:
        """See `taskmanager.ports.broker.Lanes.open`."""
        self.opened.add(lane)
        self.sizes[lane] = tickets
        (self.yielding.add if yields else self.yielding.discard)(lane)
        self._hand_out()

    def close(self, lane: int) -> None:
        """See `taskmanager.ports.broker.Lanes.close`."""
        self.opened.discard(lane)

    def closing(self, lane: int) -> bool:
        """See `taskmanager.ports.broker.Lanes.closing`; a fast broker closes a lane at once, unless set."""
        return lane in self.slow_to_close

    def holds(self, delivery: Delivery) -> bool:
        """See `taskmanager.ports.broker.Lanes.holds`."""
        return delivery.generation == self._generation

    def ack(self, delivery: Delivery) -> None:
        """See `taskmanager.ports.broker.Lanes.ack`; no effect once its connection is lost."""
        if self.holds(delivery):
            self.acked.append(self._out.pop(delivery.tag)[3])
            self._hand_out()

    def give_back(self, delivery: Delivery) -> None:
        """See `taskmanager.ports.broker.Lanes.give_back`; no effect once its connection is lost."""
        if self.holds(delivery):
            _, priority, order, body = self._out.pop(delivery.tag)
            self.returned.append(body)
            heapq.heappush(self._waiting, (priority, order, body))
            self._hand_out()

    def _hand_out(self) -> None:
        """Give each open lane with room the next ticket; listeners may open and close lanes meanwhile."""
        while self._waiting:
            busy = Counter(lane for lane, _, _, _ in self._out.values())
            can_take = [one for one in self.opened if busy[one] < self.sizes[one]]
            if not can_take:
                return
            lane = min(can_take, key=lambda one: (one in self.yielding, one))
            priority, order, body = heapq.heappop(self._waiting)
            tag = next(self._tags)
            self._out[tag] = (lane, priority, order, body)
            again = order in self._delivered_before
            self._delivered_before.add(order)
            self.on_ticket(lane, Delivery(body, str(lane), tag, self._generation, again, priority=-priority))


def _nobody_listens(lane: int, delivery: Delivery) -> None:
    message = f"lane {lane} has no listener for ticket {delivery.tag}"
    raise AssertionError(message)
