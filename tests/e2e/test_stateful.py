"""Clients, operators and kills in any order against the real services, driven by Hypothesis over HTTP.

Few examples, each a story of some steps; afterwards every promise that was made is looked up.
"""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from tests.e2e.process_folders import KEPT, OLD, PAGES, ProcessFolders, check_result, check_statistics
from tests.e2e.system import CLIENT_SECONDS, System, running_system

from taskmanager_local.servers import RunningServer
from taskmanager_testing.waiting import eventually

EXAMPLES = 8
STEPS = 20
FINAL = {"DONE", "ERROR", "CANCELLED"}


@pytest.fixture(scope="module")
def system(
    tmp_path_factory: pytest.TempPathFactory, rabbitmq: RunningServer, mongod: RunningServer
) -> Iterator[System]:
    folder = Path(tmp_path_factory.mktemp("stateful"))
    with running_system(folder, rabbitmq, mongod, plugin="diary") as made:
        yield made


class SystemMachine(RuleBasedStateMachine):
    """What people do to a system, and what happens to it."""

    def __init__(self, system: System) -> None:
        super().__init__()
        self.system = system
        self.process_folders = ProcessFolders(system.roots / uuid.uuid4().hex)
        self.before = {job["id"] for job in system.jobs()}
        self.accepted: list[str] = []
        self.offered: list[tuple[dict[str, Any], str]] = []

    @rule(count=st.integers(1, 8), priority=st.integers(0, 10))
    def submit(self, count: int, priority: int) -> None:
        for spec in self.process_folders.jobs(count):
            self.offered.append(({**spec, "priority": priority}, uuid.uuid4().hex))
            self.accepted.append(self.system.submit(*self.offered[-1]))

    @precondition(lambda self: self.offered)
    @rule(which=st.integers(0, 99))
    def submit_again(self, which: int) -> None:
        """The same key is the same job, whatever died in between."""
        number = which % len(self.offered)
        assert self.system.submit(*self.offered[number]) == self.accepted[number]

    @precondition(lambda self: self.accepted)
    @rule(
        which=st.integers(0, 99), action=st.sampled_from(["cancel", "hold", "release", "retry", "priority"])
    )
    def change(self, which: int, action: str) -> None:
        body = {"priority": which % 11} if action == "priority" else {}
        self.tell(f"/jobs/{self.accepted[which % len(self.accepted)]}/{action}", body)

    @rule(action=st.sampled_from(["stop", "restart"]))
    def change_plugin(self, action: str) -> None:
        self.tell(f"/plugins/diary/{action}", {})

    @rule(victim=st.sampled_from([0, 1, 1, 2, 2]))
    def kill(self, victim: int) -> None:
        service = self.system.services[victim]
        service.kill()
        service.start()

    def tell(self, path: str, body: dict[str, Any]) -> None:
        """A command may be refused (409), or not be heard while its gateway is dead or has no broker."""
        method = "PUT" if path.endswith("/priority") else "POST"
        try:
            with self.system.client() as client:
                answer = client.request(method, f"/api/v1{path}", json=body, timeout=2 * CLIENT_SECONDS)
        except httpx.TransportError:
            return
        assert answer.status_code in {200, 202, 404, 409, 503}, answer.text

    def teardown(self) -> None:
        """Once nobody interferes any more every job ends, as it was promised."""
        for service in self.system.services:
            service.until_ready()
        self.tell("/plugins/diary/restart", {})
        eventually(self.all_ended, within_seconds=60, what="the end of all jobs")
        jobs = self.jobs()
        assert {job["id"] for job in jobs} == set(self.accepted)
        for job in jobs:
            check(job)
        stored = self.system.jobs()
        assert {job["id"] for job in stored} == self.before | set(self.accepted)
        check_statistics(self.system.tabs(), stored)

    def jobs(self) -> list[dict[str, Any]]:
        return [job for job in self.system.jobs() if job["id"] not in self.before]

    def all_ended(self) -> bool:
        """Held jobs are released until none is held any more."""
        jobs = self.jobs()
        for job in jobs:
            if job["status"] == "PAUSED":
                self.tell(f"/jobs/{job['id']}/release", {})
        return len(jobs) == len(self.accepted) and all(job["status"] in FINAL for job in jobs)


def check(job: dict[str, Any]) -> None:
    """DONE is one complete result; anything else has left nothing."""
    if job["status"] == "DONE":
        check_result(job)
        return
    assert job["status"] == "CANCELLED" or "crashed 3 times" in job["error"]["message"]
    target = Path(job["destination"])
    files = {file.name: file.read_text(encoding="utf-8") for file in target.iterdir()}
    assert files == {**dict.fromkeys(PAGES[:2], OLD), KEPT: OLD}


@pytest.mark.timeout(300)
def test_whatever_people_do_and_whoever_dies_every_promise_is_kept(system: System) -> None:
    run_state_machine_as_test(
        lambda: SystemMachine(system),  # type: ignore[arg-type]  # any factory will do
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            phases=[Phase.generate],  # a smaller story of a fault of timing is no better one
            suppress_health_check=list(HealthCheck),
        ),
    )
