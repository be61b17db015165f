"""Tickets of jobs nobody knows and documents nobody can read: dropped or left out, never in the way."""

import socket
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pika
import pymongo
import pytest
from deploy.reference.metrics import labels_of, metrics_of
from prometheus_client import Metric as MetricFamily
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from tests.e2e.system import System, running_system

from taskmanager.messages import Ticket
from taskmanager.messages.topology import MAX_PRIORITY
from taskmanager.process import metrics as shared
from taskmanager.process.metrics import PREFIX
from taskmanager_gateway import metrics as gateway
from taskmanager_local.commands import LOOPBACK
from taskmanager_local.servers import RunningServer
from taskmanager_plugin_runner import metrics as runner
from taskmanager_scheduler import metrics as scheduler
from taskmanager_testing.waiting import eventually

NOBODYS = 12
MODULES = {"gateway": gateway, "scheduler": scheduler, "runner": runner}
SILENT = {
    "every": {f"{PREFIX}unreadable_documents", f"{PREFIX}transaction_retries"},
    "gateway": {f"{PREFIX}gateway_streams"},
    "scheduler": {
        f"{PREFIX}{name}"
        for name in (
            "goobi_report_lag_seconds",
            "goobi_reports",
            "goobi_undelivered_reports",
            "goobi_oldest_report_seconds",
            "queue_in_danger",
        )
    },
    "runner": set[str](),
}
"""What has no series here: only some services have a database, nobody looks at a page, no Goobi is told, and
no queue is in danger."""
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


def exported(system: System, service: str) -> dict[str, MetricFamily]:
    """What a service says of itself as OpenMetrics, by the name of the family."""
    port = {one.name: one.port for one in system.services}[service]
    answer = httpx.get(
        f"http://{LOOPBACK}:{port}/metrics", headers={"accept": "application/openmetrics-text"}
    )
    found = text_string_to_metric_families(answer.text)  # type: ignore[no-untyped-call]
    return {one.name: one for one in found if one.name.startswith(PREFIX)}


@pytest.mark.parametrize("service", MODULES)
def test_each_service_shows_the_metrics_that_their_page_lists(system: System, service: str) -> None:
    """Names and labels of all of them, and of each at least one series, or it is never shown at all."""
    system.all_done([system.submit(SHORT, uuid.uuid4().hex)])
    told = {
        next(iter(one.describe())).name: one for one in (*metrics_of(shared), *metrics_of(MODULES[service]))
    }
    silent = SILENT["every"] | SILENT[service]

    def spoken() -> dict[str, MetricFamily] | None:
        found = exported(system, service)
        return found if {name for name in told if not found[name].samples} <= silent else None

    found = eventually(spoken, what="a series of each metric") or {}
    assert found.keys() == told.keys()
    for name, family in found.items():
        for sample in family.samples:
            assert sample.labels.keys() - {"le"} == set(labels_of(told[name])), sample
            for value in sample.labels.values():
                assert socket.gethostname() not in value
                assert not set(value.replace("-", " ").split()) & {str(one.pid) for one in system.services}


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
