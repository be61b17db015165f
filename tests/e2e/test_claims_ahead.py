"""Short jobs are claimed ahead of the slots; a stop, a cancel or a death takes none of them along."""

import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pika
import pytest
from tests.e2e.process_folders import check_statistics
from tests.e2e.system import System, running_system

from taskmanager.process.failpoints import END_AT, END_ONCE, Failpoint
from taskmanager_local.servers import RunningServer
from taskmanager_testing.waiting import eventually

PLUGIN = "brisk"
MANY = 600
"""Jobs that keep the slots busy for some seconds if each of them naps."""
SLOTS = 2
LOOSELY = {"TASKMANAGER_CLAIM_AHEAD_SECONDS": "5"}
"""Jobs are claimed ahead even where the machine is so busy that short ones take long."""


@pytest.fixture(scope="module")
def system(
    tmp_path_factory: pytest.TempPathFactory, rabbitmq: RunningServer, mongod: RunningServer
) -> Iterator[System]:
    folder = Path(tmp_path_factory.mktemp("ahead"))
    with running_system(folder, rabbitmq, mongod, plugin=PLUGIN, settings=LOOSELY) as made:
        yield made


def submit_many(system: System, diary: Path, deed: str = "nap") -> list[str]:
    """Each job notes in the diary that it runs. Only while they nap do many wait for the slots."""
    parameters = {"diary": str(diary), "deed": deed}
    jobs = [
        {"plugin": PLUGIN, "parameters": parameters, "idempotency_key": uuid.uuid4().hex} for _ in range(MANY)
    ]
    with system.client() as client:
        answer = client.post("/api/v1/jobs/batch", json={"jobs": jobs}).raise_for_status().json()
    return [one["id"] for one in answer["results"]]


def tell(system: System, what: str) -> None:
    with system.client() as client:
        client.post(f"/api/v1/plugins/{PLUGIN}/{what}").raise_for_status()


def some(system: System, status: str) -> list[str]:
    """The ids of some jobs with this status."""
    with system.client() as client:
        query: dict[str, str | int] = {"plugin": PLUGIN, "status": status, "limit": 20}
        answer = client.get("/api/v1/jobs", params=query).raise_for_status().json()
    return [job["id"] for job in answer["jobs"]]


def until_claimed_ahead(system: System) -> None:
    """The runner owns more jobs than it has slots."""
    eventually(lambda: len(some(system, "WAITINGFORUPLOAD")) > SLOTS, within_seconds=60, what="claims ahead")


def messages_waiting(system: System, rabbitmq: RunningServer) -> int:
    """How many messages the plugin's queue holds."""
    with pika.BlockingConnection(pika.URLParameters(rabbitmq.url)) as connection:
        queue = system.topology.jobs(PLUGIN).name
        return int(connection.channel().queue_declare(queue, passive=True).method.message_count)


def nothing_runs(system: System) -> bool:
    return not some(system, "WAITINGFORUPLOAD") and not some(system, "PROCESSING")


def check_all_done_once(system: System, ids: Sequence[str]) -> list[dict[str, Any]]:
    eventually(lambda: not system.tabs()["queue"]["jobs"], within_seconds=90, what="all jobs end")
    jobs = system.all_done(ids)
    stored = system.jobs()
    check_statistics(system.tabs(), stored)
    return jobs


def test_what_was_claimed_ahead_of_a_stop_waits_until_the_restart(system: System, tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    ids = submit_many(system, diary)
    until_claimed_ahead(system)
    tell(system, "stop")

    eventually(lambda: nothing_runs(system), what="nothing is claimed any more")
    assert some(system, "STARTED"), "the stop came too late to show anything"

    tell(system, "restart")
    check_all_done_once(system, ids)
    assert sorted(diary.read_text(encoding="ascii").split()) == sorted(ids), "each has run, and only once"


def test_a_runner_that_dies_with_claims_ahead_takes_no_job_along(system: System, tmp_path: Path) -> None:
    died = tmp_path / "died"
    system.runner.kill()
    system.runner.start({END_AT: f"{Failpoint.RUNNER_AFTER_GRANT}:{MANY // 2}", END_ONCE: str(died)})
    ids = submit_many(system, tmp_path / "diary", "nothing")
    eventually(died.exists, within_seconds=60, what="a death with claims ahead")
    assert system.runner.wait_for_death() < 0
    system.runner.start()

    jobs = check_all_done_once(system, ids)
    assert all(job["error"] is None for job in jobs)


def test_a_runner_that_dies_in_the_middle_of_a_block_takes_no_job_along(
    system: System, rabbitmq: RunningServer, tmp_path: Path
) -> None:
    """What is submitted while a plugin with short jobs is stopped waits in blocks."""
    diary = tmp_path / "diary"
    known = submit_many(system, diary, "nothing")
    check_all_done_once(system, known)  # from them the runner knows how short these jobs are
    tell(system, "stop")
    ids = submit_many(system, diary, "nothing")
    eventually(lambda: 0 < messages_waiting(system, rabbitmq) < MANY / 4, what="blocks of tickets")
    died = tmp_path / "died"
    system.runner.kill()
    system.runner.start({END_AT: f"{Failpoint.RUNNER_AFTER_GRANT}:{MANY // 10}", END_ONCE: str(died)})
    tell(system, "restart")
    eventually(died.exists, within_seconds=60, what="a death in the middle of a block")
    assert system.runner.wait_for_death() < 0
    system.runner.start()

    jobs = check_all_done_once(system, ids)
    assert all(job["error"] is None for job in jobs)


def test_a_runner_that_dies_with_the_ticket_of_a_returned_job_takes_no_job_along(
    system: System, tmp_path: Path
) -> None:
    died = tmp_path / "died"
    system.runner.kill()
    system.runner.start({END_AT: f"{Failpoint.RUNNER_UNCLAIMED}:1", END_ONCE: str(died)})
    ids: list[str] = []

    def returns_something() -> bool:
        ids.extend(submit_many(system, tmp_path / "diary"))
        until_claimed_ahead(system)
        tell(system, "stop")
        eventually(lambda: died.exists() or nothing_runs(system), what="nothing is claimed any more")
        tell(system, "restart")
        return died.exists()

    eventually(returns_something, within_seconds=90, what="a death with a ticket that goes back")
    assert system.runner.wait_for_death() < 0
    system.runner.start()

    jobs = check_all_done_once(system, ids)
    assert all(job["error"] is None for job in jobs)
