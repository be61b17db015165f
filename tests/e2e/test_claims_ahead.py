"""Short jobs are claimed ahead of the slots; a stop, a cancel or a death takes none of them along."""

import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.process_folders import check_statistics
from tests.e2e.system import System, running_system

from taskmanager.process.failpoints import END_AT, END_ONCE, Failpoint
from taskmanager_local.servers import RunningServer
from taskmanager_testing.waiting import eventually

PLUGIN = "noop"
MANY = 400
"""Jobs that keep the slots busy for some seconds."""


@pytest.fixture(scope="module")
def system(
    tmp_path_factory: pytest.TempPathFactory, rabbitmq: RunningServer, mongod: RunningServer
) -> Iterator[System]:
    folder = Path(tmp_path_factory.mktemp("ahead"))
    with running_system(folder, rabbitmq, mongod, plugin=PLUGIN) as made:
        yield made


def submit_many(system: System) -> list[str]:
    jobs = [{"plugin": PLUGIN, "idempotency_key": uuid.uuid4().hex} for _ in range(MANY)]
    with system.client() as client:
        answer = client.post("/api/v1/jobs/batch", json={"jobs": jobs}).raise_for_status().json()
    return [one["id"] for one in answer["results"]]


def tell(system: System, what: str) -> None:
    with system.client() as client:
        client.post(f"/api/v1/plugins/{PLUGIN}/{what}").raise_for_status()


def statuses(system: System) -> Counter[str]:
    return Counter(job["status"] for job in system.jobs())


def until_claimed_ahead(system: System) -> None:
    """The runner owns more jobs than it has slots."""
    eventually(lambda: statuses(system)["WAITINGFORUPLOAD"] > 2, within_seconds=30, what="claims ahead")


def check_all_done_once(system: System, ids: Sequence[str]) -> list[dict[str, Any]]:
    jobs = system.all_done(ids, within_seconds=90)
    stored = system.jobs()
    check_statistics(system.tabs(), stored)
    return jobs


def test_what_was_claimed_ahead_of_a_stop_waits_until_the_restart(system: System) -> None:
    ids = submit_many(system)
    until_claimed_ahead(system)
    tell(system, "stop")

    eventually(lambda: not set(statuses(system)) - {"STARTED", "DONE"}, what="nothing is claimed any more")
    waiting = statuses(system)["STARTED"]
    assert waiting, "the stop came too late to show anything"

    tell(system, "restart")
    check_all_done_once(system, ids)


@pytest.mark.parametrize("point", [Failpoint.RUNNER_AFTER_GRANT, Failpoint.RUNNER_UNCLAIMED])
def test_a_runner_that_dies_takes_nothing_along_that_it_had_claimed_ahead(
    system: System, tmp_path: Path, point: Failpoint
) -> None:
    died = tmp_path / "died"
    system.runner.kill()
    times = MANY // 4 if point is Failpoint.RUNNER_AFTER_GRANT else 1
    system.runner.start({END_AT: f"{point}:{times}", END_ONCE: str(died)})
    ids = submit_many(system)
    if point is Failpoint.RUNNER_UNCLAIMED:
        until_claimed_ahead(system)
        tell(system, "stop")
    eventually(died.exists, within_seconds=60, what=f"a death at {point}")
    assert system.runner.wait_for_death() < 0
    tell(system, "restart")
    system.runner.start()

    jobs = check_all_done_once(system, ids)
    assert all(job["error"] is None for job in jobs)
