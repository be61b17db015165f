"""The tickets of a plugin's queue one by one, although a message may hold several of them: a block.

A block is settled as a whole. It is acknowledged once all its tickets are used up or dropped. If some are
given back, it returns to its place in the queue as soon as none of its tickets is with a claim any more.
Whoever gets it next is refused the jobs that have begun, as with any ticket that comes twice; this runner
remembers which ones it has begun itself, and does not ask for them again.

A lane that wants one ticket gets the next of a block only if the one before was of no use; once it is closed,
the rest goes back. For a lane that wants many, the broker counts messages: how many tickets they hold is
learned from the latest ones.
"""

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from taskmanager.errors import InvalidMessageError
from taskmanager.messages import TicketReference, decode_tickets
from taskmanager.ports.broker import Delivery, Lanes
from taskmanager.process.logs import get_logger
from taskmanager_plugin_runner.metrics import TICKETS_DROPPED

REMEMBERED = 10_000
"""Of so many tickets it is known that they are used up."""
LATEST = 16
"""The mean size is that of about so many messages."""

log = get_logger(__name__)


@dataclass(eq=False, slots=True)
class _Block:
    """A message, and what has not become of its tickets yet."""

    lane: int
    message: Delivery
    size: int
    pending: deque[TicketReference]
    """Nobody has asked for their jobs."""
    claimed: int = 0
    """How many are with `on_ticket`'s listener."""
    goes_back: bool = False
    when_back: list[Callable[[], None]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketDelivery(Delivery):
    """One ticket of a message."""

    ticket: TicketReference
    block: _Block = field(repr=False, compare=False)


class TicketBlocks:
    """Takes messages from the lanes of the broker, and hands out their tickets."""

    def __init__(self, lanes: Lanes, plugin: str) -> None:
        """`plugin` is the metrics label."""
        self._lanes, self._plugin = lanes, plugin
        self._wanted: dict[int, int] = {}
        """Lane -> how many tickets it may have at a time; 0: it is closed."""
        self._blocks: dict[int, _Block] = {}
        """By the tags of their messages, all of one connection."""
        self._generation = 0
        self._ready: defaultdict[int, list[_Block]] = defaultdict(list)
        """Lane -> its blocks with pending tickets."""
        self._claimed: Counter[int] = Counter()
        """Lane -> how many tickets are with the listener."""
        self._used: OrderedDict[TicketReference, None] = OrderedDict()
        self._mean, self._expected = 1.0, 1
        self.on_ticket: Callable[[int, TicketDelivery], None] = _nobody_listens
        lanes.on_ticket = self._on_message

    # --- what is wanted

    def open(self, lane: int, tickets: int = 1, *, yields: bool = False) -> None:
        """Request tickets for this lane, so many at a time. See `taskmanager.ports.broker.Lanes.open`."""
        self._wanted[lane] = tickets
        self._lanes.open(lane, self._messages(tickets), yields=yields)
        self._hand_out(lane)

    def close(self, lane: int) -> None:
        """Request no more. What was handed out stays the lane's until it is settled; the rest goes back."""
        self._wanted[lane] = 0
        self._lanes.close(lane)
        for block in list(self._ready[lane]):
            self._turn_back(block)
            self._settle_if_over(block)

    # --- what becomes of a ticket

    def holds(self, delivery: TicketDelivery) -> bool:
        """Whether the ticket is still ours; see `taskmanager.ports.broker.Lanes.holds`."""
        block = delivery.block
        return self._blocks.get(block.message.tag) is block and self._lanes.holds(block.message)

    def alone(self, delivery: TicketDelivery) -> bool:
        """Whether its message holds no other ticket."""
        return delivery.block.size == 1

    def use_up(self, delivery: TicketDelivery) -> None:
        """Its job has begun."""
        if not self.alone(delivery):
            self._remember(delivery.ticket)
        self._settle(delivery.block)

    def drop(self, delivery: TicketDelivery) -> None:
        """It is of no use now: another ticket of this job may come."""
        self._settle(delivery.block)

    def give_back(self, delivery: TicketDelivery, done: Callable[[], None] | None = None) -> None:
        """Return it to its place in the queue. Close the lane first, or it comes straight back.

        `done` is called once it is there, at once or when the last claim of its block has been answered.
        """
        block = delivery.block
        if done is not None:
            block.when_back.append(done)
        if self._blocks.get(block.message.tag) is block:
            self._turn_back(block)
        self._settle(block)

    # --- what the broker delivers

    def _on_message(self, lane: int, message: Delivery) -> None:
        if message.generation != self._generation:
            self._begin_anew(message.generation)
        try:
            tickets = decode_tickets(message.body).tickets
        except InvalidMessageError as error:
            TICKETS_DROPPED.labels(self._plugin, "unreadable").inc()
            log.warning("ticket_dropped", reason="unreadable", error=str(error))
            self._lanes.ack(message)
            return
        self._learn(len(tickets))
        if self._too_many(lane, len(tickets)):
            self._lanes.give_back(message)
        else:
            block = _Block(lane, message, len(tickets), deque(tickets))
            self._blocks[message.tag] = block
            self._ready[lane].append(block)
            self._hand_out(lane)

    def _begin_anew(self, generation: int) -> None:
        """The broker has taken back what came on the connection before."""
        lost = list(self._blocks.values())
        self._generation = generation
        self._blocks.clear()
        self._ready.clear()
        self._claimed.clear()
        for block in lost:
            _tell(block)

    def _hand_out(self, lane: int) -> None:
        """Hand out pending tickets by priority while the lane may have more; one that is closed gets one."""
        while self._claimed[lane] < max(1, self._wanted.get(lane, 0)) and (ready := self._ready[lane]):
            block = max(ready, key=lambda one: one.message.priority)
            ticket = block.pending.popleft()
            if not block.pending:
                ready.remove(block)
            if block.message.redelivered and ticket in self._used:
                self._settle_if_over(block)
                continue  # but a ticket that was sent again is not one of those used up
            block.claimed += 1
            self._claimed[lane] += 1
            message = block.message
            delivery = TicketDelivery(
                message.body,
                message.key,
                message.tag,
                message.generation,
                message.redelivered,
                priority=message.priority,
                ticket=ticket,
                block=block,
            )
            self.on_ticket(lane, delivery)

    def _settle(self, block: _Block) -> None:
        """One of its tickets is done with."""
        if self._blocks.get(block.message.tag) is not block:
            _tell(block)
            return
        block.claimed -= 1
        self._claimed[block.lane] -= 1
        if block.pending and not self._wanted.get(block.lane):
            self._turn_back(block)
        self._settle_if_over(block)
        self._hand_out(block.lane)

    def _turn_back(self, block: _Block) -> None:
        """Nobody is to ask for the rest here."""
        block.goes_back = True
        if block.pending:
            block.pending.clear()
            self._ready[block.lane].remove(block)

    def _settle_if_over(self, block: _Block) -> None:
        if block.claimed or block.pending:
            return
        del self._blocks[block.message.tag]
        if block.goes_back:
            self._lanes.give_back(block.message)
        else:
            self._lanes.ack(block.message)
        _tell(block)

    def _remember(self, ticket: TicketReference) -> None:
        self._used[ticket] = None
        if len(self._used) > REMEMBERED:
            self._used.popitem(last=False)

    # --- how many tickets a message holds

    def _learn(self, size: int) -> None:
        """Expect large messages at once, small ones only when they are the rule."""
        self._mean += (size - self._mean) / LATEST
        before = self._expected
        if size >= 2 * before:
            self._expected, self._mean = _power_of_two(size), float(size)
        elif self._mean < before / 2:
            self._expected = _power_of_two(self._mean)
        if self._expected != before:
            for lane, tickets in self._wanted.items():
                if tickets > 1:
                    self._lanes.open(lane, self._messages(tickets))

    def _messages(self, tickets: int) -> int:
        """So many messages have that many tickets."""
        return max(1, tickets // self._expected)

    def _too_many(self, lane: int, size: int) -> bool:
        """Whether it came although the lane is closed, or is being closed because messages are large."""
        if not self._wanted.get(lane):
            return self._claimed[lane] > 0
        pending = sum(len(block.pending) for block in self._ready[lane])
        full = self._claimed[lane] + pending >= self._wanted[lane]
        return size > 1 and full and self._lanes.closing(lane)


def _power_of_two(number: float) -> int:
    """The largest that is not larger; the broker has to be told only when it changes."""
    return 1 << (max(1, int(number)).bit_length() - 1)


def _tell(block: _Block) -> None:
    """Whoever waits for this block: it is not ours any more."""
    waiting, block.when_back = block.when_back, []
    for done in waiting:
        done()


def _nobody_listens(lane: int, delivery: Delivery) -> None:
    log.error("ticket_without_listener", lane=lane, key=delivery.key)
