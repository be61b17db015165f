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
from taskmanager_testing.plain_http import PLAIN
from taskmanager_testing.waiting import eventually

PLACE = "here"
SETTINGS = {"TASKMANAGER_SCALE_UP_SECONDS": "0.5", "TASKMANAGER_SCALE_DOWN_SECONDS": "1"}
FIRST_JOB = timedelta(seconds=10)
"""From the wish for runners where jobs wait and none is there to the start of the first job."""
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


def exposed(world: World, sample: str) -> bool:
    """Whether the scheduler's metrics have this line."""
    port = world.system.scheduler.port
    return sample in httpx.get(f"http://127.0.0.1:{port}/metrics", verify=PLAIN).text.splitlines()


def test_from_three_to_none_under_load_no_job_is_lost_or_begun_twice(world: World) -> None:
    world.scale(mode="manual", desired=3)
    world.until(running=3)
    running = 'taskmanager_plugin_replicas{plugin="sleep",state="running"} 3.0'
    eventually(lambda: exposed(world, running), within_seconds=LONGEST_SECONDS, what=running)

    jobs = world.submit(40, 0.4, "load")
    world.scale(mode="manual", desired=0)
    eventually(lambda: world.told()["counts"]["draining"], within_seconds=LONGEST_SECONDS, what="a drain")
    world.orchestrator.kill()
    world.orchestrator.start(NOTHING)
    world.until(running=0, starting=0, draining=0, stopping=0)
    eventually(lambda: not world.processes(), what="no process of a runner")
    left = world.system.jobs()
    assert untouched(left)
    assert {job["status"] for job in left} == {"DONE", "STARTED"}
    with world.system.client() as client:
        known = client.get("/api/v1/runners").raise_for_status().json()["runners"]
    assert [runner["id"] for runner in known] == ["runner"], "those that were stopped are forgotten"

    world.scale(mode="auto", min=0, max=2)
    wished = datetime.fromisoformat(world.told()["wished"]["at"])
    done = world.system.all_done(jobs, within_seconds=LONGEST_SECONDS)
    assert untouched(done)
    waited = [job["id"] for job in left if job["status"] == "STARTED"]
    starts = [datetime.fromisoformat(job["started_at"]) for job in done if job["id"] in waited]
    assert min(starts) - wished <= FIRST_JOB


def test_a_second_orchestrator_of_the_place_waits_for_the_first(world: World) -> None:
    world.scale(mode="manual", desired=2)
    world.until(running=2, starting=0, draining=0, stopping=0)
    before = world.processes()
    second = world.another("second")
    second.start(NOTHING)
    try:
        assert "control" in str(second.until_unready())
        assert len(before) == 2
        assert world.processes() == before
    finally:
        second.stop()


def test_what_cannot_run_is_backed_off_and_named_as_the_reason(world: World) -> None:
    world.scale("crash", mode="manual", desired=1)
    found = world.until("crash", failing=1)
    assert found["replicas"][0]["detail"] == "exit code 3"
    world.scale("crash", mode="manual", desired=0)
    world.until("crash", failing=0)
