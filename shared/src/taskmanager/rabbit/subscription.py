"""Consuming a queue across reconnects."""

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from pika.adapters.asyncio_connection import AsyncioConnection

from taskmanager.errors import TemporaryError
from taskmanager.messages.topology import Binding, Queue
from taskmanager.ports.broker import Delivery
from taskmanager.process.logs import get_logger
from taskmanager.rabbit.channel import AsyncChannel, QueueLockedError, UnansweredError, open_channel
from taskmanager.rabbit.declare import bind, declare_private
from taskmanager.rabbit.starvation_watch import IdleConsumer

log = get_logger(__name__)


class RabbitSubscription:
    """Implements `taskmanager.ports.broker.Subscription`.

    If the broker cancels the consumer (the queue was deleted) or closes the channel, `on_broken` is called
    and the owner opens everything again.

    A private queue is consumed without acknowledgement: it ends with its consumer, so nothing could ever be
    redelivered, and an unacknowledged message would close the channel after the broker's consumer timeout.
    Its one consumer proves that an id is in use: a second subscription waits. The queue itself is not
    exclusive, because in RabbitMQ 4.3 an exclusive queue cannot be deleted while its node is lost.
    """

    def __init__(
        self,
        queue: Queue,
        on_delivery: Callable[[Delivery], None],
        *,
        prefetch: int,
        bindings: Sequence[Binding],
        on_broken: Callable[[str], None],
    ) -> None:
        """`prefetch` 0 means no limit; a private queue allows only that.

        Private queues are declared here, shared ones must exist.
        """
        self._queue = queue
        self._on_delivery = on_delivery
        self._prefetch = prefetch
        self._bindings = bindings
        self._on_broken = on_broken
        self._connection: AsyncioConnection | None = None
        self._channel: AsyncChannel | None = None
        self._generation = 0
        self._deliveries = 0
        self._settled = 0

    @property
    def ready(self) -> bool:
        """Whether messages are being delivered."""
        return self.check() is None

    @property
    def generation(self) -> int:
        """Number of the channel in use; deliveries from older ones can no longer be acknowledged."""
        return self._generation

    def check(self) -> str | None:
        """What keeps it from consuming."""
        if self._channel is None or not self._channel.is_open:
            return f"not consuming {self._queue.name}"
        return None

    async def open(self, connection: AsyncioConnection) -> None:
        """Declare the queue if it is private, bind it and consume it."""
        self._connection = connection
        generation = self._generation + 1
        channel = await open_channel(connection, partial(self._channel_closed, generation))
        if self._queue.private:
            await declare_private(channel, self._queue)
        await self._bind(channel)
        if self._prefetch:
            await channel.call("basic_qos", prefetch_count=self._prefetch)
        channel.raw.add_on_cancel_callback(
            lambda _: self._on_broken(f"consumer of {self._queue.name} was cancelled")
        )
        self._generation = generation
        self._deliveries = self._settled = 0
        await self._consume(channel, generation)
        self._channel = channel

    async def stand_back(self) -> None:
        """Let the next consumer of a queue with a single active one have its turn.

        This one is then the last in line. What is unacknowledged returns to its place in the queue, as if the
        connection had been lost; so it is if this fails.
        """
        former, connection = self._channel, self._connection
        if former is None or connection is None:
            return
        try:
            await self.open(connection)  # before the other is closed: it is never out of the line
        except TemporaryError as error:
            self._on_broken(f"consuming {self._queue.name} again: {error}")
        else:
            former.close()

    async def _bind(self, channel: AsyncChannel) -> None:
        for binding in self._bindings:
            await bind(channel, binding)

    async def _consume(self, channel: AsyncChannel, generation: int) -> None:
        alone = self._queue.private
        try:
            await channel.call(
                "basic_consume",
                queue=self._queue.name,
                on_message_callback=partial(self._deliver, generation),
                auto_ack=alone,
                exclusive=alone,
            )
        except QueueLockedError as error:
            message = f"{self._queue.name} is consumed by another connection: is this id in use twice?"
            raise QueueLockedError(message) from error

    def _channel_closed(self, generation: int, reason: BaseException) -> None:
        if self._channel is not None and generation == self._generation:
            self._channel = None
            self._on_broken(f"channel of {self._queue.name} closed: {reason}")

    def lost(self) -> None:
        """The connection is gone."""
        self._channel = self._connection = None

    async def look(self, connection: AsyncioConnection) -> None:
        """Bind again, because the exchanges may have been replaced (`PrivateRoutes`).

        There is nothing else to check: the broker itself cancels the consumer of a deleted queue. Before
        release 4.3 it does not answer a binding until it has noticed a lost node; existing bindings work.
        """
        if not self._bindings:
            return
        channel = await open_channel(connection, lambda _: None)
        with contextlib.suppress(UnansweredError):
            await self._bind(channel)
        channel.close()

    def idle_consumer(self) -> IdleConsumer | None:
        """It can take more until the prefetch is used up."""
        if self._prefetch and self._deliveries - self._settled >= self._prefetch:
            return None
        return IdleConsumer(self._queue.name, self._deliveries, single_active=self._queue.single_active)

    def _deliver(self, generation: int, _channel: Any, method: Any, properties: Any, body: bytes) -> None:
        if generation != self._generation:
            return  # on the channel that is being given up: it is delivered again
        self._deliveries = method.delivery_tag
        delivery = Delivery(
            body,
            method.routing_key,
            method.delivery_tag,
            generation,
            method.redelivered,
            properties.user_id,
            sent_at=properties.timestamp,
        )
        self._on_delivery(delivery)

    def holds(self, delivery: Delivery) -> bool:
        """See `taskmanager.ports.broker.Subscription.holds`."""
        return self._queue.private or self._usable(delivery) is not None

    def ack(self, delivery: Delivery, *, multiple: bool = False) -> None:
        """See `taskmanager.ports.broker.Subscription.ack`."""
        channel = self._usable(delivery)
        if channel is None:
            log.debug("acknowledgement_dropped", queue=self._queue.name)
        else:
            self._settled = max(self._settled, delivery.tag)
            channel.raw.basic_ack(delivery.tag, multiple)

    def reject(self, delivery: Delivery) -> None:
        """See `taskmanager.ports.broker.Subscription.reject`."""
        if channel := self._usable(delivery):
            channel.raw.basic_reject(delivery.tag, requeue=False)

    def _usable(self, delivery: Delivery) -> AsyncChannel | None:
        """The channel on which the delivery can be settled, if it still exists."""
        if self._queue.private:
            return None
        if self._channel is None or not self._channel.is_open or delivery.generation != self._generation:
            return None
        return self._channel
