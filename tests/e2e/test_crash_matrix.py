"""The crash table row by row: a process dies at a named point, starts again; nothing is lost or doubled."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.e2e.process_folders import ProcessFolders, check_result, check_statistics
from tests.e2e.system import Service, System, running_system

from taskmanager.process.failpoints import END_AT, END_ONCE, Failpoint
from taskmanager_local.servers import RunningServer
from taskmanager_testing.waiting import eventually

JOBS = 3
LATER_TIMES = {
    # the first groups of a scheduler are hellos and heartbeats, of which nobody misses anything
    Failpoint.SCHEDULER_BEFORE_STORE: (2, 4),
    Failpoint.SCHEDULER_BEFORE_COMMIT: (2, 4),
    Failpoint.SCHEDULER_BEFORE_EFFECTS: (2, 4),
    Failpoint.SCHEDULER_BEFORE_ACK: (2, 4),
    Failpoint.SCHEDULER_AFTER_ACK: (3,),
    Failpoint.SLOT_BEFORE_RENAME: (1, 3),
}
ELSEWHERE = {
    Failpoint.SLOT_BEFORE_REMOVAL,
    Failpoint.SLOT_LOOKING_AHEAD,
    Failpoint.SLOT_CARRYING,
    Failpoint.RUNNER_UNCLAIMED,
    Failpoint.SCHEDULER_BEFORE_NOTICES,
    Failpoint.SCHEDULER_AFTER_NOTIFICATION,
}
"""Points that jobs of this stage do not pass: they have tests of their own.

See tests/unit/runner (leftovers, overlapping), test_claims_ahead and tests/contract/test_notifications.
Before notices are stored, nothing is.
"""
DEATHS = [
    (point, times) for point in Failpoint if point not in ELSEWHERE for times in LATER_TIMES.get(point, (1,))
]
IN_ITS_SLOT = "slot"


@pytest.fixture(scope="module")
def system(
    tmp_path_factory: pytest.TempPathFactory, rabbitmq: RunningServer, mongod: RunningServer
) -> Iterator[System]:
    folder = Path(tmp_path_factory.mktemp("matrix"))
    with running_system(folder, rabbitmq, mongod, plugin="diary") as made:
        yield made


@pytest.fixture(scope="module")
def process_folders(system: System) -> ProcessFolders:
    return ProcessFolders(system.roots)


def victim_of(system: System, point: Failpoint) -> Service:
    found = {service.name: service for service in system.services} | {IN_ITS_SLOT: system.runner}
    return found[point.partition("-")[0]]


@pytest.mark.parametrize(("point", "times"), DEATHS, ids=[f"{point}-{times}" for point, times in DEATHS])
def test_a_death_at_this_point_loses_and_doubles_nothing(
    system: System, process_folders: ProcessFolders, tmp_path: Path, point: Failpoint, times: int
) -> None:
    victim, died = victim_of(system, point), tmp_path / "died"
    victim.kill()
    victim.start({END_AT: f"{point}:{times}", END_ONCE: str(died)})
    before = len(process_folders.processes)

    with ThreadPoolExecutor(JOBS) as clients:
        submitting = [
            clients.submit(system.submit, spec, uuid.uuid4().hex) for spec in process_folders.jobs(JOBS)
        ]
        eventually(died.exists, what=f"a death at {point}")
        if not point.startswith(IN_ITS_SLOT):
            assert victim.wait_for_death() < 0
            victim.start()
        ids = [one.result() for one in submitting]
    jobs = system.all_done(ids)

    assert len(set(ids)) == JOBS
    for job in jobs:
        check_result(job)
    stored = system.jobs()
    assert len(stored) == before + JOBS, "a repeated submission must not make another job"
    check_statistics(system.tabs(), stored)
