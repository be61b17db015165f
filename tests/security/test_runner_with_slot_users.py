"""A runner that is started with `TASKMANAGER_SLOT_USERS` runs its jobs as these users, from end to end."""

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import TEST_PLUGINS
from tests.e2e.system import System, running_system
from tests.security.test_slot_user import FIRST, SECOND, home

from taskmanager_local.servers import RunningServer
from taskmanager_testing.waiting import eventually

__all__ = ["home"]


def test_jobs_run_as_users_of_their_slots_and_results_are_the_runners(
    home: Path, rabbitmq: RunningServer, mongod: RunningServer
) -> None:
    settings = {"TASKMANAGER_SLOT_USERS": f"{FIRST.uid}-{SECOND.uid}", "PYTHONPATH": packages()}
    require_runner(settings["PYTHONPATH"])
    runner = [sys.executable, "-m", "taskmanager_plugin_runner"]
    with running_system(
        home / "system", rabbitmq, mongod, plugin="prowler", settings=settings, runner_program=runner
    ) as system:
        source, destination = book(system.roots)
        forbidden = [str(destination), str(system.runner.log)]
        system.runner.log.chmod(0o600)
        parameters = {"runner": system.runner.pid, "forbidden": forbidden}
        paths = {"source": str(source), "destination": str(destination)}
        job = system.submit({"plugin": "prowler", "parameters": parameters, **paths}, uuid.uuid4().hex)
        system.all_done([job])
        told = eventually(lambda: what_was_told(system, job), what="the line of the plugin") or {}
    assert told["uid"] in {FIRST.uid, SECOND.uid}
    assert (told["groups"], told["done"]) == ([str(told["uid"])], [])
    results = sorted(destination.iterdir())
    assert [one.name for one in results] == ["a.txt", "b.txt"]
    assert {(one.stat().st_uid, one.stat().st_gid) for one in results} == {(os.geteuid(), os.getegid())}


def packages() -> str:
    """Where another Python of the same version finds the project, without this Python's standard library."""
    ours = [path for path in sys.path if path and not Path(path).is_relative_to(sys.base_prefix)]
    return os.pathsep.join([str(TEST_PLUGINS), *ours])


def require_runner(python_path: str) -> None:
    """Skips if the Python that other users can start cannot run the runner."""
    command = [sys.executable, "-c", "import taskmanager_plugin_runner.__main__"]
    tried = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": python_path}, check=False, capture_output=True, text=True
    )
    if tried.returncode:
        pytest.skip(f"{sys.executable} cannot run the runner: {tried.stderr.splitlines()[-1:]}")


def book(folder: Path) -> tuple[Path, Path]:
    """Two files that only the runner's user may read, and the folder for their results."""
    source, destination = folder / "source", folder / "destination"
    source.mkdir()
    destination.mkdir(mode=0o700)
    for name in ("a.txt", "b.txt"):
        (source / name).write_text(name, encoding="ascii")
        (source / name).chmod(0o600)
    return source, destination


def what_was_told(system: System, job: str) -> dict[str, Any] | None:
    """What the plugin wrote into the job's log."""
    with system.client() as client:
        page = client.get(f"/api/v1/jobs/{job}/log").raise_for_status().json()
    lines = [line["text"] for block in page["blocks"] for line in block["lines"]]
    return next((json.loads(text) for text in lines if text.startswith("{")), None)
