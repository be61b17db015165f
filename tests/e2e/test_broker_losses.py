"""A policy throws away what was accepted, a queue is deleted: services notice, say so, and make it good."""

import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from tests.alarms import rabbitmqctl
from tests.e2e.system import Service, System, running_system

from taskmanager.accounts.broker_users import BrokerUser
from taskmanager_local.commands import LOOPBACK, free_port
from taskmanager_local.servers import RunningServer, private_rabbitmq
from taskmanager_testing.waiting import eventually

JOBS = 10
SHORT = {"plugin": "sleep", "parameters": {"seconds": 0.01}}
POLICY = '{"message-ttl":50}'
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def management_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def rabbitmq(
    tmp_path_factory: pytest.TempPathFactory, services_users: Sequence[BrokerUser], management_port: int
) -> Iterator[RunningServer]:
    """A broker that shows its policies."""
    folder = Path(tmp_path_factory.mktemp("rabbitmq"))
    with private_rabbitmq(folder, services_users, management_port=management_port) as server:
        yield server


@pytest.fixture(scope="module")
def system(
    tmp_path_factory: pytest.TempPathFactory,
    rabbitmq: RunningServer,
    mongod: RunningServer,
    management_port: int,
) -> Iterator[System]:
    login = urlsplit(rabbitmq.url).netloc.rpartition("@")[0]
    settings = {"TASKMANAGER_BROKER_MANAGEMENT_URL": f"http://{login}@{LOOPBACK}:{management_port}"}
    folder = Path(tmp_path_factory.mktemp("stage"))
    with running_system(folder, rabbitmq, mongod, plugin="sleep", settings=settings) as made:
        yield made


def waiting(server: RunningServer, queue: str) -> int:
    said = rabbitmqctl(server, "list_queues", "--quiet", "--no-table-headers", "name", "messages")
    return {name: int(number) for name, number in (line.split("\t") for line in said.splitlines())}[queue]


def dead_letters(system: System) -> list[dict[str, Any]]:
    with system.client() as client:
        found: list[dict[str, Any]] = (
            client.get("/api/v1/dead-letters").raise_for_status().json()["dead_letters"]
        )
    return found


def says(service: Service, part: str, *words: str) -> bool:
    problem = (service.problems() or {}).get(part, "")
    return all(word in problem for word in words)


def test_a_runner_without_its_queue_says_so_with_open_and_with_closed_lanes(
    system: System, rabbitmq: RunningServer
) -> None:
    queue = system.topology.jobs("sleep").name
    for action in ("stop", "restart"):
        with system.client() as client:
            told = client.post(f"/api/v1/plugins/sleep/{action}", json={"reason": "test"})
            assert told.status_code == httpx.codes.OK, told.text
        system.scheduler.kill()  # it would make the queue again before anybody could look
        rabbitmqctl(rabbitmq, "delete_queue", queue)
        eventually(
            lambda: says(system.runner, "consuming", queue), within_seconds=60, what="the runner says so"
        )
        system.scheduler.start()
        system.scheduler.until_ready()
        system.runner.until_ready()
    system.all_done([system.submit(SHORT, uuid.uuid4().hex)])


def test_what_a_policy_threw_away_is_stored_in_the_end(system: System, rabbitmq: RunningServer) -> None:
    inbox, policy, dead = system.topology.inbox.name, uuid.uuid4().hex, system.topology.dead
    rabbitmqctl(rabbitmq, "set_policy", policy, f"^{inbox}$", POLICY, "--apply-to", "queues")
    eventually(
        lambda: says(system.scheduler, "queues", inbox, policy, "message-ttl"),
        within_seconds=60,
        what="the scheduler to warn before anything is lost",
    )
    system.scheduler.kill()
    system.runner.kill()  # its heartbeats would always leave something in the inbox
    ids = [system.submit(SHORT, uuid.uuid4().hex) for _ in range(JOBS)]
    eventually(
        lambda: waiting(rabbitmq, inbox) == 0, within_seconds=60, what="the policy to throw everything away"
    )
    rabbitmqctl(rabbitmq, "clear_policy", policy)
    for service in (system.scheduler, system.runner):
        service.start()
    system.runner.until_ready()
    eventually(
        lambda: says(system.scheduler, "queues", inbox, "expired", dead),
        within_seconds=60,
        what="the scheduler to say what was lost",
    )

    def overtaken() -> bool:
        """Once a later submission is stored the loss is certain, and said until it is made good."""
        ids.append(system.submit(SHORT, uuid.uuid4().hex))
        return inbox in (system.gateway.problems() or {}).get("submissions", "")

    eventually(overtaken, within_seconds=60, what="the gateway to notice")
    system.all_done(ids, within_seconds=90)
    system.gateway.until_ready()
    eventually(lambda: dead_letters(system), within_seconds=60, what="the scheduler to show them")
    asked: set[str] = set()
    kinds: set[str] = set()

    def all_back() -> bool:
        """Send back submissions, drop what else was lost, such as a tick; some are shown later."""
        for one in dead_letters(system):
            assert (one["queue"], one["cause"], one["objection"]) == (inbox, "expired", None)
            if one["id"] not in asked:
                asked.add(one["id"])
                kinds.add(one["kind"])
                action = "requeue" if one["kind"] == "submissions" else "drop"
                with system.client() as client:
                    client.post(f"/api/v1/dead-letters/{one['id']}/{action}").raise_for_status()
        return not dead_letters(system) and waiting(rabbitmq, dead) == 0

    eventually(all_back, within_seconds=60, what="the letters to go back")
    assert "submissions" in kinds
    system.all_done(ids)
    system.scheduler.until_ready()
