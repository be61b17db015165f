"""A plugin's queue consumed by lanes with few tickets each, so that the broker's priorities decide late.

Each lane is a separate consumer with a prefetch of its own on one channel. Acknowledging a ticket makes the
broker send the lane its next one, so a lane is closed first, and the acknowledgement waits until the broker
has confirmed that. A lane that is to get another number of tickets is closed and opened again. A lane that
yields has a lower consumer priority: the broker prefers all others that can take a ticket, of any runner.

Others declare the queue. While it does not exist, or its node is down, no lane is opened, and `check` reports
it, whether lanes are wanted or not.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pika.adapters.asyncio_connection import AsyncioConnection

from taskmanager.errors import BrokerUnavailableError
from taskmanager.messages.topology import Queue
from taskmanager.ports.broker import Delivery
from taskmanager.process.logs import get_logger
from taskmanager.rabbit.channel import AsyncChannel, open_channel
from taskmanager.rabbit.starvation_watch import IdleConsumer

_CLOSED = (0, False)
_BEHIND_OTHERS = -1
"""The consumer priority of a lane that yields; 0 is everyone's."""

log = get_logger(__name__)


@dataclass(slots=True)
class _Lane:
    """What the runner wants of a lane, and what the broker knows about it."""

    wanted: tuple[int, bool] = _CLOSED
    """How many tickets it is to get at a time, and whether it yields to other lanes."""
    opened: tuple[int, bool] = _CLOSED
    """How it is open."""
    consumer: str | None = None
    tickets: int = 0
    closing: bool = False
    settle_later: list[Callable[[], None]] = field(default_factory=list)


class RabbitLanes:
    """Implements `taskmanager.ports.broker.Lanes`."""

    def __init__(self, queue: Queue, on_broken: Callable[[str], None]) -> None:
        """`queue` is declared with the plugin's first hello."""
        self._queue = queue
        self._on_broken = on_broken
        self._channel: AsyncChannel | None = None
        self._missing: str | None = None
        self._generation = 0
        self._opened = 0
        self._deliveries = 0
        self._prefetch = 0
        """What the channel gives the next consumer."""
        self._lanes: dict[int, _Lane] = {}
        self.on_ticket: Callable[[int, Delivery], None] = _nobody_listens

    def check(self) -> str | None:
        """What keeps it from consuming."""
        if self._channel is None or not self._channel.is_open:
            return f"no channel for {self._queue.name}"
        return self._missing

    async def open_connection(self, connection: AsyncioConnection) -> None:
        """Open the channel and the lanes that were open before."""
        self._missing = await self._absence(connection)
        channel = await open_channel(connection, self._channel_closed)
        self._prefetch = 0
        channel.raw.add_on_cancel_callback(
            lambda _: self._on_broken(f"consumer of {self._queue.name} was cancelled")
        )
        self._generation += 1
        self._channel = channel
        for number, lane in self._lanes.items():
            self._lanes[number] = _Lane(wanted=lane.wanted)
            self._reconcile(number)

    async def look(self, connection: AsyncioConnection) -> None:
        """Check that the queue exists, and open the lanes that wait for it; raises TemporaryError."""
        before, self._missing = self._missing, await self._absence(connection)
        if before is None or self._missing is not None:
            return
        if any(lane.consumer is not None for lane in self._lanes.values()):
            self._on_broken(f"{self._queue.name} is there again")  # consumers of the old one get nothing
        for number in self._lanes:
            self._reconcile(number)

    async def _absence(self, connection: AsyncioConnection) -> str | None:
        """Why the queue cannot be used. The broker itself is healthy if it opens a channel."""
        channel = await open_channel(connection, lambda _: None)
        try:
            await channel.waiting_in(self._queue.name)
        except BrokerUnavailableError as error:
            return f"no queue {self._queue.name}: {error}"
        finally:
            channel.close()
        return None

    def _channel_closed(self, reason: BaseException) -> None:
        if self._channel is not None:
            self._channel = None
            self._on_broken(f"channel of {self._queue.name} closed: {reason}")

    def lost(self) -> None:
        """The connection is gone; the broker has already returned unacknowledged tickets to the queue."""
        self._channel = None

    def idle_consumer(self) -> IdleConsumer | None:
        """A lane that is open and has no ticket is waiting for one."""
        waits = self._missing is None and any(
            lane.consumer is not None and not lane.closing and not lane.tickets
            for lane in self._lanes.values()
        )
        return IdleConsumer(self._queue.name, self._deliveries) if waits else None

    def open(self, lane: int, tickets: int = 1, *, yields: bool = False) -> None:
        """See `taskmanager.ports.broker.Lanes.open`."""
        self._lanes.setdefault(lane, _Lane()).wanted = (tickets, yields)
        self._reconcile(lane)

    def close(self, lane: int) -> None:
        """See `taskmanager.ports.broker.Lanes.close`."""
        self._lanes.setdefault(lane, _Lane()).wanted = _CLOSED
        self._reconcile(lane)

    def closing(self, lane: int) -> bool:
        """See `taskmanager.ports.broker.Lanes.closing`."""
        known = self._lanes.get(lane)
        return known is not None and known.closing

    def holds(self, delivery: Delivery) -> bool:
        """See `taskmanager.ports.broker.Lanes.holds`."""
        return self._channel is not None and delivery.generation == self._generation

    def ack(self, delivery: Delivery) -> None:
        """See `taskmanager.ports.broker.Lanes.ack`."""
        self._settle(delivery, lambda channel: channel.raw.basic_ack(delivery.tag))

    def give_back(self, delivery: Delivery) -> None:
        """See `taskmanager.ports.broker.Lanes.give_back`."""
        self._settle(delivery, lambda channel: channel.raw.basic_nack(delivery.tag, requeue=True))

    def _settle(self, delivery: Delivery, action: Callable[[AsyncChannel], None]) -> None:
        channel = self._channel
        if channel is None or not self.holds(delivery):
            return
        lane = self._lanes[int(delivery.key)]
        lane.tickets -= 1
        if lane.closing:
            lane.settle_later.append(lambda: action(channel))
        else:
            action(channel)

    def _reconcile(self, number: int) -> None:
        """Bring the broker's view of a lane to the desired state; while it closes, the answer does that."""
        lane = self._lanes[number]
        if self._channel is None or self._missing or lane.closing or lane.wanted == lane.opened:
            return
        if lane.opened == _CLOSED:
            self._consume(number, lane, self._channel)
        else:
            lane.closing = True
            generation = self._generation
            self._channel.raw.basic_cancel(lane.consumer, callback=lambda _: self._closed(number, generation))

    def _consume(self, number: int, lane: _Lane, channel: AsyncChannel) -> None:
        self._opened += 1
        generation = self._generation

        def deliver(_channel: Any, method: Any, properties: Any, body: bytes) -> None:
            self._deliveries += 1
            self._lanes[number].tickets += 1
            ticket = Delivery(
                body,
                str(number),
                method.delivery_tag,
                generation,
                method.redelivered,
                priority=properties.priority or 0,
            )
            self.on_ticket(number, ticket)

        tickets, yields = lane.wanted
        if tickets != self._prefetch:
            channel.raw.basic_qos(prefetch_count=tickets)
            self._prefetch = tickets
        tag = f"lane-{number}-{self._opened}"
        rank = {"x-priority": _BEHIND_OTHERS} if yields else None
        lane.opened = lane.wanted
        lane.consumer = channel.raw.basic_consume(self._queue.name, deliver, consumer_tag=tag, arguments=rank)

    def _closed(self, number: int, generation: int) -> None:
        if generation != self._generation:
            return
        lane = self._lanes[number]
        settle, lane.settle_later = lane.settle_later, []
        lane.consumer, lane.opened, lane.closing = None, _CLOSED, False
        for action in settle:
            action()
        self._reconcile(number)


def _nobody_listens(lane: int, delivery: Delivery) -> None:
    log.error("ticket_without_listener", lane=lane, key=delivery.key)
