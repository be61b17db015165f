"""The RabbitMQ adapter with a bad network, an alarm, and a consumer that the broker has forgotten."""

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.alarms import Alarm, alarm, rabbitmqctl
from tests.integration.test_rabbit import is_true, running

from taskmanager.errors import BrokerUnavailableError
from taskmanager.messages.topology import Binding, Topology
from taskmanager.ports.broker import Delivery
from taskmanager.rabbit import Broker, declare_topology
from taskmanager.rabbit import broker as module
from taskmanager.rabbit import channel as channels
from taskmanager.rabbit.channel import AsyncChannel
from taskmanager.rabbit.declare import declare_private
from taskmanager.rabbit.starvation_watch import IdleConsumer, StarvationWatch
from taskmanager_local.commands import free_port
from taskmanager_local.servers import RunningServer
from taskmanager_testing.proxy import Direction, Fault, RunningProxy, running_proxy
from taskmanager_testing.waiting import eventually, eventually_async

PATIENCE = timedelta(seconds=1)
BEFORE_A_HEARTBEAT_SECONDS = 5
"""By then a publisher has given up by its own time limit: pika looks at its heartbeats every 6 s."""
FAULTS = [
    (Fault.DROP, Direction.BOTH),
    (Fault.RESET, Direction.BOTH),
    (Fault.STALL, Direction.BOTH),
    (Fault.STALL, Direction.UP),
    (Fault.STALL, Direction.DOWN),
    (Fault.HALF_OPEN, Direction.UP),
    (Fault.HALF_OPEN, Direction.DOWN),
]


class Wire:
    """A connection to the broker through a proxy; it receives what it publishes."""

    def __init__(self, proxy: RunningProxy, server: RunningServer, topology: Topology, name: str) -> None:
        self.proxy, self.topology, self.name = proxy, topology, name
        # the shortest heartbeat possible: pika then checks every 6 s
        self.broker = Broker(f"{proxy.url(server.url)}?heartbeat=1", name)
        self.publisher = self.broker.publisher(PATIENCE)
        self.received: list[bytes] = []
        self.subscription = self.broker.subscribe(topology.runner_control("noop", name), self._take)

    def _take(self, delivery: Delivery) -> None:
        self.received.append(delivery.body)

    async def goes_round(self, body: bytes) -> None:
        await self.publisher.publish("", self.topology.runner_control("noop", self.name).name, body)
        await eventually_async(is_true(lambda: body in self.received))

    async def suffers(self, fault: Fault, direction: Direction) -> None:
        """A publisher notices it within its time limit, everything else soon after; then it is repaired."""
        await self.goes_round(b"before")
        self.proxy.set(fault, direction)
        began = time.monotonic()
        if direction is not Direction.DOWN:
            with pytest.raises(BrokerUnavailableError):
                await self.publisher.publish(
                    "", self.topology.runner_control("noop", self.name).name, b"lost"
                )
            assert time.monotonic() - began < BEFORE_A_HEARTBEAT_SECONDS
            assert self.broker.check() is not None
        await eventually_async(
            is_true(lambda: not self.subscription.ready),
            what=f"{fault} {direction} noticed",
        )
        self.proxy.heal()
        await eventually_async(
            is_true(lambda: self.broker.check() is None),
            what=f"{fault} {direction} healed",
        )
        await self.goes_round(b"after")


@pytest.mark.timeout(180)
async def test_every_fault_of_the_network_is_noticed_and_heals(
    rabbitmq: RunningServer, topology: Topology
) -> None:
    async with AsyncExitStack() as stack:
        wires = [
            Wire(stack.enter_context(running_proxy(rabbitmq.port)), rabbitmq, topology, f"wire-{number}")
            for number in range(len(FAULTS))
        ]
        await stack.enter_async_context(running(*(wire.broker for wire in wires)))
        await asyncio.gather(*(wire.suffers(*fault) for wire, fault in zip(wires, FAULTS, strict=True)))


async def test_who_publishes_into_silence_looks_for_another_connection_before_a_heartbeat_is_missed(
    rabbitmq: RunningServer, topology: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This is what a frozen node does: its kernel still accepts what is sent."""
    monkeypatch.setattr(channels, "CALL_SECONDS", 1)
    await Broker.once(rabbitmq.url, "test", lambda channel: declare_topology(channel, topology))
    with running_proxy(rabbitmq.port) as first, running_proxy(rabbitmq.port) as second:
        urls = ",".join(f"{proxy.url(rabbitmq.url)}?heartbeat=600" for proxy in (first, second))
        broker = Broker(urls, "test")
        publisher = broker.publisher(PATIENCE)
        async with running(broker):
            used, other = (first, second) if first.connections else (second, first)
            used.set(Fault.STALL, Direction.BOTH)
            with pytest.raises(BrokerUnavailableError):
                await publisher.publish(topology.events, "noop.events", b"lost")
            await eventually_async(is_true(lambda: other.connections > 0))
            await eventually_async(is_true(lambda: broker.check() is None))
            await publisher.publish(topology.events, "noop.events", b"taken")


async def test_who_lost_its_connection_has_its_private_queue_again(
    rabbitmq: RunningServer, topology: Topology
) -> None:
    await Broker.once(rabbitmq.url, "test", lambda channel: declare_topology(channel, topology))
    queue, key = topology.runner_control("noop", "r1"), topology.runner_key("noop", "r1")
    sender = Broker(rabbitmq.url, "sender")
    publisher, received = sender.publisher(), []
    with running_proxy(rabbitmq.port) as proxy:
        broker = Broker(proxy.url(rabbitmq.url), "owner")
        subscription = broker.subscribe(
            queue,
            lambda delivery: received.append(delivery.body),
            bindings=[Binding(topology.control, queue.name, key)],
        )
        async with running(sender, broker):
            proxy.set(Fault.RESET, Direction.BOTH)
            await eventually_async(is_true(lambda: not subscription.ready))
            proxy.heal()
            await eventually_async(is_true(lambda: subscription.ready))
            await publisher.publish(topology.answers, key, b"again")
            await eventually_async(is_true(lambda: received == [b"again"]))


async def test_a_private_queue_ends_with_its_consumer_or_unused(
    rabbitmq: RunningServer, topology: Topology
) -> None:
    consumed, unused = topology.runner_control("noop", "r1"), topology.gateway_changes("g1")
    unused = replace(unused, arguments={**unused.arguments, "x-expires": 300})

    async def declare(channel: AsyncChannel) -> None:
        await declare_private(channel, unused)

    await Broker.once(rabbitmq.url, "test", declare)
    broker = Broker(rabbitmq.url, "owner")
    broker.subscribe(consumed, lambda _: None)
    async with running(broker):
        assert consumed.name in _queues(rabbitmq)
    eventually(lambda: not {consumed.name, unused.name} & _queues(rabbitmq))


def _queues(server: RunningServer) -> set[str]:
    """The names of all queues, by the broker's own tool: a client that looks at a queue renews its lease."""
    return set(rabbitmqctl(server, "list_queues", "--quiet", "--no-table-headers", "name").splitlines())


@pytest.mark.parametrize("kind", Alarm)
async def test_under_an_alarm_publishes_fail_soon_then_at_once_and_consumers_go_on(
    rabbitmq: RunningServer, topology: Topology, kind: Alarm
) -> None:
    sending, hearing = Broker(rabbitmq.url, "sending"), Broker(rabbitmq.url, "hearing")
    publisher = sending.publisher(PATIENCE)
    received: list[bytes] = []
    queue = topology.runner_control("noop", "r1")
    hearing.subscribe(queue, lambda delivery: received.append(delivery.body))

    async with running(sending, hearing):
        await publisher.publish("", queue.name, b"before")
        with alarm(rabbitmq, kind):
            with pytest.raises(BrokerUnavailableError):
                await publisher.publish("", queue.name, b"during")
            await eventually_async(is_true(lambda: "alarm" in (sending.check() or "")))
            with pytest.raises(BrokerUnavailableError, match="alarm"):
                await publisher.publish("", queue.name, b"refused")
            with pytest.raises(BrokerUnavailableError, match="alarm"):
                await sending.channel()
            assert hearing.check() is None
            (await hearing.channel()).close()
        await eventually_async(is_true(lambda: sending.check() is None))
        await publisher.publish("", queue.name, b"after")
        await eventually_async(is_true(lambda: b"after" in received))

    assert b"refused" not in received


async def test_a_consumer_the_broker_forgot_is_noticed_and_opened_again(
    rabbitmq: RunningServer, topology: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK", timedelta(seconds=0.2))
    broker = Broker(rabbitmq.url, "test")
    publisher, received = broker.publisher(), []
    subscription = broker.subscribe(
        topology.inbox, lambda delivery: received.append(delivery.body), prefetch=5
    )

    async with running(broker):
        channel = subscription._channel
        assert channel is not None
        for tag in channel.raw.consumer_tags:
            await channel.call("basic_cancel", consumer_tag=tag)
        await publisher.publish(topology.submit, "noop", b"job")
        await eventually_async(is_true(lambda: received == [b"job"]))
        assert subscription.generation == 2


async def test_a_consumer_that_stands_by_or_has_its_hands_full_is_left_alone(
    rabbitmq: RunningServer, topology: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK", timedelta(seconds=0.1))
    looks: list[object] = []
    look = StarvationWatch.look

    async def counted(watch: StarvationWatch, *arguments: object) -> IdleConsumer | None:
        answer = await look(watch, *arguments)  # type: ignore[arg-type]
        looks.append(answer)
        return answer

    monkeypatch.setattr(StarvationWatch, "look", counted)
    active, standby = Broker(rabbitmq.url, "active"), Broker(rabbitmq.url, "standby")
    publisher, received = active.publisher(), []
    active.subscribe(topology.inbox, lambda delivery: received.append(delivery.body), prefetch=2)

    async with running(active):
        second = standby.subscribe(topology.inbox, lambda _: None, prefetch=2)
        async with running(standby):
            for number in range(5):
                await publisher.publish(topology.submit, "noop", b"%d" % number)
            await eventually_async(is_true(lambda: len(looks) >= 3 and len(received) == 2))
            assert set(looks) == {None}
            assert second.generation == 1


async def test_of_several_brokers_one_that_serves_is_found_and_left_when_it_fails(
    rabbitmq: RunningServer, topology: Topology
) -> None:
    """The first node does not exist, the second one dies, the third one serves to the end."""
    with running_proxy(rabbitmq.port) as second, running_proxy(rabbitmq.port) as third:
        nobody = f"amqp://guest:guest@127.0.0.1:{free_port()}/%2F"
        urls = ",".join([nobody, second.url(rabbitmq.url), third.url(rabbitmq.url)])
        broker = Broker(urls, "test")
        publisher, received = broker.publisher(PATIENCE), []
        queue = topology.runner_control("jp2", "r1")
        broker.subscribe(queue, lambda delivery: received.append(delivery.body))
        async with running(broker):
            second.set(Fault.RESET)
            await eventually_async(is_true(lambda: third.connections > 0))
            await eventually_async(is_true(lambda: broker.check() is None))
            await publisher.publish("", queue.name, b"through the third")
            await eventually_async(is_true(lambda: received == [b"through the third"]))
