"""Several inboxes on a real node: what reaches which, and how a scheduler leaves one to the next in line."""

import uuid

import pytest
from tests.integration.test_rabbit import is_true, running

from taskmanager.messages.topology import Topology
from taskmanager.ports.broker import Delivery
from taskmanager.rabbit import Broker, declare_topology
from taskmanager_local.servers import RunningServer
from taskmanager_testing.waiting import eventually_async

PLUGINS = ("sleep", "noop", "jp2", "tally")
"""Of partition 0, 1, 2 and 3 of four."""


@pytest.fixture
async def divided(rabbitmq: RunningServer) -> Topology:
    """Four partitions where there was one."""
    prefix = f"t{uuid.uuid4().hex[:10]}"
    for topology in (Topology(prefix), Topology(prefix, 4), Topology(prefix, 4)):
        await Broker.once(rabbitmq.url, "test", lambda channel, one=topology: declare_topology(channel, one))
    return Topology(prefix, 4)


async def test_each_inbox_gets_what_is_for_it_and_nothing_else(
    rabbitmq: RunningServer, divided: Topology
) -> None:
    broker, received = Broker(rabbitmq.url, "test"), dict[int, list[bytes]]()
    publisher = broker.publisher()
    for number, inbox in enumerate(divided.inboxes):
        bodies = received[number] = []
        broker.subscribe(inbox, lambda delivery, to=bodies: to.append(delivery.body), prefetch=10)

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
