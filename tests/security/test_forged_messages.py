"""What a program that has got hold of a runner's broker user can make a running scheduler do: nothing."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pika
import pymongo
import pytest
from tests.conftest import USERS
from tests.e2e.system import System, running_system

from taskmanager.messages import AddUser, Claim, Command, Inbound, JobCommand, RunnerEvents
from taskmanager.model.access import Role
from taskmanager.model.control import JobAction
from taskmanager_local.commands import LOOPBACK
from taskmanager_local.servers import RunningServer
from taskmanager_testing.waiting import eventually

STOLEN = USERS.runner("noop")
"""Of another plugin than the jobs it is after."""
REFUSED = 'taskmanager_dead_letters_total{reason="not believed"}'
pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def system(tmp_path: Path, rabbitmq: RunningServer, mongod: RunningServer) -> Iterator[System]:
    with running_system(tmp_path / "stage", rabbitmq, mongod, plugin="sleep") as made:
        yield made


def forge(system: System, rabbitmq: RunningServer, key: str, message: Inbound) -> None:
    """Publish with the stolen user; the tests' broker lets it use any key of the exchange."""
    with pika.BlockingConnection(pika.URLParameters(rabbitmq.url_of(STOLEN))) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        properties = pika.BasicProperties(user_id=STOLEN, delivery_mode=2)
        channel.basic_publish(system.topology.events, key, message.encode(), properties)


def refused(system: System) -> float:
    """How many messages the scheduler did not believe."""
    lines = httpx.get(f"http://{LOOPBACK}:{system.scheduler.port}/metrics").text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(REFUSED))


def command(order: AddUser | JobCommand) -> Command:
    return Command(id=str(uuid.uuid4()), gateway="g", actor="anna", at=datetime.now(UTC), order=order)


def test_forged_messages_change_nothing_and_are_seen(system: System, rabbitmq: RunningServer) -> None:
    flag = system.folder / "end"
    job = system.submit({"plugin": "sleep", "parameters": {"seconds": 60, "until": str(flag)}}, "one")
    with system.client() as client:
        eventually(lambda: client.get(f"/api/v1/jobs/{job}").json()["status"] == "PROCESSING")
    claim = RunnerEvents(
        plugin="sleep",
        runner="evil",
        instance="i",
        events=(Claim(job=job, dispatch=1, claim_id="c"),),
    )
    topology = system.topology
    forged: list[tuple[str, Inbound]] = [
        (topology.events_key("sleep"), claim),
        (topology.events_key("noop"), claim),
        (topology.command_key, command(AddUser(name="evil", role=Role.ADMIN))),
        (topology.events_key("noop"), command(JobCommand(job=job, action=JobAction.CANCEL))),
    ]

    for key, message in forged:
        forge(system, rabbitmq, key, message)

    eventually(lambda: refused(system) == len(forged), what="the refusal of what was forged")
    flag.touch()
    [done] = system.all_done([job])
    assert done["attempt"] == 1
    with pymongo.MongoClient(system.mongodb_url) as client:  # type: ignore[var-annotated]
        stored = client.get_default_database()
        assert stored.users.find_one({"_id": "evil"}) is None
        assert stored.audit.find_one({"actor": "anna"}) is None
    log = system.scheduler.log.read_text()
    assert log.count("not believed") == len(forged)
    assert STOLEN in log
