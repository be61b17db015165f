"""The whole system as an operator starts it: real commands in their own folder, killed by their pids."""

import json
import os
import signal
import subprocess
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import pytest

from taskmanager_local.launch import read_record
from taskmanager_local.state import Plan, StackFolder, load_plan
from taskmanager_local.supervision import find_process
from taskmanager_testing.waiting import eventually

TEST_PLUGINS = Path(__file__).parents[1] / "plugins"
LOCAL = Path(sysconfig.get_path("scripts")) / "taskmanager-local"
BATCH = 500
FINAL = {"DONE", "ERROR", "CANCELLED"}


@dataclass(frozen=True)
class System:
    """A running local stack and a client of its first gateway."""

    folder: Path
    roots: Path
    client: httpx.Client

    @property
    def plan(self) -> Plan:
        """What runs where. `status` says it as well, for half a second of processor time at each look."""
        plan = load_plan(StackFolder(self.folder))
        assert plan is not None, "the system was started"
        return plan

    def status(self) -> dict[str, Any]:
        """What `taskmanager-local status --json` says."""
        answer: dict[str, Any] = json.loads(local(self.folder, "status", "--json"))
        return answer

    def pid(self, name: str) -> int:
        """The process id of one process; 0 while it is being restarted. Read as `status` does, but here."""
        process = find_process(read_record(StackFolder(self.folder).record(name)))
        return process.pid if process else 0

    def kill(self, name: str) -> None:
        """SIGKILL, as a crash would."""
        pid = self.pid(name)
        assert pid > 0, f"{name} does not run"
        os.kill(pid, signal.SIGKILL)

    def submit(self, **spec: Any) -> dict[str, Any]:
        """Submit one job; returns the body of the response."""
        answer = self.client.post("/api/v1/jobs", json=spec)
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def submit_many(self, count: int, **spec: Any) -> list[str]:
        """Submit `count` jobs; returns their ids."""
        ids: list[str] = []
        for start in range(0, count, BATCH):
            jobs = [{**spec, "title": f"job {number}"} for number in range(start, min(start + BATCH, count))]
            answer = self.client.post("/api/v1/jobs/batch", json={"jobs": jobs})
            assert answer.status_code < httpx.codes.BAD_REQUEST, answer.text
            ids += [result["id"] for result in answer.json()["results"]]
        return ids

    def job(self, job_id: str) -> dict[str, Any]:
        """One job as the API shows it."""
        body: dict[str, Any] = self.client.get(f"/api/v1/jobs/{job_id}").raise_for_status().json()
        return body

    def finished(self, job_id: str, *, within_seconds: float = 60) -> dict[str, Any]:
        """The job once it has ended."""
        return (
            eventually(
                lambda: job if (job := self.job(job_id))["status"] in FINAL else None,
                within_seconds=within_seconds,
                what=f"the end of job {job_id}",
            )
            or {}
        )

    def tabs(self, plugin: str) -> dict[str, Any]:
        """The statistics of a plugin's tabs; empty while a killed process is restarting."""
        try:
            answer = self.client.get(f"/api/v1/plugins/{plugin}")
        except httpx.TransportError:
            return {}
        if answer.status_code != httpx.codes.OK:
            return {}
        tabs: dict[str, Any] = answer.json()["tabs"]
        return tabs

    def all_jobs(self, plugin: str) -> Iterator[dict[str, Any]]:
        """Every stored job of a plugin, page by page."""
        cursor = None
        while True:
            query: dict[str, str | int] = {"plugin": plugin, "limit": 200}
            query |= {"cursor": cursor} if cursor else {}
            page = self.client.get("/api/v1/jobs", params=query).raise_for_status().json()
            yield from page["jobs"]
            cursor = page.get("next_cursor")
            if not cursor:
                return


def local(folder: Path, *arguments: str, settings: Mapping[str, str] = MappingProxyType({})) -> str:
    """The output of a `taskmanager-local` command; `settings` reach every service."""
    own = {"PYTHONPATH": str(TEST_PLUGINS), "TASKMANAGER_LOCAL_FOLDER": str(folder)}
    environment = {**os.environ, **own, **settings}
    for name in ("AMQP_URL", "MONGODB_URL"):
        environment.pop(name, None)
    done = subprocess.run(
        [LOCAL, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def running_system(base: Path, *options: str, settings: Mapping[str, str]) -> Iterator[System]:
    """A running stack, which is stopped at the end in any case."""
    folder, roots = base / "stack", base / "goobi"
    roots.mkdir(exist_ok=True)
    try:
        plain = ("--no-log-in", "--no-orchestrator", "--roots", str(roots))
        local(folder, "up", *plain, *options, settings=settings)
        plan = load_plan(StackFolder(folder))
        assert plan is not None, "the system was started"
        with httpx.Client(base_url=plan.gateways[0], timeout=20) as client:
            yield System(folder, roots, client)
    finally:
        local(folder, "down")


@pytest.fixture(scope="module")
def system_options() -> Sequence[str]:
    """How the system of a test module is started; a module overrides it."""
    return ("--plugins", "noop")


@pytest.fixture(scope="module")
def system_settings() -> Mapping[str, str]:
    """Environment of its services; a module overrides it."""
    return {}


@pytest.fixture(scope="module")
def system(
    tmp_path_factory: pytest.TempPathFactory,
    system_options: Sequence[str],
    system_settings: Mapping[str, str],
) -> Iterator[System]:
    """One running system for a test module."""
    base = Path(tmp_path_factory.mktemp("system"))
    with running_system(base, *system_options, settings=system_settings) as made:
        yield made
