"""The adapter for RabbitMQ against a real node: confirms, lanes, reconnects."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from pika.adapters.utils.io_services_utils import _AsyncTransportBase

from taskmanager.errors import BrokerUnavailableError, UnroutableMessageError
from taskmanager.messages.topology import Topology
from taskmanager.ports.broker import Delivery, Outgoing
from taskmanager.rabbit import Broker, declare_plugin
from taskmanager_local.servers import RunningServer
from taskmanager_testing.waiting import LONG_SECONDS, eventually_async


@asynccontextmanager
async def running(*brokers: Broker) -> AsyncIterator[None]:
    stop = asyncio.Event()
    tasks = [asyncio.create_task(broker.run(stop)) for broker in brokers]
    try:
        await eventually_async(is_true(lambda: all(broker.check() is None for broker in brokers)))
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


def is_true(look: Callable[[], bool]) -> Callable[[], "asyncio.Future[bool]"]:
    async def ask() -> bool:
        return look()

    return lambda: asyncio.ensure_future(ask())


async def test_one_submission_reaches_inbox_and_plugin_queue(
    rabbitmq: RunningServer, topology: Topology
) -> None:
    await Broker.once(rabbitmq.url, "test", lambda channel: declared(channel, topology))
    broker = Broker(rabbitmq.url, "test")
    inbox: asyncio.Queue[Delivery] = asyncio.Queue()
    jobs: asyncio.Queue[Delivery] = asyncio.Queue()
    publisher = broker.publisher()
    broker.subscribe(topology.inbox, inbox.put_nowait, prefetch=10)
    broker.subscribe(topology.jobs("noop"), jobs.put_nowait, prefetch=10)

    async with running(broker):
        await publisher.publish(topology.submit, "noop", b"job", priority=5)
        async with asyncio.timeout(LONG_SECONDS):
            first = await inbox.get()
            assert first.body == (await jobs.get()).body == b"job"
    assert first.sent_at is not None
    assert abs(time.time() - first.sent_at) < 60


async def declared(channel: object, topology: Topology) -> None:
    await declare_plugin(channel, topology, "noop")  # type: ignore[arg-type]


async def test_a_mandatory_message_without_queue_is_an_error(
    rabbitmq: RunningServer, topology: Topology
) -> None:
    broker = Broker(rabbitmq.url, "test")
    publisher = broker.publisher()

    async with running(broker):
        with pytest.raises(UnroutableMessageError):
            await publisher.publish(topology.dispatch, "nobody", b"ticket", mandatory=True)


async def test_many_publishes_are_confirmed_at_once(rabbitmq: RunningServer, topology: Topology) -> None:
    broker = Broker(rabbitmq.url, "test")
    publisher = broker.publisher()
    inbox: asyncio.Queue[Delivery] = asyncio.Queue()
    subscription = broker.subscribe(topology.inbox, inbox.put_nowait, prefetch=2000)

    async with running(broker):
        await asyncio.gather(*(publisher.publish(topology.submit, "noop", b"%d" % n) for n in range(1000)))
        async with asyncio.timeout(LONG_SECONDS):
            bodies = [(await inbox.get()) for _ in range(1000)]
        subscription.ack(bodies[-1], multiple=True)

    assert [int(delivery.body) for delivery in bodies] == list(range(1000))


async def test_what_is_published_together_goes_to_the_socket_at_once(
    rabbitmq: RunningServer, topology: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = Broker(rabbitmq.url, "test")
    publisher = broker.publisher()
    sent: list[bytes] = []

    async with running(broker):
        await publisher.publish(topology.submit, "noop", b"before")
        with monkeypatch.context() as patched:
            real = _AsyncTransportBase._sigint_safe_send

            def counting(sock: object, data: bytes) -> int:
                sent.append(bytes(data))
                return int(real(sock, data))

            patched.setattr(_AsyncTransportBase, "_sigint_safe_send", staticmethod(counting))
            messages = [Outgoing("noop", b"%d" % number) for number in range(20)]
            assert await publisher.publish_all(topology.submit, messages) == [None] * 20

    whole = [data for data in sent if b"application/json" in data]
    assert len(whole) == 1
    assert whole[0].count(b"application/json") == 20


async def test_a_private_queue_belongs_to_one_at_a_time(rabbitmq: RunningServer, topology: Topology) -> None:
    first, second = Broker(rabbitmq.url, "first"), Broker(rabbitmq.url, "second")
    for broker in (first, second):
        broker.subscribe(topology.runner_control("noop", "r1"), lambda _: None)

    async with running(first):
        stop = asyncio.Event()
        waiting = asyncio.create_task(second.run(stop))
        await eventually_async(is_true(lambda: "in use twice" in (second.check() or "")))
        stop.set()
        await waiting


async def test_a_closed_lane_gets_no_ticket(rabbitmq: RunningServer, topology: Topology) -> None:
    await Broker.once(rabbitmq.url, "test", lambda channel: declared(channel, topology))
    broker = Broker(rabbitmq.url, "test")
    publisher, lanes = broker.publisher(), broker.lanes(topology.jobs("noop"))
    tickets: asyncio.Queue[tuple[int, Delivery]] = asyncio.Queue()
    lanes.on_ticket = lambda lane, delivery: tickets.put_nowait((lane, delivery))

    async with running(broker):
        for number in (1, 9, 5):
            await publisher.publish(topology.dispatch, "noop", b"%d" % number, priority=number)
        lanes.open(0)
        async with asyncio.timeout(LONG_SECONDS):
            lane, first = await tickets.get()
            lanes.close(lane)
            lanes.ack(first)
            lanes.open(lane)
            _, second = await tickets.get()
            lanes.close(lane)
            lanes.give_back(second)
            lanes.open(lane)
            _, again = await tickets.get()

    assert [first.body, second.body, again.body] == [b"9", b"5", b"5"]
    assert again.redelivered
    assert tickets.empty()


async def test_a_lane_that_yields_gets_what_no_other_can_take(
    rabbitmq: RunningServer, topology: Topology
) -> None:
    await Broker.once(rabbitmq.url, "test", lambda channel: declared(channel, topology))
    broker, other = Broker(rabbitmq.url, "test"), Broker(rabbitmq.url, "other runner")
    publisher, queue = broker.publisher(), topology.jobs("noop")
    lanes, free = broker.lanes(queue), other.lanes(queue)
    takers: asyncio.Queue[str] = asyncio.Queue()
    lanes.on_ticket = lambda *_: takers.put_nowait("yields")
    free.on_ticket = lambda *_: takers.put_nowait("free")

    async def taker() -> str:
        await publisher.publish(topology.dispatch, "noop", b"ticket")
        async with asyncio.timeout(LONG_SECONDS):
            return await takers.get()

    async with running(broker), running(other):
        lanes.open(0, 100, yields=True)
        assert await taker() == "yields"
        free.open(0, 5)
        while await taker() == "yields":
            continue  # the broker does not know of the free lane yet
        assert [await taker() for _ in range(4)] == ["free"] * 4
        assert await taker() == "yields"


async def test_everything_comes_back_after_the_broker_was_killed(
    rabbitmq: RunningServer, topology: Topology
) -> None:
    await Broker.once(rabbitmq.url, "test", lambda channel: declared(channel, topology))
    broker = Broker(rabbitmq.url, "test")
    publisher, lanes = broker.publisher(), broker.lanes(topology.jobs("noop"))
    tickets: asyncio.Queue[Delivery] = asyncio.Queue()
    lanes.on_ticket = lambda _, delivery: tickets.put_nowait(delivery)
    connections: list[bool] = []
    broker.on_connected(lambda: connections.append(True))

    async with running(broker):
        lanes.open(0)
        await publisher.publish(topology.dispatch, "noop", b"before")
        before = await tickets.get()
        await asyncio.to_thread(rabbitmq.kill)
        await eventually_async(is_true(lambda: broker.check() is not None))
        with pytest.raises(BrokerUnavailableError):
            await publisher.publish(topology.dispatch, "noop", b"lost")
        lanes.ack(before)  # of a channel that is gone: dropped, the broker hands the ticket out again
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)
        rabbitmq.restart()
        async with asyncio.timeout(LONG_SECONDS):
            assert (await tickets.get()).body == b"before"

    assert len(connections) == 2
