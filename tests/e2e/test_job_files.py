"""The whole system: what a job told of its files and warned of, through deaths of runner and scheduler."""

from pathlib import Path
from typing import Any

from tests.e2e.system import System, running_system

from taskmanager_local.servers import RunningServer
from taskmanager_testing.waiting import eventually


def get(system: System, address: str) -> Any:
    with system.client() as client:
        return client.get(address).raise_for_status().json()


def files(system: System, job: str) -> dict[str, Any]:
    found: dict[str, Any] = get(system, f"/api/v1/jobs/{job}/files?limit=200")
    return found


def told(system: System, job: str, attempt: int, count: int) -> bool:
    """Whether so many files of that attempt are shown."""
    found = files(system, job)
    return found["attempt"] == attempt and len(found["files"]) == count


def test_files_of_an_attempt_that_died_do_not_show_as_those_of_the_next(
    tmp_path: Path, rabbitmq: RunningServer, mongod: RunningServer
) -> None:
    with running_system(tmp_path, rabbitmq, mongod, plugin="recording") as system:
        never = str(system.roots / "never")
        spec = {"plugin": "recording", "parameters": {"files": 120, "warnings": 2, "until": never}}
        job = system.submit(spec, "recording-1")
        eventually(lambda: told(system, job, 1, 120), what="the first try told all")

        system.scheduler.kill()
        system.runner.kill()
        for service in (system.scheduler, system.runner):
            service.start()
        (done,) = system.all_done([job])

        assert (done["attempt"], done["warnings"], done["warning_texts"]) == (2, 2, [])
        shown = files(system, job)["files"]
        assert [one["number"] for one in shown] == list(range(1, 120))
        assert {one["result_facts"]["attempt"] for one in shown} == {2}
        whole = get(system, f"/api/v1/jobs/{job}")
        assert whole["warning_texts"] == ["0001.tif: warning 1", "0001.tif: warning 2"]
        listed = get(system, "/api/v1/jobs?tab=done&warnings=true")
        assert [one["id"] for one in listed["jobs"]] == [job]
