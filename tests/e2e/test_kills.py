"""Every process is killed once while hundreds of jobs are under way: nothing is lost, nothing doubled."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.e2e.conftest import System

from taskmanager_testing.waiting import eventually

PART = 80
SLOTS = 4
PAGES = ("1.txt", "2.txt", "3.txt")
VICTIMS = ("gateway-1", "scheduler-1", "runner-diary-1", "rabbitmq", "mongod")
JOBS = PART * (len(VICTIMS) + 1)


@pytest.fixture(scope="module")
def system_options() -> Sequence[str]:
    return ("--plugins", "diary", "--slots", str(SLOTS))


def prepare(folder: Path) -> tuple[Path, list[Path]]:
    """A source of three pages and a process folder of its own for every job."""
    source = folder / "source"
    source.mkdir(parents=True)
    for page in PAGES:
        (source / page).write_text(page, encoding="utf-8")
    processes = [folder / f"process-{number}" for number in range(JOBS)]
    for process in processes:
        process.mkdir()
        (process / "meta.xml").write_text("<meta/>", encoding="utf-8")
    return source, processes


def submit(system: System, source: Path, processes: Sequence[Path]) -> set[str]:
    """Submit a job for each of these, again and again until whatever was killed is back."""
    jobs = [
        {
            "plugin": "diary",
            "source": str(source),
            "destination": str(process / "out"),
            "idempotency_key": process.name,
        }
        for process in processes
    ]

    def accepted() -> set[str] | None:
        try:
            answer = system.client.post("/api/v1/jobs/batch", json={"jobs": jobs})
        except httpx.TransportError:
            return None
        results = answer.json()["results"] if answer.is_success else []
        taken = {result["id"] for result in results if result["status"] == httpx.codes.ACCEPTED}
        return taken if len(taken) == len(jobs) else None

    return eventually(accepted, within_seconds=60, what="a system that accepts all jobs") or set()


def under_way(system: System) -> bool:
    return bool(system.tabs("diary").get("queue", {}).get("jobs", 0))


@pytest.mark.timeout(400)
def test_killing_every_process_once_loses_and_doubles_nothing(system: System) -> None:
    source, processes = prepare(system.roots)
    ids: set[str] = set()

    for number, victim in enumerate(VICTIMS):
        ids |= submit(system, source, processes[number * PART : (number + 1) * PART])
        eventually(lambda: under_way(system), what="jobs under way")
        system.kill(victim)

    ids |= submit(system, source, processes[len(VICTIMS) * PART :])
    eventually(
        lambda: system.tabs("diary").get("done", {}).get("jobs", 0) >= JOBS,
        within_seconds=120,
        what=f"{JOBS} jobs done",
    )
    jobs = list(system.all_jobs("diary"))
    assert {job["id"] for job in jobs} == ids
    assert len(jobs) == JOBS
    assert Counter(job["status"] for job in jobs) == {"DONE": JOBS}
    assert system.tabs("diary")["done"]["files"] == JOBS * (len(PAGES) + 1)
    assert system.tabs("diary")["queue"] | {"statuses": {}} == empty_tab(system)
    for job in jobs:
        check_process_folder(job)
    check_diaries(processes)
    restarts = {one["name"]: one["restarts"] for one in system.status()["processes"]}
    assert {victim: restarts[victim] for victim in VICTIMS} == dict.fromkeys(VICTIMS, 1)


def empty_tab(system: System) -> dict[str, Any]:
    queue: dict[str, Any] = system.tabs("diary")["queue"]
    return {**queue, "jobs": 0, "files": 0, "bytes": 0, "statuses": {}}


def check_process_folder(job: dict[str, Any]) -> None:
    """One complete result, made by the attempt that is DONE, and nothing else."""
    target = Path(job["destination"])
    assert sorted(file.name for file in target.iterdir()) == [*PAGES, "attempt.txt"]
    made_by = (target / "attempt.txt").read_text(encoding="utf-8").split()
    assert made_by == [job["id"], str(job["attempt"])]
    assert sorted(file.name for file in target.parent.iterdir()) == ["meta.xml", "out", "out.log"]


def check_diaries(processes: Sequence[Path]) -> None:
    """No attempt ran twice, and only the jobs of the killed runner ran again."""
    diaries = [(process / "out.log").read_text(encoding="utf-8").splitlines() for process in processes]
    assert max(count for lines in diaries for count in Counter(lines).values()) == 1
    again = [lines for lines in diaries if len(lines) > 2]
    assert len(again) <= SLOTS, again
