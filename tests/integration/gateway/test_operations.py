"""Operations over many jobs through a real gateway and a real scheduler; no runner is needed for them."""

from collections.abc import Callable
from typing import Any

import httpx

from taskmanager_testing.waiting import eventually

from .conftest import RunningGateway

API = "/api/v1"
ANNA = {"Taskmanager-Actor": "anna"}
JOBS = 30


def ask(gateway: RunningGateway, path: str, **body: Any) -> httpx.Response:
    headers = {**ANNA, **({"Idempotency-Key": body.pop("key")} if "key" in body else {})}
    return gateway.client.post(API + path, json=body, headers=headers)


def submit(gateway: RunningGateway, count: int, **fields: Any) -> None:
    jobs = [{"plugin": "noop", **fields}] * count
    gateway.client.post(f"{API}/jobs/batch", json={"jobs": jobs}).raise_for_status()


def tabs(gateway: RunningGateway) -> dict[str, int]:
    shown = gateway.client.get(f"{API}/plugins/noop").raise_for_status().json()["tabs"]
    return {tab: sums["jobs"] for tab, sums in shown.items()}


def ended(gateway: RunningGateway, answer: httpx.Response) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found = gateway.client.get(answer.headers["Location"])
        body: dict[str, Any] = found.json()
        return body if found.status_code == httpx.codes.OK and body["finished"] else None

    return eventually(look, within_seconds=60, what="the end of the operation") or {}


def test_jobs_are_cancelled_tried_again_and_raised_by_operations(
    gateway: RunningGateway, start_scheduler: Callable[[], None]
) -> None:
    start_scheduler()
    submit(gateway, JOBS, project="a")
    submit(gateway, 3, project="b")
    eventually(lambda: tabs(gateway)["queue"] == JOBS + 3, what="stored jobs")
    chosen = {"plugin": "noop", "project": "a"}

    preview = ask(gateway, "/operations", action="cancel", filter=chosen, dry_run=True).json()
    cancelled = ended(
        gateway, ask(gateway, "/operations", action="cancel", filter=chosen, reason="wrong scans")
    )
    assert (preview["count"], preview["exact"]) == (JOBS, True)
    assert (cancelled["state"], cancelled["done"], cancelled["asked"]["by"]) == ("done", JOBS, "anna")
    assert tabs(gateway) == {"queue": 3, "done": 0, "error": JOBS}

    again = ended(gateway, ask(gateway, "/operations", action="cancel", filter=chosen))
    retried = ended(gateway, ask(gateway, "/operations", action="retry", filter={**chosen, "tab": "error"}))
    every = {"action": "priority", "priority": 8, "all": True}
    raised = ended(gateway, ask(gateway, "/operations", **every))
    assert (again["done"], again["unchanged"]) == (0, JOBS)
    assert retried["done"] == JOBS
    assert raised["done"] == JOBS + 3
    first = gateway.client.get(f"{API}/jobs", params={"plugin": "noop", "tab": "queue"}).json()["jobs"][0]
    history = gateway.client.get(first["links"]["history"]).json()["history"]
    assert (first["priority"], history[-1]["note"]) == (8, "priority 5 to 8 by anna")

    audit = gateway.client.get(f"{API}/audit", params={"plugin": "noop", "limit": 10}).json()["entries"]
    assert f"cancel, operation {cancelled['id']}" in {entry["action"] for entry in audit}
    listed = gateway.client.get(f"{API}/operations").json()["operations"]
    assert [one["id"] for one in listed] == [one["id"] for one in (raised, retried, again, cancelled)]


def test_an_operation_without_a_scheduler_is_done_when_there_is_one(
    gateway: RunningGateway, start_scheduler: Callable[[], None]
) -> None:
    submit(gateway, JOBS)

    pending = ask(gateway, "/plugins/noop/cancel-jobs", key="once")
    again = ask(gateway, "/plugins/noop/cancel-jobs", key="once")
    assert (pending.status_code, pending.headers["Taskmanager-Outcome"]) == (202, "pending")
    assert again.json()["id"] == pending.json()["id"]
    assert gateway.client.get(pending.headers["Location"]).status_code == httpx.codes.NOT_FOUND

    start_scheduler()
    assert ended(gateway, pending)["done"] == JOBS
    replayed = ask(gateway, "/plugins/noop/cancel-jobs", key="once")
    assert (replayed.headers["Taskmanager-Outcome"], replayed.json()["done"]) == ("replayed", JOBS)
    late = ask(gateway, f"/operations/{pending.json()['id']}/stop")
    assert (late.status_code, late.json()["type"]) == (409, "urn:taskmanager:problem:not-possible")
