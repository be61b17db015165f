"""Several inboxes on a real node: what reaches which, and how a scheduler leaves one to the next in line."""

import subprocess
import uuid
from datetime import timedelta
from functools import partial

import pytest
from tests.alarms import rabbitmqctl
from tests.conftest import ServiceUrls
from tests.integration.test_rabbit import is_true, running

from taskmanager.messages.topology import Topology
from taskmanager.ports.broker import Delivery
from taskmanager.rabbit import Broker, declare_topology
from taskmanager.rabbit import broker as connection
from taskmanager.rabbit.channel import AsyncChannel, QueueMissingError
from taskmanager_local.commands import free_port
from taskmanager_local.servers import RunningServer
from taskmanager_local.services import program
from taskmanager_testing.waiting import eventually_async

PATIENCE = 60
PLUGINS = ("sleep", "noop", "jp2", "tally")
"""Of partition 0, 1, 2 and 3 of four."""


@pytest.fixture
async def divided(rabbitmq: RunningServer) -> Topology:
    """Four partitions where there was one."""
    prefix = f"t{uuid.uuid4().hex[:10]}"
    for topology in (Topology(prefix), Topology(prefix, 4), Topology(prefix, 4)):
        await Broker.once(rabbitmq.url, "test", partial(_declare, topology))
    return Topology(prefix, 4)


async def _declare(topology: Topology, channel: AsyncChannel) -> None:
    await declare_topology(channel, topology)


def _note(bodies: list[bytes], delivery: Delivery) -> None:
    bodies.append(delivery.body)


async def test_each_inbox_gets_what_is_for_it_and_nothing_else(
    rabbitmq: RunningServer, divided: Topology
) -> None:
    broker, received = Broker(rabbitmq.url, "test"), dict[int, list[bytes]]()
    publisher = broker.publisher()
    for number, inbox in enumerate(divided.inboxes):
        received[number] = []
        broker.subscribe(inbox, partial(_note, received[number]), prefetch=10)

    async with running(broker):
        for number, plugin in enumerate(PLUGINS):
            assert divided.partition_of(plugin) == number
            key = divided.submissions_key_of(number)
            await publisher.publish(divided.submit, key, b"job %d" % number, mandatory=True)
            key = divided.events_key(plugin)
            await publisher.publish(divided.events, key, b"event %d" % number, mandatory=True)
            key = divided.command_key_of(number)
            await publisher.publish(divided.events, key, b"command %d" % number, mandatory=True)
        expected = {
            number: [b"job %d" % number, b"event %d" % number, b"command %d" % number] for number in range(4)
        }
        await eventually_async(is_true(lambda: received == expected))


async def test_who_stands_back_leaves_the_inbox_to_the_next_in_line_with_all_it_did_not_acknowledge(
    rabbitmq: RunningServer, topology: Topology
) -> None:
    first, second = Broker(rabbitmq.url, "first"), Broker(rabbitmq.url, "second")
    publisher, got, inherited = first.publisher(), list[Delivery](), list[Delivery]()
    leaving = first.subscribe(topology.inbox, got.append, prefetch=10)
    async with running(first):
        staying = second.subscribe(topology.inbox, inherited.append, prefetch=10)
        async with running(second):
            for number in range(4):
                await publisher.publish(topology.submit, "noop", b"%d" % number)
            await eventually_async(is_true(lambda: len(got) == 4))
            leaving.ack(got[0])

            await leaving.stand_back()

            await eventually_async(is_true(lambda: len(inherited) == 3))
            assert [one.body for one in inherited] == [b"1", b"2", b"3"]
            assert not any(leaving.holds(one) for one in got)
            assert leaving.ready
            assert first.check() is None
            leaving.ack(got[-1], multiple=True)  # too late: nothing may come of it
            await publisher.publish(topology.submit, "noop", b"4")
            await eventually_async(is_true(lambda: len(inherited) == 4))

            staying.ack(inherited[0])
            await staying.stand_back()

            await eventually_async(is_true(lambda: len(got) == 7))
            assert [one.body for one in got[4:]] == [b"2", b"3", b"4"]
            assert all(leaving.holds(one) for one in got[4:])


async def test_who_stands_back_alone_goes_on(rabbitmq: RunningServer, topology: Topology) -> None:
    broker, got = Broker(rabbitmq.url, "alone"), list[Delivery]()
    publisher = broker.publisher()
    subscription = broker.subscribe(topology.inbox, got.append, prefetch=10)
    async with running(broker):
        await publisher.publish(topology.submit, "noop", b"1")
        await eventually_async(is_true(lambda: len(got) == 1))
        await subscription.stand_back()
        await eventually_async(is_true(lambda: len(got) == 2))
        assert [one.body for one in got] == [b"1", b"1"]
        assert got[1].redelivered
        assert subscription.holds(got[1])


def migrated(urls: ServiceUrls, prefix: str, partitions: int) -> subprocess.CompletedProcess[str]:
    """The result of `taskmanager-migrate` for so many partitions."""
    environment = {
        **urls.migrate,
        "PATH": "",
        "TASKMANAGER_TOPOLOGY_PREFIX": prefix,
        "TASKMANAGER_PARTITIONS": str(partitions),
    }
    return ended("taskmanager-migrate", environment)


def ended(name: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A program that ends by itself."""
    return subprocess.run(
        [program(name)], env=environment, check=False, capture_output=True, text=True, timeout=PATIENCE
    )


async def test_the_number_of_partitions_changes_only_while_nothing_waits(
    rabbitmq: RunningServer, topology: Topology, service_urls: ServiceUrls
) -> None:
    prefix, four = topology.prefix, Topology(topology.prefix, 4)
    broker = Broker(rabbitmq.url, "test")
    publisher = broker.publisher()
    async with running(broker):
        await publisher.publish(topology.submit, topology.submissions_key, b"job", mandatory=True)
        refused = migrated(service_urls, prefix, 4)
        assert refused.returncode == 1
        assert f"{topology.inbox.name} has 1 messages and 0 consumers" in refused.stderr
        await publisher.publish(topology.events, "noop.events", b"still taken", mandatory=True)

        rabbitmqctl(rabbitmq, "purge_queue", topology.inbox.name)
        assert migrated(service_urls, prefix, 4).returncode == 0
        assert migrated(service_urls, prefix, 4).returncode == 0
        await publisher.publish(four.events, "noop.events.1", b"taken", mandatory=True)
        refused = migrated(service_urls, prefix, 1)
        assert f"{four.inbox_of(1).name} has 1 messages" in refused.stderr

        rabbitmqctl(rabbitmq, "purge_queue", four.inbox_of(1).name)
        assert migrated(service_urls, prefix, 1).returncode == 0
        with pytest.raises(QueueMissingError):
            await (await broker.channel()).waiting_in(four.inbox_of(1).name)
        await publisher.publish(topology.events, "noop.events", b"taken again", mandatory=True)


@pytest.mark.parametrize("service", ["gateway", "scheduler"])
def test_a_service_with_another_number_refuses_to_start(
    topology: Topology, service_urls: ServiceUrls, service: str
) -> None:
    assert migrated(service_urls, topology.prefix, 2).returncode == 0
    environment = {
        **getattr(service_urls, service),
        "PATH": "",
        "TASKMANAGER_TOPOLOGY_PREFIX": topology.prefix,
        "TASKMANAGER_HTTP_PORT": str(free_port()),
    }
    done = ended(f"taskmanager-{service}", environment)
    assert done.returncode == 1
    assert "TASKMANAGER_PARTITIONS is 1, but this installation has 2" in done.stderr


async def test_a_standby_that_waits_long_keeps_its_turn_at_another_inbox(
    rabbitmq: RunningServer, divided: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody tells it whether it stands by or was forgotten, so it consumes again, but that inbox only."""
    monkeypatch.setattr(connection, "LOOK", timedelta(seconds=0.05))
    busy, own = divided.inboxes[:2]
    other, this = Broker(rabbitmq.url, "other"), Broker(rabbitmq.url, "this")
    publisher, taken, received = other.publisher(), list[bytes](), list[bytes]()
    other.subscribe(busy, partial(_note, taken), prefetch=1)
    async with running(other):
        waiting = this.subscribe(busy, partial(_note, received), prefetch=1)
        serving = this.subscribe(own, partial(_note, received), prefetch=1)
        async with running(this):
            for number in range(3):
                key = divided.submissions_key_of(0)
                await publisher.publish(divided.submit, key, b"%d" % number, mandatory=True)
            await eventually_async(is_true(lambda: waiting.generation > 2))
            await publisher.publish(divided.events, "noop.events.1", b"own", mandatory=True)
            await eventually_async(is_true(lambda: received == [b"own"]))
            assert serving.generation == 1
            assert taken == [b"0"]
