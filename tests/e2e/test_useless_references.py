"""Tickets of jobs nobody knows and documents nobody can read: dropped or left out, never in the way."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pika
import pymongo
import pytest
from tests.e2e.system import System, running_system

from taskmanager.messages import Ticket
from taskmanager.messages.topology import MAX_PRIORITY
from taskmanager_local.commands import LOOPBACK
from taskmanager_local.servers import RunningServer
from taskmanager_testing.waiting import eventually

NOBODYS = 12
SHORT = {"plugin": "sleep", "parameters": {"seconds": 0.01}}
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def system(
    tmp_path_factory: pytest.TempPathFactory, rabbitmq: RunningServer, mongod: RunningServer
) -> Iterator[System]:
    with running_system(Path(tmp_path_factory.mktemp("stage")), rabbitmq, mongod, plugin="sleep") as made:
        yield made


def metric(system: System, name: str, service: str = "runner") -> float:
    """The sum of a counter of one service over all its labels."""
    port = {one.name: one.port for one in system.services}[service]
    lines = httpx.get(f"http://{LOOPBACK}:{port}/metrics").text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((f"{name}{{", f"{name} ")))


def test_tickets_of_jobs_nobody_knows_hold_up_nothing(system: System, rabbitmq: RunningServer) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(rabbitmq.url))
    properties = pika.BasicProperties(priority=MAX_PRIORITY, delivery_mode=2)
    for _ in range(NOBODYS):
        body = Ticket(job=str(uuid.uuid4()), dispatch=1).encode()
        connection.channel().basic_publish(system.topology.dispatch, "sleep", body, properties)
    connection.close()

    ids = [system.submit(SHORT, uuid.uuid4().hex) for _ in range(4)]

    system.all_done(ids)
    eventually(lambda: metric(system, "taskmanager_runner_tickets_dropped_total") == NOBODYS)


def test_a_job_whose_document_cannot_be_read_takes_nothing_else_with_it(system: System) -> None:
    """Neither lists nor its runner's leases nor its ticket nor a repeated submission are affected."""
    key, flag = uuid.uuid4().hex, system.folder / "end"
    long = {"plugin": "sleep", "parameters": {"seconds": 60, "until": str(flag)}}
    running, neighbour = system.submit(long, key), system.submit(long, uuid.uuid4().hex)
    waiting = system.submit(SHORT, uuid.uuid4().hex)
    with system.client() as client:
        eventually(lambda: all(status(client, one) == "PROCESSING" for one in (running, neighbour)))
        eventually(lambda: status(client, waiting) == "STARTED")
        spoil(system, running, waiting)

        ids = [job["id"] for job in system.jobs()]
        assert neighbour in ids
        assert not {running, waiting} & set(ids)
        refused = client.get(f"/api/v1/jobs/{running}")
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:taskmanager:problem:unreadable")
        newest = client.get("/api/v1/jobs", params={"limit": 1, "plugin": "sleep"})
        assert newest.status_code == httpx.codes.OK
        system.scheduler.kill()  # what the scheduler knew of them is gone with it
        system.scheduler.start()
        system.scheduler.until_ready()
        assert system.submit(long, key) == running
        flag.touch()
        later = system.submit(SHORT, uuid.uuid4().hex)
    [*done] = system.all_done([neighbour, later])
    assert [job["attempt"] for job in done] == [1, 1]
    assert metric(system, "taskmanager_unreadable_documents_total", "scheduler") > 0
    assert metric(system, "taskmanager_dead_letters_total", "scheduler") == 0


def status(client: httpx.Client, job: str) -> Any:
    return client.get(f"/api/v1/jobs/{job}").json()["status"]


def spoil(system: System, *jobs: str) -> None:
    """Write into the documents what no version of this project writes."""
    with pymongo.MongoClient(system.mongodb_url) as client:  # type: ignore[var-annotated]
        spoilt = client.get_default_database().jobs.update_many(
            {"_id": {"$in": list(jobs)}}, {"$set": {"history": "none"}}
        )
        assert spoilt.modified_count == len(jobs)
