"""Operators drain a runner over HTTP, and a job that passes its limit fails: through the whole system."""

from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from tests.e2e.conftest import System

from taskmanager_testing.waiting import eventually

API = "/api/v1"


@pytest.fixture(scope="module")
def system_options() -> Sequence[str]:
    return ("--plugins", "sleep", "hasty", "--slots", "1")


def runner_of(system: System, plugin: str) -> dict[str, Any]:
    runners = system.client.get(f"{API}/runners").raise_for_status().json()["runners"]
    [found] = [one for one in runners if one["plugin"] == plugin]
    shown: dict[str, Any] = found
    return shown


def is_(system: System, state: str) -> None:
    eventually(
        lambda: runner_of(system, "sleep")["state"] == state, within_seconds=60, what=f"a runner {state}"
    )


def tell(system: System, method: str, path: str, **body: Any) -> httpx.Response:
    return system.client.request(method, API + path, json=body)


def test_a_drained_runner_ends_its_job_and_stays_drained_when_it_is_killed(system: System) -> None:
    go = system.roots / "go"
    sleeper = {"plugin": "sleep", "parameters": {"seconds": 600, "until": str(go)}}
    first = system.submit(**sleeper)["id"]
    eventually(lambda: system.job(first)["status"] == "PROCESSING", within_seconds=60, what="a running job")
    name = runner_of(system, "sleep")["id"]

    answer = tell(system, "POST", f"/runners/{name}/drain", reason="a new disk").raise_for_status()
    assert answer.json()["runner"]["drain"]["reason"] == "a new disk"
    is_(system, "draining")
    second = system.submit(**sleeper)["id"]
    waiting = eventually(lambda: system.job(second)["waiting"], what="a reason to wait") or {}
    assert waiting["code"] == "runners_drained"
    assert "(a new disk)" in waiting["sentence"]
    assert tell(system, "DELETE", f"/runners/{name}").status_code == httpx.codes.CONFLICT

    go.touch()
    assert system.finished(first)["status"] == "DONE"
    is_(system, "drained")
    instance = runner_of(system, "sleep")["instance"]
    process = next(one.name for one in system.plan.services if "sleep" in one.name)
    system.kill(process)
    eventually(
        lambda: runner_of(system, "sleep")["instance"] != instance, within_seconds=60, what="a new runner"
    )
    assert system.job(second)["status"] == "STARTED"
    assert runner_of(system, "sleep")["state"] == "drained"

    tell(system, "POST", f"/runners/{name}/resume").raise_for_status()
    assert system.finished(second)["status"] == "DONE"
    entries = system.client.get(f"{API}/audit?runner={name}").json()["entries"]
    assert [entry["action"] for entry in entries] == ["resume", "forget", "drain"]


def test_a_job_that_takes_too_long_is_an_error_with_the_limit_and_the_file(system: System) -> None:
    job = system.finished(system.submit(plugin="hasty")["id"])
    assert (job["status"], job["error"]["kind"], job["attempt"]) == ("ERROR", "TimeLimit", 1)
    assert "at file second.tif" in job["error"]["message"]
