"""The broker's consumer timeout, made short: it closes the channel of whoever keeps a message too long.

No subscription of any service may depend on it (a runner hears of orders for as long as it lives).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from tests.alarms import rabbitmqctl
from tests.e2e.system import System, running_system

from taskmanager.accounts.broker_users import BrokerUser
from taskmanager_local.servers import RunningServer, private_rabbitmq
from taskmanager_testing.waiting import eventually

TIMEOUT_MILLISECONDS = 3_000
TICK_MILLISECONDS = 500
JOBS = 20
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def impatient(
    tmp_path_factory: pytest.TempPathFactory, services_users: Sequence[BrokerUser]
) -> Iterator[RunningServer]:
    """A broker of this module alone that waits seconds, not half an hour, for an acknowledgement."""
    with private_rabbitmq(Path(tmp_path_factory.mktemp("impatient")), services_users) as server:
        setting = f"application:set_env(rabbit,consumer_timeout,{TIMEOUT_MILLISECONDS})"
        tick = f"application:set_env(rabbit,channel_tick_interval,{TICK_MILLISECONDS})"
        rabbitmqctl(server, "eval", f"{setting}, {tick}.")
        yield server


@pytest.fixture(scope="module")
def system(
    tmp_path_factory: pytest.TempPathFactory, impatient: RunningServer, mongod: RunningServer
) -> Iterator[System]:
    with running_system(Path(tmp_path_factory.mktemp("stage")), impatient, mongod, plugin="sleep") as made:
        yield made


def consumers(server: RunningServer) -> dict[str, set[str]]:
    """The channels that consume each queue."""
    found: dict[str, set[str]] = {}
    for line in rabbitmqctl(server, "list_consumers", "--quiet", "--no-table-headers").splitlines():
        queue, channel, *_ = line.split("\t")
        found.setdefault(queue, set()).add(channel)
    return found


def unacknowledged(server: RunningServer) -> dict[str, int]:
    """The queues with messages that were delivered and not acknowledged."""
    columns = ("name", "messages_unacknowledged")
    lines = rabbitmqctl(server, "list_queues", "--quiet", "--no-table-headers", *columns).splitlines()
    found = {name: int(number) for name, number in (line.split("\t") for line in lines)}
    return {name: number for name, number in found.items() if number}


def timeout_has_passed(channel: BlockingChannel) -> None:
    """Keep a message of one's own until the broker closes the channel: all that lay longer has met that."""
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.basic_publish("", queue, b"kept")
    channel.basic_consume(queue, lambda *_: None)

    def closed() -> bool:
        channel.connection.process_data_events(0)
        return not channel.is_open

    eventually(closed, within_seconds=60, what="the consumer timeout of the broker")


def test_no_subscription_of_any_service_meets_the_consumer_timeout(
    system: System, impatient: RunningServer
) -> None:
    prefix = system.topology.prefix
    long = {"plugin": "sleep", "parameters": {"seconds": 3 * TIMEOUT_MILLISECONDS / 1000}}
    short = {"plugin": "sleep", "parameters": {"seconds": 0.01}}
    ids = [system.submit(long, "long"), *(system.submit(short, f"short-{one}") for one in range(JOBS))]
    system.all_done(ids[1:])
    private = {queue: at for queue, at in consumers(impatient).items() if ".jobs." not in queue}
    kinds = (f"{prefix}.scheduler", f"{prefix}.control.runner.", f"{prefix}.changes.gateway.")
    assert sorted(next(kind for kind in kinds if one.startswith(kind)) for one in private) == sorted(kinds)

    connection = pika.BlockingConnection(pika.URLParameters(impatient.url))
    for _ in range(2):
        timeout_has_passed(connection.channel())
    connection.close()
    system.all_done(ids)

    assert {queue: at for queue, at in consumers(impatient).items() if ".jobs." not in queue} == private
    eventually(lambda: not unacknowledged(impatient), what="nothing unacknowledged")
    assert {one.name: one.problems() for one in system.services} == {one.name: {} for one in system.services}
