"""Which lanes of a plugin's queue are open: those of free slots, or the one that takes tickets ahead."""

import asyncio
import random
from collections.abc import Callable
from typing import Protocol

from taskmanager_plugin_runner.messaging.ticket_blocks import TicketBlocks, TicketDelivery

AHEAD = -1
"""The number of the lane that takes tickets ahead of the slots; those of the slots are theirs, from 0."""
REST_SECONDS = (1.0, 2.0)
"""How long a lane rests after its ticket was given back, so that a ticket does not go round in circles."""
YIELDING_RESTS_TIMES = 10
"""By how much longer a lane rests that yields: nobody is idle meanwhile."""


class Capacity(Protocol):
    """How many jobs a runner may begin."""

    @property
    def slots(self) -> int:
        """How many it works on at the same time."""

    @property
    def now(self) -> int:
        """How many it could work on at once."""

    @property
    def ahead(self) -> int:
        """For how many more it would only bring the input, while it works on others."""


class OpenLanes:
    """Opens and closes lanes as slots become free or busy, and settles tickets without reading them."""

    def __init__(self, lanes: TicketBlocks, capacity: Capacity, asks: Callable[[int], object]) -> None:
        """All are closed until tickets are admitted. `asks`: whether the lane has a claim without answer."""
        self._lanes, self._capacity, self._asks = lanes, capacity, asks
        self._open: set[int] = set()
        self._yielding: set[int] = set()
        self._resting: dict[int, asyncio.TimerHandle] = {}
        self._returning = 0
        self.free: set[int] = set()
        """The slots that can take a job."""
        self.admitting = False
        self.room = 0
        """How many tickets are taken ahead of the slots; 0: one for each free slot."""

    def admit(self, *, wanted: bool) -> None:
        """Accept tickets, or accept none until told otherwise."""
        if wanted != self.admitting:
            self.admitting = wanted
            self.adjust_all()

    def look_ahead(self, room: int) -> None:
        """Take so many tickets more than there are slots; 0: one for each free slot."""
        room = 0 if AHEAD in self._resting else room
        if room != self.room:
            self.room = room
            self.adjust_all()

    def add(self, slot: int) -> None:
        """The slot can take a job; its lane is opened by `adjust`."""
        self.free.add(slot)

    def next_free(self) -> int | None:
        """The slot to begin a job that waits for one; None if there is none to work on it at once."""
        return min(self.free) if self.free and self._capacity.now else None

    def may_take(self, lane: int) -> bool:
        """Whether a ticket is welcome there."""
        if lane == AHEAD or not self._wanted(lane):
            return self._wanted(lane)
        return lane in self.free and self._turn(lane) < sum(self._may_begin())

    def adjust(self, lane: int) -> None:
        """Open or close the lane of a free slot, or the one ahead, as required."""
        if lane in self._resting or (lane != AHEAD and lane not in self.free):
            return
        if not self.may_take(lane):
            self.close(lane)
        elif lane == AHEAD:
            self._lanes.open(lane, self.room + self._capacity.slots)
        else:
            now, _ = self._may_begin()
            yields = self._turn(lane) >= now
            self._open.add(lane)
            (self._yielding.add if yields else self._yielding.discard)(lane)
            self._lanes.open(lane, yields=yields)

    def adjust_all(self) -> None:
        """As `adjust`, for all lanes: more jobs or fewer may be begun."""
        for slot in sorted(self.free, key=self._turn, reverse=True):
            self.adjust(slot)
        self.adjust(AHEAD)

    def freed(self, slot: int) -> None:
        """As `adjust`, for the lane of a slot that has become free, or for those whose turn is before it."""
        if len(self.free) <= self._capacity.now:
            self.adjust(slot)
        else:
            self.adjust_all()

    def close(self, lane: int) -> None:
        """Request no more tickets there until `adjust`."""
        self._open.discard(lane)
        self._lanes.close(lane)

    def holds(self, delivery: TicketDelivery) -> bool:
        """Whether the ticket is still ours."""
        return self._lanes.holds(delivery)

    def alone(self, delivery: TicketDelivery) -> bool:
        """Whether it came in a message of its own."""
        return self._lanes.alone(delivery)

    def use_up(self, lane: int, delivery: TicketDelivery) -> None:
        """Acknowledge a ticket; the broker sends its lane another one only if that is wanted."""
        if not self.may_take(lane):
            self.close(lane)
        self._lanes.use_up(delivery)

    def drop(self, delivery: TicketDelivery) -> None:
        """Acknowledge a ticket that is of no use."""
        self._lanes.drop(delivery)

    def give_back(self, lane: int, delivery: TicketDelivery) -> None:
        """Return a ticket to its place in the queue, and close its lane, or it comes straight back."""
        self.close(lane)
        self._lanes.give_back(delivery)

    def return_later(self, number: int) -> None:
        """So many tickets will be returned. Until then no other is taken: those stand behind them."""
        self._returning += number
        self.adjust_all()

    def return_ticket(self, delivery: TicketDelivery) -> None:
        """Return one of them; once the last one is back in its place tickets are taken again."""
        self._lanes.give_back(delivery, self._returned)

    def _returned(self) -> None:
        self._returning -= 1
        if not self._returning:
            self.adjust_all()

    def rest(self, lane: int) -> None:
        """Close the lane for a while; while the one ahead rests, the slots take their own tickets."""
        self.close(lane)
        if (resting := self._resting.pop(lane, None)) is not None:
            resting.cancel()
        seconds = random.uniform(*REST_SECONDS)  # noqa: S311 - only spreads the load
        if lane in self._yielding:
            seconds *= YIELDING_RESTS_TIMES
        self._resting[lane] = asyncio.get_running_loop().call_later(seconds, self._rested, lane)
        if lane == AHEAD:
            self.look_ahead(0)

    def end(self) -> None:
        """Nothing is opened any more."""
        self.admit(wanted=False)
        for timer in self._resting.values():
            timer.cancel()

    def _rested(self, lane: int) -> None:
        self._resting.pop(lane, None)
        self.adjust(lane)

    def _wanted(self, lane: int) -> bool:
        """Whether the lane is to be open, apart from whether its slot is free."""
        takes = self.admitting and not self._returning and lane not in self._resting
        return takes and (lane == AHEAD) == (self.room > 0)

    def _may_begin(self) -> tuple[int, int]:
        """How many slots may take a job to work on, and how many more to bring its input ahead."""
        now = self._capacity.now
        return (now, 0) if len(self.free) <= now else (now, self._capacity.ahead)

    def _turn(self, slot: int) -> int:
        """The place of a slot among the free ones: those come first that have asked, or are open already."""
        if len(self.free) <= self._capacity.now:
            return 0
        ready = self.free - self._resting.keys()
        return sum(self._rank(one) < self._rank(slot) for one in ready)

    def _rank(self, slot: int) -> tuple[bool, bool, int]:
        return not self._asks(slot), slot not in self._open, slot
