"""The gateway's real command between a real broker and a real database."""

import asyncio
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from taskmanager.messages import Change, Changes, Submissions, decode_inbox
from taskmanager.messages.topology import Topology
from taskmanager.model.jobs import Job, JobSpec, LogLine
from taskmanager.model.registry import LogBlock
from taskmanager.model.states import Status
from taskmanager.ports.broker import Delivery
from taskmanager.ports.store import Plan
from taskmanager.rabbit import Broker, declare_plugin
from taskmanager.rabbit.channel import AsyncChannel
from taskmanager_local.servers import RunningServer
from taskmanager_testing.waiting import LONG_SECONDS, eventually

from .conftest import RunningGateway, StartGateway, settle, store

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ANSWER_SECONDS = 4.5
"""By then a client must have heard that jobs can't be taken: only the gateway's own limits are that short; a
read may take five seconds, and a missed heartbeat takes longer. That they add up to less than the two seconds
required is checked in `tests/unit/gateway/test_submitting.py`; a busy machine takes some more.
"""
KEY = {"Idempotency-Key": "step-23"}
Freeze = Callable[[RunningServer], None]


async def received(url: str, topology: Topology, count: int) -> list[Delivery]:
    """What lies in the inbox."""
    broker, stop = Broker(url, "test"), asyncio.Event()
    inbox: asyncio.Queue[Delivery] = asyncio.Queue()
    broker.subscribe(topology.inbox, inbox.put_nowait, prefetch=100)
    running = asyncio.create_task(broker.run(stop))
    async with asyncio.timeout(LONG_SECONDS):
        found = [await inbox.get() for _ in range(count)]
    stop.set()
    await running
    return found


async def publish(url: str, topology: Topology, body: bytes) -> None:
    broker, stop = Broker(url, "test"), asyncio.Event()
    publisher = broker.publisher()
    connected = asyncio.Event()
    broker.on_connected(connected.set)
    running = asyncio.create_task(broker.run(stop))
    async with asyncio.timeout(LONG_SECONDS):
        await connected.wait()
        await publisher.publish(topology.hints, "", body, persistent=False)
    stop.set()
    await running


def declare(rabbitmq: RunningServer, topology: Topology) -> None:
    async def work(channel: AsyncChannel) -> None:
        await declare_plugin(channel, topology, "noop")

    asyncio.run(Broker.once(rabbitmq.url, "test", work))


def stored(job_id: str, status: Status) -> Job:
    return Job(
        id=job_id,
        spec=JobSpec(plugin="noop"),
        client="anonymous",
        status=status,
        priority=5,
        created=NOW,
        queued_at=NOW,
    )


def changed(job: Job, *, logged: bool = False) -> bytes:
    change = Change(
        job=job.id,
        plugin="noop",
        status=job.status,
        tab=job.tab,
        rev=1,
        progress=job.progress,
        logged=logged,
    )
    return Changes(changes=(change,)).encode()


async def waiting(url: str, topology: Topology) -> int:
    """How many tickets lie in the queue of the plugin."""
    found: list[int] = []

    async def count(channel: AsyncChannel) -> None:
        found.append(await channel.waiting_in(topology.jobs("noop").name))

    await Broker.once(url, "test", count)
    return found[0]


def test_one_submission_reaches_the_scheduler_and_no_queue_of_a_plugin(
    rabbitmq: RunningServer, topology: Topology, gateway: RunningGateway, roots: Path
) -> None:
    declare(rabbitmq, topology)

    answer = gateway.submit(source=str(roots), priority=7)

    assert answer.status_code == 202, answer.text
    (inbox,) = asyncio.run(received(rabbitmq.url, topology, 1))
    message = decode_inbox(inbox.body)
    assert isinstance(message, Submissions)
    (submit,) = message.submissions
    assert (submit.job, submit.spec.priority) == (answer.json()["id"], 7)
    assert asyncio.run(waiting(rabbitmq.url, topology)) == 0


def test_a_job_just_accepted_is_found_on_any_gateway(start_gateway: StartGateway) -> None:
    one, other = start_gateway(), start_gateway()

    for _ in range(20):
        accepted = one.submit()
        shown = other.client.get(accepted.headers["Location"])
        assert shown.status_code == 200
        assert shown.json() | {"waiting": None} == accepted.json()


def test_a_repeat_on_another_gateway_is_the_same_job(start_gateway: StartGateway) -> None:
    one, other = start_gateway(), start_gateway()
    body = {"plugin": "noop"}

    first = one.client.post("/api/v1/jobs", json=body, headers=KEY)
    second = other.client.post("/api/v1/jobs", json=body, headers=KEY)

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"]


def test_a_batch_of_a_thousand_is_taken_whole(
    gateway: RunningGateway, rabbitmq: RunningServer, topology: Topology
) -> None:
    declare(rabbitmq, topology)

    answer = gateway.client.post("/api/v1/jobs/batch", json={"jobs": [{"plugin": "noop"}] * 1000})

    assert answer.json()["accepted"] == 1000
    assert len({result["id"] for result in answer.json()["results"]}) == 1000


def test_a_broker_that_was_killed_is_told_in_time_and_jobs_go_on_after_its_return(
    gateway: RunningGateway, rabbitmq: RunningServer, topology: Topology
) -> None:
    settle(rabbitmq, topology)
    rabbitmq.kill()
    try:
        answer = gateway.client.post(
            "/api/v1/jobs", json={"plugin": "noop"}, headers=KEY, timeout=ANSWER_SECONDS
        )
        ready = gateway.client.get("/health/ready")
    finally:
        rabbitmq.restart()

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert ready.status_code == 503
    taken = eventually(lambda: accepted(gateway), within_seconds=40, what="the job is taken again")
    assert taken is not None
    assert taken["id"] == answer.json()["job"]


def accepted(gateway: RunningGateway) -> dict[str, Any] | None:
    answer = gateway.client.post("/api/v1/jobs", json={"plugin": "noop"}, headers=KEY)
    shown: dict[str, Any] = answer.json()
    return shown if answer.status_code == 202 else None


def test_a_broker_that_hangs_is_told_in_time(
    gateway: RunningGateway, rabbitmq: RunningServer, frozen: Freeze, roots: Path
) -> None:
    assert gateway.submit().status_code == 202
    frozen(rabbitmq)

    for address, body in (
        ("/api/v1/jobs", {"plugin": "noop", "source": str(roots), "unique": "u"}),
        ("/api/v1/jobs/batch", {"jobs": [{"plugin": "noop"}] * 500}),
    ):
        answer = gateway.client.post(address, json=body, timeout=ANSWER_SECONDS)
        if address.endswith("batch"):
            assert {result["status"] for result in answer.json()["results"]} == {503}
        else:
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
            assert answer.json()["job"]


def test_jobs_are_taken_and_shown_while_the_database_hangs(
    gateway: RunningGateway, mongod: RunningServer, frozen: Freeze
) -> None:
    frozen(mongod)

    answer = gateway.client.post("/api/v1/jobs", json={"plugin": "noop", "unique": "u"}, headers=KEY)
    shown = gateway.client.get(answer.headers["Location"], timeout=ANSWER_SECONDS)
    ready = gateway.client.get("/health/ready")

    assert answer.status_code == 202
    assert shown.json() == answer.json()
    assert ready.status_code == 200


def test_events_tell_of_changes_until_the_gateway_stops(
    gateway: RunningGateway, rabbitmq: RunningServer, topology: Topology
) -> None:
    heard: list[str] = []
    listening = threading.Event()

    def listen() -> None:
        with gateway.client.stream("GET", "/api/v1/events", timeout=30) as stream:
            listening.set()
            heard.extend(line for line in stream.iter_lines() if line.startswith(("event", "data")))

    thread = threading.Thread(target=listen)
    thread.start()
    assert listening.wait(LONG_SECONDS)
    job = stored("00000000-0000-4000-8000-000000000001", Status.DONE)
    asyncio.run(publish(rabbitmq.url, topology, changed(job)))
    eventually(lambda: len(heard) > 1)
    gateway.process.send_signal(signal.SIGTERM)
    thread.join(LONG_SECONDS)

    assert gateway.process.wait(LONG_SECONDS) == 0
    assert heard[0] == "event: job"
    assert '"status":"DONE"' in heard[1]


def test_a_live_log_follows_the_job_to_its_end(
    gateway: RunningGateway, rabbitmq: RunningServer, topology: Topology, mongodb_url: str
) -> None:
    job = stored("00000000-0000-4000-8000-000000000001", Status.DONE)
    line = LogLine(at=NOW, level="info", text="12 files")
    store(
        mongodb_url, Plan(jobs=((None, job),), logs=(LogBlock(job=job.id, attempt=1, seq=1, lines=(line,)),))
    )

    answer = gateway.client.get(f"/api/v1/jobs/{job.id}/log", headers={"Accept": "text/event-stream"})

    assert [one for one in answer.text.splitlines() if one.startswith("event")] == [
        "event: log",
        "event: end",
    ]
    assert "12 files" in answer.text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_gateway_ends_cleanly_when_asked(gateway: RunningGateway, number: signal.Signals) -> None:
    gateway.submit()
    gateway.process.send_signal(number)

    assert gateway.process.wait(LONG_SECONDS) == 0
