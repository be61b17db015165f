"""A private queue that accepts nothing, as on a frozen node, does not block other queues for long."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from tests.alarms import rabbitmqctl
from tests.integration.test_rabbit import is_true, running

from taskmanager.errors import BrokerUnavailableError
from taskmanager.messages.topology import Binding, Queue, Topology
from taskmanager.rabbit import Broker, declare_topology
from taskmanager.rabbit import broker as looking
from taskmanager.rabbit import private_routes as module
from taskmanager.rabbit.private_routes import PrivateRoutes
from taskmanager_local.servers import RunningServer
from taskmanager_testing.waiting import eventually_async

PATIENCE = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", timedelta(seconds=0.2))
    monkeypatch.setattr(looking, "LOOK", timedelta(seconds=0.2))


@contextmanager
def standing_still(server: RunningServer, queue: Queue) -> Iterator[None]:
    """Suspend the broker's process of this queue."""
    found = f'{{ok, Q}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"{queue.name}">>))'
    rabbitmqctl(server, "eval", f"{found}, sys:suspend(amqqueue:get_pid(Q)).")
    try:
        yield
    finally:
        rabbitmqctl(server, "eval", f"{found}, sys:resume(amqqueue:get_pid(Q)).")


class Hearing:
    """A service with a private queue, like gateways and runners."""

    def __init__(self, server: RunningServer, name: str, queue: Queue, bindings: list[Binding]) -> None:
        self.queue, self.heard = queue, list[bytes]()
        self.broker = Broker(server.url, name)
        self.broker.subscribe(queue, lambda one: self.heard.append(one.body), bindings=bindings)

    def hears(self, body: bytes) -> Callable[[], Awaitable[bool]]:
        return is_true(lambda: body in self.heard)


def gateway(server: RunningServer, topology: Topology, name: str) -> Hearing:
    queue = topology.gateway_changes(name)
    return Hearing(server, name, queue, [Binding(topology.changes, queue.name, "")])


def runner(server: RunningServer, topology: Topology, name: str) -> Hearing:
    queue = topology.runner_control("noop", name)
    keys = (topology.runner_key("noop", name), topology.plugin_key("noop"))
    return Hearing(server, name, queue, [Binding(topology.control, queue.name, key) for key in keys])


@pytest.mark.parametrize("hearing", [gateway, runner])
async def test_the_exchange_before_a_queue_that_takes_nothing_is_made_anew(
    rabbitmq: RunningServer, topology: Topology, hearing: Callable[[RunningServer, Topology, str], Hearing]
) -> None:
    """Healthy consumers keep receiving messages; the blocked one does too once its queue works again."""
    await Broker.once(rabbitmq.url, "test", lambda channel: declare_topology(channel, topology))
    well, unwell = hearing(rabbitmq, topology, "well"), hearing(rabbitmq, topology, "unwell")
    sending, calling = Broker(rabbitmq.url, "sending"), Broker(rabbitmq.url, "calling")
    publisher = PrivateRoutes(sending.publisher(PATIENCE), calling, topology)
    where = (topology.hints, "") if hearing is gateway else (topology.answers, topology.plugin_key("noop"))

    async def confirmed(body: bytes) -> bool:
        try:
            await publisher.publish(*where, body, persistent=False)
        except BrokerUnavailableError:
            return False
        return True

    async with running(sending, calling, well.broker, unwell.broker):
        assert await confirmed(b"before")
        await eventually_async(well.hears(b"before"))
        await eventually_async(unwell.hears(b"before"))
        with standing_still(rabbitmq, unwell.queue):
            assert not await confirmed(b"lost")
            await eventually_async(lambda: confirmed(b"during"))

            async def heard() -> bool:
                return await confirmed(b"heard") and b"heard" in well.heard

            await eventually_async(heard)
            assert b"heard" not in unwell.heard

        async def both_hear() -> bool:
            return await confirmed(b"after") and b"after" in well.heard and b"after" in unwell.heard

        await eventually_async(both_hear, within_seconds=60)


async def test_a_submission_goes_on_once_the_gateways_exchange_was_made_anew(
    rabbitmq: RunningServer, topology: Topology
) -> None:
    """An unconfirmed hint of the scheduler is what triggers the replacement."""
    await Broker.once(rabbitmq.url, "test", lambda channel: declare_topology(channel, topology))
    unwell = gateway(rabbitmq, topology, "unwell")
    sending, calling = Broker(rabbitmq.url, "sending"), Broker(rabbitmq.url, "calling")
    submitting, hints = sending.publisher(PATIENCE), sending.publisher(PATIENCE)
    routes = PrivateRoutes(hints, calling, topology)

    async with running(sending, calling, unwell.broker):
        with standing_still(rabbitmq, unwell.queue):
            with pytest.raises(BrokerUnavailableError):
                await submitting.publish(topology.submit, "noop", b"job")
            with pytest.raises(BrokerUnavailableError):
                await routes.publish(topology.hints, "", b"hint", persistent=False)

            async def accepted() -> bool:
                try:
                    await submitting.publish(topology.submit, "noop", b"job again")
                except BrokerUnavailableError:
                    return False
                return True

            await eventually_async(accepted)


async def test_a_publish_that_is_confirmed_after_all_has_nothing_made_anew(
    rabbitmq: RunningServer, topology: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Topology] = []

    async def renew(_channel: object, anew: Topology) -> None:
        made.append(anew)

    monkeypatch.setattr(module, "renew", renew)
    monkeypatch.setattr(module, "PATIENCE", timedelta(seconds=5))
    await Broker.once(rabbitmq.url, "test", lambda channel: declare_topology(channel, topology))
    slow = gateway(rabbitmq, topology, "slow")
    sending = Broker(rabbitmq.url, "sending")
    publisher = PrivateRoutes(sending.publisher(timedelta(seconds=0.3)), sending, topology)

    async with running(sending, slow.broker):
        with standing_still(rabbitmq, slow.queue), pytest.raises(BrokerUnavailableError):
            await publisher.publish(topology.hints, "", b"late", persistent=False)
        doubts = list(publisher._doubted.values())
        assert len(doubts) == 1
        await publisher.publish(topology.hints, "", b"well", persistent=False)
        await eventually_async(is_true(doubts[0].cancelled))
        assert not made
