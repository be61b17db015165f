"""Two of everything, and what must not matter: purged, deleted and doubled tickets, a dead scheduler."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx
import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker
from tests.e2e.conftest import System

from taskmanager.messages import Ticket
from taskmanager.messages.topology import MAX_PRIORITY, Topology
from taskmanager_testing.waiting import eventually

JOBS = 40
TOPOLOGY = Topology()
QUEUE = TOPOLOGY.jobs("sleep").name


@pytest.fixture(scope="module")
def system_options() -> Sequence[str]:
    return ("--plugins", "sleep", "--slots", "2", "--schedulers", "2", "--gateways", "2", "--runners", "2")


@pytest.fixture(scope="module")
def system_settings() -> Mapping[str, str]:
    return {"TASKMANAGER_SWEEP_SECONDS": "0.5", "TASKMANAGER_MISSING_AFTER_SECONDS": "1"}


def with_channel(system: System, work: Callable[[BlockingChannel], Any]) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(system.plan.amqp_url))
    try:
        work(connection.channel())
    finally:
        connection.close()


def sleepers(system: System, seconds: float) -> list[str]:
    return system.submit_many(JOBS, plugin="sleep", parameters={"seconds": seconds})


def ended_once(system: System, ids: Sequence[str], *, most_attempts: int = 1) -> None:
    """All of them DONE, each at its first attempt unless an attempt may be lost on the way to its runner."""
    wanted = set(ids)
    jobs = eventually(
        lambda: (
            found
            if len(found := [job for job in system.all_jobs("sleep") if job["id"] in wanted]) == len(ids)
            and all(job["status"] == "DONE" for job in found)
            else None
        ),
        within_seconds=60,
        what="all jobs done",
    )
    assert all(1 <= job["attempt"] <= most_attempts for job in jobs or [])


def test_tickets_of_a_purged_queue_are_made_again(system: System) -> None:
    ids = sleepers(system, 0.05)

    with_channel(system, lambda channel: channel.queue_purge(QUEUE))

    ended_once(system, ids)


def test_tickets_of_a_deleted_queue_are_made_again(system: System) -> None:
    ids = sleepers(system, 0.05)

    with_channel(system, lambda channel: channel.queue_delete(QUEUE))

    ended_once(system, ids)


def test_a_deleted_inbox_is_declared_again(system: System) -> None:
    with_channel(system, lambda channel: channel.queue_delete(TOPOLOGY.inbox.name))

    eventually(lambda: inbox_is_read(system), what="a new inbox")
    ended_once(system, sleepers(system, 0.02))


def inbox_is_read(system: System) -> bool:
    """Whether a scheduler consumes it: only then is it bound, and not yet when it has just been declared."""
    found = False

    def look(channel: BlockingChannel) -> None:
        nonlocal found
        try:
            answer = channel.queue_declare(TOPOLOGY.inbox.name, passive=True)
        except ChannelClosedByBroker:
            return
        found = answer.method.consumer_count > 0

    with_channel(system, look)
    return found


def test_doubled_and_old_tickets_start_nothing_twice(system: System) -> None:
    ids = sleepers(system, 0.02)

    def double(channel: BlockingChannel) -> None:
        properties = pika.BasicProperties(priority=MAX_PRIORITY)
        for job in ids:
            for dispatch in (0, 1, 1, 2):
                body = Ticket(job=job, dispatch=dispatch).encode()
                channel.basic_publish(TOPOLOGY.dispatch, "sleep", body, properties)
        channel.basic_publish(TOPOLOGY.dispatch, "sleep", b"no ticket at all", properties)

    with_channel(system, double)

    ended_once(system, ids)


@pytest.mark.parametrize("victim", ["scheduler-1", "scheduler-2"])
def test_the_other_scheduler_goes_on(system: System, victim: str) -> None:
    ids = sleepers(system, 0.05)

    system.kill(victim)

    ended_once(system, ids, most_attempts=2)


def test_a_job_is_found_at_once_at_the_other_gateway(system: System) -> None:
    with httpx.Client(base_url=system.plan.gateways[1], timeout=20) as other:
        for _ in range(50):
            job = system.submit(plugin="sleep", parameters={"seconds": 0.01})
            assert other.get(f"/api/v1/jobs/{job['id']}").status_code == httpx.codes.OK


def test_nothing_readable_is_in_the_dead_letters(system: System) -> None:
    """Purging queues, doubling tickets and killing processes leave no unusable message behind."""

    def count(channel: BlockingChannel) -> None:
        assert channel.queue_declare(TOPOLOGY.dead, passive=True).method.message_count == 0

    with_channel(system, count)


def test_an_unreadable_message_is_dead_lettered_and_stops_nothing(system: System) -> None:
    def publish(channel: BlockingChannel) -> None:
        for body in (b"", b"\xff", b'{"v":9,"type":"submit"}', b"[" * 100_000):
            channel.basic_publish(TOPOLOGY.events, "sleep.events", body)

    with_channel(system, publish)

    ended_once(system, sleepers(system, 0.01))

    def bury(channel: BlockingChannel) -> None:
        assert channel.queue_declare(TOPOLOGY.dead, passive=True).method.message_count == 4
        channel.queue_purge(TOPOLOGY.dead)

    with_channel(system, bury)
