"""Thousands of jobs that do nothing: every one is counted, none is lost."""

from collections import Counter
from collections.abc import Sequence

import pytest
from tests.e2e.conftest import System

from taskmanager_testing.waiting import eventually

JOBS = 5_000


@pytest.fixture(scope="module")
def system_options() -> Sequence[str]:
    return ("--plugins", "noop", "--slots", "8")


@pytest.mark.timeout(300)
def test_five_thousand_jobs_end_done_and_the_statistics_equal_a_count(system: System) -> None:
    ids = system.submit_many(JOBS, plugin="noop")
    eventually(
        lambda: system.tabs("noop").get("done", {}).get("jobs") == JOBS,
        within_seconds=200,
        what="all jobs done",
    )

    jobs = list(system.all_jobs("noop"))

    assert Counter(job["status"] for job in jobs) == {"DONE": JOBS}
    assert {job["id"] for job in jobs} == set(ids)
    again = [job for job in jobs if job["attempt"] > 1]
    assert all(job["attempt"] == 1 + _returned(system, job["id"]) for job in again), "each was begun once"
    assert system.tabs("noop")["queue"]["jobs"] == 0


def _returned(system: System, job: str) -> int:
    """How often the job was claimed ahead and returned unbegun."""
    history = system.client.get(f"/api/v1/jobs/{job}/history").raise_for_status().json()["history"]
    return sum(entry["code"] == "history.unclaimed" for entry in history)
