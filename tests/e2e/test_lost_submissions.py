"""A policy of the broker throws away what was accepted: the gateway notices, says so, and sends it again."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.alarms import rabbitmqctl
from tests.e2e.stage import Stage, running_stage

from taskmanager.testing.waiting import eventually
from taskmanager_local.servers import RunningServer

JOBS = 10
SHORT = {"plugin": "sleep", "parameters": {"seconds": 0.01}}
POLICY = '{"message-ttl":50}'
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def stage(
    tmp_path_factory: pytest.TempPathFactory, rabbitmq: RunningServer, mongod: RunningServer
) -> Iterator[Stage]:
    with running_stage(Path(tmp_path_factory.mktemp("stage")), rabbitmq, mongod, plugin="sleep") as made:
        yield made


def waiting(server: RunningServer, queue: str) -> int:
    said = rabbitmqctl(server, "list_queues", "--quiet", "--no-table-headers", "name", "messages")
    return {name: int(number) for name, number in (line.split("\t") for line in said.splitlines())}[queue]


def test_what_a_policy_threw_away_is_stored_in_the_end(stage: Stage, rabbitmq: RunningServer) -> None:
    inbox, policy = stage.topology.inbox.name, uuid.uuid4().hex
    stage.scheduler.kill()
    stage.runner.kill()  # its heartbeats would always leave something in the inbox
    rabbitmqctl(rabbitmq, "set_policy", policy, f"^{inbox}$", POLICY, "--apply-to", "queues")
    ids = [stage.submit(SHORT, uuid.uuid4().hex) for _ in range(JOBS)]
    eventually(
        lambda: waiting(rabbitmq, inbox) == 0, within_seconds=60, what="the policy to throw everything away"
    )
    rabbitmqctl(rabbitmq, "clear_policy", policy)
    for service in (stage.scheduler, stage.runner):
        service.start()
    for service in (stage.scheduler, stage.runner):
        service.until_ready()

    def overtaken() -> bool:
        """Once a later submission is stored the loss is certain, and said until it is made good."""
        ids.append(stage.submit(SHORT, uuid.uuid4().hex))
        return inbox in (stage.gateway.problems() or {}).get("submissions", "")

    eventually(overtaken, within_seconds=60, what="the gateway to notice")
    stage.all_done(ids, within_seconds=90)
    stage.gateway.until_ready()
