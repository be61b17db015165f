"""One AMQP connection, kept open for as long as the process runs, and the parts that use it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import pika.exceptions
from pika.adapters.asyncio_connection import AsyncioConnection

from taskmanager.accounts.broker_addresses import Turns
from taskmanager.errors import BrokerUnavailableError, TemporaryError
from taskmanager.messages.topology import Binding, Queue
from taskmanager.ports.broker import Delivery
from taskmanager.process.logs import get_logger
from taskmanager.process.metrics import BROKER_CONNECTED
from taskmanager.process.retry import Backoff
from taskmanager.rabbit.channel import AsyncChannel, open_channel, open_connection, parameters
from taskmanager.rabbit.connection_part import ConnectionPart
from taskmanager.rabbit.lanes import RabbitLanes
from taskmanager.rabbit.publisher import RabbitPublisher
from taskmanager.rabbit.starvation_watch import IdleConsumer, StarvationWatch
from taskmanager.rabbit.subscription import RabbitSubscription

CONFIRM_TIMEOUT = timedelta(seconds=10)
LOOK = timedelta(seconds=10)
"""Time between two checks of whether consumers get the messages that wait for them."""
LOOK_AGAIN = timedelta(seconds=0.25)
"""The same while something is missing."""

log = get_logger(__name__)


class _LanesPart:
    """Makes lanes a connection part: their own `open` opens a lane."""

    def __init__(self, lanes: RabbitLanes) -> None:
        self._lanes = lanes

    async def open(self, connection: AsyncioConnection) -> None:
        """Open the channel."""
        await self._lanes.open_connection(connection)

    def lost(self) -> None:
        """Pass it on to the lanes."""
        self._lanes.lost()

    def check(self) -> str | None:
        """The lanes' problem, if any."""
        return self._lanes.check()

    async def look(self, connection: AsyncioConnection) -> None:
        """Have the lanes look."""
        await self._lanes.look(connection)

    def idle_consumer(self) -> IdleConsumer | None:
        """The lanes' idle consumer, if any."""
        return self._lanes.idle_consumer()


class _Preparation:
    """Work done on a channel of its own after every connect, before the other parts open."""

    def __init__(self, work: Callable[[AsyncChannel], Awaitable[None]]) -> None:
        self._work = work

    async def open(self, connection: AsyncioConnection) -> None:
        """Do the work."""
        channel = await open_channel(connection, lambda _: None)
        await self._work(channel)
        channel.close()

    def lost(self) -> None:
        """Do nothing: no calls are pending."""

    def check(self) -> str | None:
        """Report nothing: no state is kept that could be wrong."""
        return None

    async def look(self, connection: AsyncioConnection) -> None:
        """Do nothing: the work is finished."""

    def idle_consumer(self) -> IdleConsumer | None:
        """Return None: it consumes nothing."""
        return None


class Broker:
    """Connects, opens its parts, and starts again with backoff whenever the connection or a part breaks."""

    def __init__(self, url: str, name: str, *, purpose: str = "messages") -> None:
        """`url` names one broker or several, with credentials, see `addresses`; raises PermanentError.

        `name` is shown by RabbitMQ and in the log, `purpose` in metrics.
        """
        self._turns = Turns(url)
        self._name = name
        self._parts: list[ConnectionPart] = []
        self._connected_callbacks: list[Callable[[], None]] = []
        self._connection: AsyncioConnection | None = None
        self._broken = asyncio.Event()
        self._reason = "not connected yet"
        self._backoff = Backoff("rabbitmq")
        self._gauge = BROKER_CONNECTED.labels(purpose)
        self._gauge.set(0)

    @property
    def user(self) -> str:
        """The broker user of the address; raises PermanentError if the address cannot be read."""
        return str(parameters(self._turns.url, self._name).credentials.username)

    def prepare(self, work: Callable[[AsyncChannel], Awaitable[None]]) -> None:
        """Do `work` after every connect, before anything else; call before `run` and before adding parts."""
        self._parts.append(_Preparation(work))

    def publisher(self, confirm_timeout: timedelta = CONFIRM_TIMEOUT) -> RabbitPublisher:
        """A publisher on this connection; call before `run`."""
        part = RabbitPublisher(confirm_timeout)
        self._parts.append(part)
        return part

    def subscribe(
        self,
        queue: Queue,
        on_delivery: Callable[[Delivery], None],
        *,
        prefetch: int = 0,
        bindings: Sequence[Binding] = (),
    ) -> RabbitSubscription:
        """A subscription on this connection; call before `run`."""
        part = RabbitSubscription(
            queue, on_delivery, prefetch=prefetch, bindings=bindings, on_broken=self._break
        )
        self._parts.append(part)
        return part

    def lanes(self, queue: Queue) -> RabbitLanes:
        """Lanes on this connection; call before `run`."""
        part = RabbitLanes(queue, self._break)
        self._parts.append(_LanesPart(part))
        return part

    def on_connected(self, callback: Callable[[], None]) -> None:
        """Call back after every (re)connect, once all parts are open."""
        self._connected_callbacks.append(callback)

    def check(self) -> str | None:
        """What is wrong with the connection or a part of it, or None."""
        if self._connection is None:
            return f"RabbitMQ: {self._reason}"
        return next((problem for part in self._parts if (problem := part.check())), None)

    async def channel(self) -> AsyncChannel:
        """A channel for a few calls, to be closed by the caller.

        Raises BrokerUnavailableError when not connected, or during an alarm, when calls would wait for long.
        """
        problem = self.check()
        if self._connection is None or problem:
            raise BrokerUnavailableError(problem)
        return await open_channel(self._connection, lambda _: None)

    @staticmethod
    async def once(url: str, name: str, work: Callable[[AsyncChannel], Awaitable[None]]) -> None:
        """Connect, run `work` on a channel, disconnect; raises TaskManagerError."""
        connection = await open_any(Turns(url), name, lambda _: None)
        try:
            await work(await open_channel(connection, lambda _: None))
        finally:
            await _close(connection)

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the connection open; raises PermanentError if RabbitMQ refuses for good."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                await self._connect_once(stopping)
                if not stop.is_set():
                    await self._backoff.wait(self._reason, stop)
        finally:
            stopping.cancel()

    async def _connect_once(self, stopping: asyncio.Task[bool]) -> None:
        """One connection, from opening to loss."""
        self._broken.clear()
        connection: AsyncioConnection | None = None
        try:
            connection = await open_any(self._turns, self._name, lambda error: self._break(str(error)))
            for part in self._parts:
                await part.open(connection)
            self._opened(connection)
            await self._until_broken(connection, stopping)
            self._turns.failed()  # another node may be healthy while this one only seems to be
        except TemporaryError as error:
            self._break(str(error))
            self._turns.failed()
        finally:
            self._lost()
            await _close(connection)

    def _opened(self, connection: AsyncioConnection) -> None:
        self._connection = connection
        self._backoff.reset()
        self._gauge.set(1)
        log.info("broker_connected", connection=self._name)
        for callback in self._connected_callbacks:
            callback()

    async def _until_broken(self, connection: AsyncioConnection, stopping: asyncio.Task[bool]) -> None:
        """Check the consumers until the connection breaks."""
        broken, watch = asyncio.create_task(self._broken.wait()), StarvationWatch()
        try:
            while not (broken.done() or stopping.done()):
                looking = asyncio.create_task(self._look_later(connection, watch))
                await asyncio.wait({broken, stopping, looking}, return_when=asyncio.FIRST_COMPLETED)
                looking.cancel()
                if looking.done():
                    looking.result()
        finally:
            broken.cancel()

    async def _look_later(self, connection: AsyncioConnection, watch: StarvationWatch) -> None:
        """Check all consumers once, which also shows whether the broker answers; raises TemporaryError."""
        await asyncio.sleep((LOOK_AGAIN if self.check() else LOOK).total_seconds())
        for part in self._parts:
            await part.look(connection)
        idle = {consumer: part for part in self._parts if (consumer := part.idle_consumer())}
        if idle:
            channel = await open_channel(connection, lambda _: None)
            starved = await watch.look(channel, idle)
            channel.close()
            if starved is not None:
                await self._serve_again(starved, idle[starved])

    async def _serve_again(self, starved: IdleConsumer, part: ConnectionPart) -> None:
        """Consume anew; where one of several queues is probably another's, the rest of them are kept."""
        several = sum(isinstance(one, RabbitSubscription) for one in self._parts) > 1
        if several and starved.stands_by and isinstance(part, RabbitSubscription):
            await part.stand_back()
        else:
            self._break(f"the consumer of {starved.queue} gets nothing although messages wait")

    def _break(self, reason: str) -> None:
        """Start over; the first reason is the real one, later ones are its consequences."""
        if not self._broken.is_set():
            self._reason = reason
            self._broken.set()

    def _lost(self) -> None:
        self._connection = None
        self._gauge.set(0)
        for part in self._parts:
            part.lost()


async def open_any(turns: Turns, name: str, on_closed: Callable[[BaseException], None]) -> AsyncioConnection:
    """A connection to the first node that works; raises what `open_connection` raised for the last one."""
    for _ in range(len(turns) - 1):
        try:
            return await open_connection(turns.url, name, on_closed)
        except TemporaryError as error:
            log.warning("broker_node_unavailable", connection=name, error=str(error))
            turns.failed()
    return await open_connection(turns.url, name, on_closed)


async def _close(connection: AsyncioConnection | None) -> None:
    """Close properly and wait briefly for the broker's answer, so that private queues are free again."""
    if connection is None or connection.is_closed:
        return
    closed = asyncio.Event()
    connection.add_on_close_callback(lambda *_: closed.set())
    try:
        if not connection.is_closing:
            connection.close()
        async with asyncio.timeout(2):
            await closed.wait()
    except (pika.exceptions.AMQPError, TimeoutError) as error:
        log.debug("broker_close_unanswered", error=str(error))
        connection._terminate_stream(None)  # noqa: SLF001 - pika has no other way to drop a silent peer
