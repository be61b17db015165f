"""Every process is killed once while hundreds of jobs are under way: nothing is lost, nothing doubled."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.e2e.conftest import System

from taskmanager.testing.waiting import eventually

JOBS = 100
PROCESSES = ("gateway-1", "scheduler-1", "runner-diary-1", "rabbitmq", "mongod")


@pytest.fixture(scope="module")
def system_options() -> Sequence[str]:
    return ("--plugins", "diary", "--slots", "4")


def prepare(folder: Path, jobs: int) -> tuple[Path, list[Path]]:
    """A source of two pages and an own process folder for every job."""
    source = folder / "source"
    source.mkdir(parents=True)
    for page in ("1.txt", "2.txt"):
        (source / page).write_text(page, encoding="utf-8")
    targets = [folder / f"process-{number}" for number in range(jobs)]
    for target in targets:
        target.mkdir()
        (target / "meta.xml").write_text("<meta/>", encoding="utf-8")
    return source, targets


@pytest.mark.timeout(240)
@pytest.mark.parametrize("victim", PROCESSES)
def test_a_killed_process_loses_and_doubles_nothing(system: System, victim: str) -> None:
    folder = system.roots / victim
    source, targets = prepare(folder, JOBS)
    project = f"kill {victim}"
    done_before = system.tabs("diary").get("done", {}).get("jobs", 0)
    batch = [
        {"plugin": "diary", "source": str(source), "destination": str(target / "out"), "project": project}
        for target in targets
    ]
    answer = system.client.post("/api/v1/jobs/batch", json={"jobs": batch})
    ids = {result["id"] for result in answer.json()["results"]}
    eventually((folder / "process-0" / "out").exists, what="the first result")

    system.kill(victim)

    eventually(
        lambda: system.tabs("diary").get("done", {}).get("jobs") == done_before + JOBS,
        within_seconds=180,
        what=f"all jobs done after {victim} was killed",
    )
    jobs = [job for job in system.all_jobs("diary") if job["project"] == project]
    assert {job["id"] for job in jobs} == ids
    assert Counter(job["status"] for job in jobs) == {"DONE": JOBS}
    assert system.tabs("diary")["queue"]["jobs"] == 0
    for job, target in ((job, Path(job["destination"])) for job in jobs):
        assert sorted(file.name for file in target.iterdir()) == ["1.txt", "2.txt", "attempt.txt"]
        assert (target / "attempt.txt").read_text(encoding="utf-8").split() == [
            job["id"],
            str(job["attempt"]),
        ]
        assert sorted(file.name for file in target.parent.iterdir()) == ["meta.xml", "out", "out.log"]
    check_diaries(targets, victim)


def check_diaries(targets: Sequence[Path], victim: str) -> None:
    """No attempt began twice; only the runner's death makes second attempts."""
    for target in targets:
        lines = (target / "out.log").read_text(encoding="utf-8").splitlines()
        assert max(Counter(lines).values()) == 1, lines
        if victim != "runner-diary-1":
            assert len(lines) == 2, lines
