"""Runners are started and stopped by an orchestrator, and no job notices: through the whole system."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from tests.conftest import USERS
from tests.e2e.system import NOTHING, Service, System, running_system

from taskmanager_local.servers import RunningServer
from taskmanager_local.services import program
from taskmanager_testing.waiting import eventually

PLACE = "here"
SETTINGS = {"TASKMANAGER_SCALE_UP_SECONDS": "0.5", "TASKMANAGER_SCALE_DOWN_SECONDS": "1"}
FIRST_JOB = timedelta(seconds=10)
"""From the submission of a job to its start, if no runner was there."""
LONGEST_SECONDS = 60


class World:
    """A system whose runners are left to an orchestrator."""

    def __init__(self, system: System, rabbitmq: RunningServer) -> None:
        self.system, self._rabbitmq = system, rabbitmq
        self.orchestrator = self.another("orchestrator")

    def another(self, name: str) -> Service:
        """An orchestrator of the place, not yet started."""
        settings = {
            **self.system.settings,
            "AMQP_URL": self._rabbitmq.url_of(USERS.orchestrator),
            "TASKMANAGER_ORCHESTRATOR": str(self._file()),
        }
        return Service(name, [program("taskmanager-orchestrator")], settings, self.system.folder)

    def _file(self) -> Path:
        runner = [program("taskmanager-plugin-runner"), "--plugin", "sleep", "--slots", "1", "--id", "{name}"]
        environment = {
            "AMQP_URL": self._rabbitmq.url_of(USERS.runner("sleep")),
            "TASKMANAGER_HTTP_PORT": "0",
        }
        table = ", ".join(f"{name} = {json.dumps(value)}" for name, value in environment.items())
        path = self.system.folder / "orchestrator.toml"
        path.write_text(
            f'place = "{PLACE}"\n[local]\nfolder = {json.dumps(str(self.folder))}\n'
            f"[plugins.sleep]\nmost = 3\n[plugins.sleep.local]\n"
            f"command = {json.dumps(runner)}\nenvironment = {{ {table} }}\n"
            '[plugins.crash]\nmost = 1\n[plugins.crash.local]\ncommand = ["sh", "-c", "exit 3"]\n'
        )
        return path

    @property
    def folder(self) -> Path:
        return self.system.folder / "replicas"

    def scale(self, plugin: str = "sleep", **body: Any) -> None:
        with self.system.client() as client:
            client.put(f"/api/v1/plugins/{plugin}/replicas/{PLACE}", json=body).raise_for_status()

    def told(self, plugin: str = "sleep") -> dict[str, Any]:
        """What is known about the place; empty before the orchestrator has reported."""
        with self.system.client() as client:
            sets = client.get(f"/api/v1/plugins/{plugin}/replicas").raise_for_status().json()["replicas"]
        found: dict[str, Any] = sets[0] if sets else {}
        return found

    def until(self, plugin: str = "sleep", **counts: int) -> dict[str, Any]:
        """Wait until there are so many in these conditions."""

        def reached() -> dict[str, Any] | None:
            now = self.told(plugin)
            return now if now and counts.items() <= now["counts"].items() else None

        return eventually(reached, within_seconds=LONGEST_SECONDS, what=f"{plugin}: {counts}") or {}

    def submit(self, count: int, seconds: float, key: str) -> list[str]:
        spec = {"plugin": "sleep", "parameters": {"seconds": seconds}}
        return [self.system.submit(spec, f"{key}-{number}") for number in range(count)]

    def processes(self) -> list[int]:
        """The runners that run on this machine, whatever anybody says about them."""
        recorded = [json.loads(path.read_text())["pid"] for path in self.folder.glob("*.process.json")]
        return [pid for pid in recorded if psutil.pid_exists(pid)]


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory, rabbitmq: RunningServer, mongod: RunningServer
) -> Iterator[World]:
    """One system; its own runner is one of another plugin."""
    folder = Path(tmp_path_factory.mktemp("orchestrated"))
    with running_system(folder, rabbitmq, mongod, plugin="noop", settings=SETTINGS) as system:
        made = World(system, rabbitmq)
        made.orchestrator.start(NOTHING)
        try:
            made.orchestrator.until_ready()
            eventually(made.told, what="a first report")
            yield made
        finally:
            made.scale(mode="manual", desired=0)
            made.orchestrator.stop()
            for pid in made.processes():
                psutil.Process(pid).kill()


def untouched(jobs: Sequence[dict[str, Any]]) -> bool:
    """Whether no job was ever begun twice."""
    return all(job["attempt"] <= 1 for job in jobs)


def test_the_first_job_starts_soon_though_there_is_no_runner(world: World) -> None:
    world.scale(mode="manual", desired=1)
    world.until(running=1)  # which makes the plugin known
    world.scale(mode="auto", min=0, max=2)
    world.until(running=0, starting=0, draining=0, stopping=0)
    [job] = world.submit(1, 0.1, "first")
    [done] = world.system.all_done([job], within_seconds=LONGEST_SECONDS)
    waited = datetime.fromisoformat(done["started_at"]) - datetime.fromisoformat(done["created"])
    assert waited <= FIRST_JOB, waited


def test_from_three_to_none_under_load_no_job_is_lost_or_begun_twice(world: World) -> None:
    world.scale(mode="manual", desired=3)
    world.until(running=3)
    jobs = world.submit(30, 0.4, "load")
    world.scale(mode="manual", desired=0)
    eventually(lambda: world.told()["counts"]["draining"], within_seconds=LONGEST_SECONDS, what="a drain")
    world.orchestrator.kill()
    world.orchestrator.start(NOTHING)
    world.until(running=0, starting=0, draining=0, stopping=0)
    eventually(lambda: not world.processes(), what="no process of a runner")
    left = world.system.jobs()
    assert untouched(left)
    assert {job["status"] for job in left} <= {"DONE", "STARTED"}
    with world.system.client() as client:
        known = client.get("/api/v1/runners").raise_for_status().json()["runners"]
    assert [runner["id"] for runner in known] == ["runner"], "those that were stopped are forgotten"
    world.scale(mode="manual", desired=2)
    assert untouched(world.system.all_done(jobs, within_seconds=LONGEST_SECONDS))


def test_a_second_orchestrator_of_the_place_waits_for_the_first(world: World) -> None:
    world.scale(mode="manual", desired=1)
    world.until(running=1, draining=0, stopping=0)
    [pid] = world.processes()
    second = world.another("second")
    second.start(NOTHING)
    try:
        assert "control" in str(second.until_unready())
        assert world.processes() == [pid]
    finally:
        second.stop()


def test_what_cannot_run_is_backed_off_and_named_as_the_reason(world: World) -> None:
    world.scale("crash", mode="manual", desired=1)
    found = world.until("crash", failing=1)
    assert found["replicas"][0]["detail"] == "exit code 3"
    world.scale("crash", mode="manual", desired=0)
    world.until("crash", failing=0)


def test_the_runners_of_the_place_are_in_the_metrics(world: World) -> None:
    def exposed() -> bool:
        text = httpx.get(f"http://127.0.0.1:{world.system.scheduler.port}/metrics").text
        return 'taskmanager_plugin_replicas{plugin="sleep",state="running"} 1.0' in text

    eventually(exposed, within_seconds=LONGEST_SECONDS, what="one running replica in the metrics")
