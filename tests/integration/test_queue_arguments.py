"""Queues refuse what they cannot keep, and those of an earlier release go on with what lies in them."""

import asyncio
import contextlib
import uuid
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest
from tests.alarms import rabbitmqctl
from tests.integration.test_rabbit import running

from taskmanager.errors import BrokerUnavailableError, PermanentError
from taskmanager.messages.topology import Topology
from taskmanager.rabbit import Broker, declare_topology
from taskmanager.rabbit import publisher as module
from taskmanager.rabbit.channel import AsyncChannel
from taskmanager.rabbit.declare import bind, declare_exchange, declare_queue, renew_if_empty
from taskmanager_local.servers import RunningServer
from taskmanager_testing.waiting import eventually_async

LIMIT = 5
SENT = 20


@pytest.fixture
def names() -> Topology:
    return Topology(f"t{uuid.uuid4().hex[:10]}")


async def as_formerly(channel: AsyncChannel, topology: Topology) -> None:
    """What the first release declared."""
    for exchange in topology.exchanges:
        await declare_exchange(channel, exchange)
    for queue in topology.queues:
        await declare_queue(channel, next(queue.as_formerly()))
    for binding in topology.bindings:
        await bind(channel, binding)


async def on(server: RunningServer, work: Callable[[AsyncChannel], Coroutine[Any, Any, None]]) -> None:
    await Broker.once(server.url, "test", work)


async def waiting(server: RunningServer, queue: str) -> int:
    found: list[int] = []

    async def count(channel: AsyncChannel) -> None:
        answer = await channel.call("queue_declare", queue=queue, passive=True)
        found.append(answer.method.message_count)

    await on(server, count)
    return found[0]


def kind_of(server: RunningServer, queue: str) -> str:
    said = rabbitmqctl(server, "list_queues", "--quiet", "--no-table-headers", "name", "type")
    return dict(line.split("\t") for line in said.splitlines())[queue]


async def confirmed_of(server: RunningServer, topology: Topology, number: int) -> int:
    """How many of so many submissions the broker promises to keep; the others are refused."""
    broker = Broker(server.url, "test")
    publisher = broker.publisher()
    kept = 0
    async with running(broker):
        for _ in range(number):
            try:
                await publisher.publish(topology.submit, "noop", b"job", mandatory=True)
            except BrokerUnavailableError:
                continue
            kept += 1
    return kept


async def test_a_channel_that_is_refused_everything_is_made_anew(
    rabbitmq: RunningServer, topology: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A channel that RabbitMQ 3.10 refuses for ever looks like one whose queue is full."""
    monkeypatch.setattr(module, "REFUSED", timedelta(0))
    policy = (topology.prefix, f"^{topology.inbox.name}$", '{"max-length":1}', "--apply-to", "queues")
    rabbitmqctl(rabbitmq, "set_policy", *policy)
    broker = Broker(rabbitmq.url, "test")
    publisher = broker.publisher()
    async with running(broker):
        first = publisher._channel

        async def another() -> bool:
            if publisher._channel not in {None, first}:
                return True
            with contextlib.suppress(BrokerUnavailableError):
                await publisher.publish(topology.submit, "noop", b"job", mandatory=True)
            return False

        await eventually_async(another)
        rabbitmqctl(rabbitmq, "clear_policy", topology.prefix)
        rabbitmqctl(rabbitmq, "purge_queue", topology.inbox.name)

        async def taken() -> bool:
            with contextlib.suppress(BrokerUnavailableError):
                await publisher.publish(topology.submit, "noop", b"job", mandatory=True)
                return True
            return False

        await eventually_async(taken)
        assert broker.check() is None


@pytest.mark.parametrize("former", [False, True])
async def test_what_a_full_inbox_cannot_keep_is_refused(
    rabbitmq: RunningServer, names: Topology, former: bool
) -> None:
    """A queue of an earlier release gets this from the policy that the documentation names."""
    await on(rabbitmq, lambda channel: (as_formerly if former else declare_topology)(channel, names))
    length, advice = f'{{"max-length":{LIMIT}}}', f'{{"max-length":{LIMIT},"overflow":"reject-publish"}}'
    policy = (names.prefix, f"^{names.inbox.name}$", advice if former else length, "--apply-to", "queues")
    rabbitmqctl(rabbitmq, "set_policy", *policy)
    try:
        kept = await confirmed_of(rabbitmq, names, SENT)
        assert LIMIT <= kept < SENT
        assert await waiting(rabbitmq, names.inbox.name) == kept
    finally:
        rabbitmqctl(rabbitmq, "clear_policy", names.prefix)


async def test_queues_of_an_earlier_release_are_kept_with_what_lies_in_them(
    rabbitmq: RunningServer, names: Topology
) -> None:
    await on(rabbitmq, lambda channel: as_formerly(channel, names))
    assert await confirmed_of(rabbitmq, names, 3) == 3
    await on(rabbitmq, lambda channel: published(channel, names.dead))

    for _ in range(2):
        await on(rabbitmq, lambda channel: declare_topology(channel, names))
    assert await confirmed_of(rabbitmq, names, 1) == 1

    assert await waiting(rabbitmq, names.inbox.name) == 4
    assert await waiting(rabbitmq, names.dead) == 1
    assert kind_of(rabbitmq, names.dead) == "classic"


async def published(channel: AsyncChannel, exchange: str) -> None:
    confirmed = asyncio.Event()
    await channel.call("confirm_delivery", ack_nack_callback=lambda _: confirmed.set())
    channel.raw.basic_publish(exchange, "", b"dead")
    await confirmed.wait()


async def test_an_empty_queue_of_dead_letters_is_renewed_and_one_with_letters_is_kept(
    rabbitmq: RunningServer, names: Topology
) -> None:
    renewed: list[bool] = []

    async def renew(channel: AsyncChannel) -> None:
        renewed.append(await renew_if_empty(channel, names.dead_letters))
        await declare_topology(channel, names)

    await on(rabbitmq, lambda channel: as_formerly(channel, names))
    await on(rabbitmq, lambda channel: published(channel, names.dead))
    await on(rabbitmq, renew)
    assert await waiting(rabbitmq, names.dead) == 1
    rabbitmqctl(rabbitmq, "purge_queue", names.dead)
    await on(rabbitmq, renew)
    await on(rabbitmq, renew)
    await on(rabbitmq, lambda channel: published(channel, names.dead))

    assert renewed == [False, True, True]
    assert kind_of(rabbitmq, names.dead) == "quorum"
    assert await waiting(rabbitmq, names.dead) == 1


async def test_a_queue_with_arguments_of_no_release_is_refused(
    rabbitmq: RunningServer, names: Topology
) -> None:
    async def foreign(channel: AsyncChannel) -> None:
        await channel.call("queue_declare", queue=names.inbox.name, durable=True)

    await on(rabbitmq, foreign)
    with pytest.raises(PermanentError):
        await on(rabbitmq, lambda channel: declare_topology(channel, names))
