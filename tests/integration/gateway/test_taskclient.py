"""`taskclient` and a real gateway with a real broker and database, as a step of Goobi would use them."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

from tests.integration.gateway.conftest import RunningGateway
from tests.taskclient import run

from taskmanager_testing.waiting import eventually


def address(gateway: RunningGateway) -> str:
    return f"{str(gateway.client.base_url).rstrip('/')}/itm/service"


def step(gateway: RunningGateway, roots: Path, *more: str) -> "CompletedProcess[str]":
    ids = ["-gid", "17", "-i", "42", "-T", "Über den Fluß"]
    return run(["-itm", address(gateway), "-t", "NOOP", "-s", str(roots), *ids, "-p", "7", "-e", *more])


def job_of(sent: "CompletedProcess[str]") -> str:
    job: str = json.loads(sent.stdout)["job"]
    return job


def listed(gateway: RunningGateway) -> list[str]:
    return [job["id"] for job in gateway.client.get("/api/v1/jobs?plugin=noop").json()["jobs"]]


def test_a_step_of_goobi_becomes_a_job_with_all_it_says(gateway: RunningGateway, roots: Path) -> None:
    sent = step(gateway, roots, "--json")
    assert (sent.returncode, sent.stderr) == (99, "")
    job = gateway.client.get(f"/api/v1/jobs/{job_of(sent)}").json()
    assert (job["plugin"], job["source"], job["priority"]) == ("noop", str(roots), 7)
    assert job["goobi"]["process_id"] == 17
    assert job["goobi"]["step_id"] == 42
    assert job["goobi"]["process_title"] == "Über den Fluß"
    assert job["unique"].startswith("goobi/default/42/NOOP/")


def test_a_step_started_twice_is_one_job_until_that_has_ended(
    gateway: RunningGateway, start_scheduler: Callable[[], None], roots: Path
) -> None:
    start_scheduler()
    first = step(gateway, roots, "--json")
    eventually(lambda: listed(gateway) == [job_of(first)], what="the first job is stored")
    second = step(gateway, roots)
    assert second.returncode == 99
    assert second.stdout.startswith(f"Job already in DB, not adding it! Job {job_of(first)} is at it")

    def is_cancelled() -> bool:
        """A cancelled job is out of the queue."""
        gateway.client.post(f"/api/v1/jobs/{job_of(first)}/cancel")
        return bool(gateway.client.get(f"/api/v1/jobs/{job_of(first)}").json()["status"] == "CANCELLED")

    eventually(is_cancelled, what="the first job is cancelled")
    third = step(gateway, roots, "--json")
    assert json.loads(third.stdout)["outcome"] == "accepted"
    assert job_of(third) != job_of(first)


def test_status_tells_of_a_job_and_of_one_that_is_not_there(gateway: RunningGateway, roots: Path) -> None:
    job = job_of(step(gateway, roots, "--json"))
    told = run(["-itm", address(gateway), "--status", job])
    assert (told.returncode, told.stdout.startswith(f"{job}: STARTED")) == (0, True)
    missing = run(["-itm", address(gateway), "--status", "test"])
    assert missing.returncode == 3
    assert "There is no job" in missing.stderr


def test_waiting_ends_with_the_job(
    gateway: RunningGateway, start_scheduler: Callable[[], None], roots: Path
) -> None:
    start_scheduler()
    job = job_of(step(gateway, roots, "--json"))
    assert gateway.client.post(f"/api/v1/jobs/{job}/cancel").is_success
    waited = run(["-itm", address(gateway), "--status", job, "--wait"])
    assert (waited.returncode, waited.stderr) == (7, f"taskclient: job {job} was cancelled\n")


def test_what_the_gateway_refuses_is_one_line_for_the_journal(gateway: RunningGateway, roots: Path) -> None:
    unknown = run(["-itm", address(gateway), "-t", "OCR", "-s", str(roots), "-gid", "17", "-i", "42", "-e"])
    assert unknown.returncode == 3
    assert "Known job types: NOOP" in unknown.stderr
    outside = step(gateway, Path("/etc"))
    assert outside.returncode == 3
    assert "sourceDir" in outside.stderr
    misspelt = step(gateway, roots, "-qualty", "80")
    assert misspelt.returncode == 3
    assert "qualty" in misspelt.stderr
    for refused in (unknown, outside, misspelt):
        assert refused.stderr.count("\n") == 1
        assert refused.stderr.startswith("taskclient: the TaskManager refused it: ")
