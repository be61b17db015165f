"""Operations over many jobs through the whole system, also stopped or interrupted in the middle."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import httpx
import pytest
from tests.e2e.conftest import System

from taskmanager_testing.waiting import eventually

API = "/api/v1"
PAGE = 40
"""Jobs in a page: small, so that a few thousand jobs are many pages."""
MANY = 1_200
ENDED = {"done", "stopped"}


@pytest.fixture(scope="module")
def system_options() -> Sequence[str]:
    return ("--plugins", "noop", "sleep", "--slots", "2")


class Ear(BaseHTTPRequestHandler):
    """Keeps what a webhook is told."""

    heard: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        self.heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing to standard error."""


@pytest.fixture(scope="module")
def ear() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Ear) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def system_settings(ear: ThreadingHTTPServer, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    folder = tmp_path_factory.mktemp("notifications")
    file, secret = folder / "notifications.toml", folder / "secret"
    secret.write_text("whispered")
    file.write_text(
        f'[channels.ear]\nkind = "webhook"\nurl = "http://127.0.0.1:{ear.server_port}"\n'
        f'secret_file = "{secret}"\nprivate_addresses = true\n'
    )
    return {
        "TASKMANAGER_OPERATION_PAGE_LIMIT": str(PAGE),
        "TASKMANAGER_SWEEP_SECONDS": "1",
        "TASKMANAGER_NOTIFICATIONS": str(file),
    }


@pytest.fixture(autouse=True)
def _at_rest(system: System) -> Iterator[None]:
    """Leave nothing that runs or is stopped to the next test."""
    yield
    for plugin in ("noop", "sleep"):
        follow(system, post(system, f"/plugins/{plugin}/cancel-jobs"))
        emptied(system, plugin)
        post(system, f"/plugins/{plugin}/restart")


def post(system: System, path: str, **body: Any) -> dict[str, Any]:
    answer: dict[str, Any] = system.client.post(API + path, json=body).raise_for_status().json()
    return answer


def shown(system: System, operation: str) -> dict[str, Any]:
    answer = system.client.get(f"{API}/operations/{operation}")
    if answer.status_code != httpx.codes.OK:
        return {"state": "unknown", "done": 0}
    found: dict[str, Any] = answer.json()
    return found


def follow(
    system: System, operation: dict[str, Any], until: Callable[[dict[str, Any]], object] | None = None
) -> dict[str, Any]:
    reached = until or (lambda one: one["state"] in ENDED)
    return (
        eventually(
            lambda: one if reached(one := shown(system, operation["id"])) else None,
            within_seconds=90,
            what=f"operation {operation['id']}",
        )
        or {}
    )


def queued(system: System, plugin: str) -> int:
    return int(system.tabs(plugin)["queue"]["jobs"])


def emptied(system: System, plugin: str) -> None:
    eventually(lambda: queued(system, plugin) == 0, within_seconds=90, what=f"an empty queue of {plugin}")


def reaches(system: System, operation: dict[str, Any], done: float) -> None:
    follow(system, operation, until=lambda one: one["done"] >= done)


def replace_scheduler(system: System) -> None:
    before = system.pid("scheduler-1")
    system.kill("scheduler-1")
    eventually(
        lambda: system.pid("scheduler-1") not in {0, before}, within_seconds=60, what="a new scheduler"
    )


def waiting_jobs(system: System, number: int) -> set[str]:
    """So many stored jobs of a stopped plugin."""
    post(system, "/plugins/noop/stop", reason="to be changed")
    before = queued(system, "noop")
    ids = set(system.submit_many(number, plugin="noop"))
    eventually(lambda: queued(system, "noop") == before + number, within_seconds=60, what="stored jobs")
    return ids


def raise_priority(system: System, **chosen: Any) -> dict[str, Any]:
    chosen = {"plugin": "noop", "tab": "queue", **chosen}
    return post(system, "/operations", action="priority", priority=9, filter=chosen, reason="urgent")


def priorities(system: System, ids: set[str]) -> Counter[int]:
    return Counter(job["priority"] for job in system.all_jobs("noop") if job["id"] in ids)


def test_every_current_job_is_cancelled_whatever_it_does(system: System) -> None:
    go = str(system.roots / "never")
    ids = system.submit_many(3 * PAGE, plugin="sleep", parameters={"seconds": 600, "until": go})
    running = eventually(
        lambda: found if len(found := at_work(system, ids)) == 2 else None, what="two running jobs"
    )
    held = next(job for job in ids if job not in (running or []))
    post(system, f"/jobs/{held}/hold")

    asked = system.client.post(f"{API}/plugins/sleep/cancel-jobs", json={"reason": "wrong scans"})
    operation = follow(system, asked.json())

    assert (asked.status_code, asked.headers["Taskmanager-Outcome"]) == (202, "accepted")
    assert (operation["state"], operation["total"], operation["done"]) == ("done", len(ids), len(ids))
    ended = [system.finished(job) for job in (*(running or []), held, ids[-1])]
    assert [job["cancelled"] for job in ended] == ["cooperatively"] * 2 + ["at once"] * 2
    emptied(system, "sleep")
    statuses = Counter(job["status"] for job in system.all_jobs("sleep") if job["id"] in ids)
    assert statuses == {"CANCELLED": len(ids)}


def at_work(system: System, ids: Sequence[str]) -> list[str]:
    query: dict[str, str | int] = {"plugin": "sleep", "status": "PROCESSING", "limit": 200}
    page = system.client.get(f"{API}/jobs", params=query).raise_for_status().json()
    return [job["id"] for job in page["jobs"] if job["id"] in ids]


def test_what_cannot_be_done_is_listed_and_a_preview_changes_nothing(system: System) -> None:
    done = [system.finished(system.submit(plugin="noop", project="ended")["id"])["id"] for _ in range(3)]
    body = {"action": "cancel", "filter": {"plugin": "noop", "project": "ended"}}

    preview = post(system, "/operations", **body, dry_run=True)
    operation = follow(system, post(system, "/operations", **body))

    assert (preview["count"], preview["exact"], len(preview["examples"])) == (3, True, 3)
    assert (operation["total"], operation["done"], operation["refused"]) == (3, 0, 3)
    failures = system.client.get(f"{API}/operations/{operation['id']}/failures?limit=2").json()
    assert failures["more"]
    assert {failure["job"] for failure in failures["failures"]} <= set(done)
    assert "has ended (DONE)" in failures["failures"][0]["reason"]


def test_a_stopped_operation_leaves_the_rest_alone(system: System) -> None:
    ids = waiting_jobs(system, MANY)
    operation = raise_priority(system)
    follow(system, operation, until=lambda one: one["done"] > 0)

    answer = post(system, f"/operations/{operation['id']}/stop", reason="the wrong ones")
    stopped = follow(system, operation)

    assert answer["outcome"] == "done"
    assert (stopped["state"], stopped["stop"]["reason"]) == ("stopped", "the wrong ones")
    assert 0 < stopped["done"] < MANY
    assert priorities(system, ids) == {9: stopped["done"], 5: MANY - stopped["done"]}


@pytest.mark.timeout(240)
def test_a_scheduler_killed_in_the_middle_does_no_page_twice_and_leaves_none_out(system: System) -> None:
    ids = waiting_jobs(system, MANY)
    operation = raise_priority(system)
    for share in (0.1, 0.4, 0.7):
        reaches(system, operation, share * MANY)
        replace_scheduler(system)
    later = system.submit(plugin="noop", title="later")["id"]

    ended = follow(system, operation)

    assert (ended["state"], ended["total"], ended["done"]) == ("done", MANY, MANY)
    assert (ended["unchanged"], ended["refused"]) == (0, 0)
    assert priorities(system, ids) == {9: MANY}
    assert {job["dispatch"] for job in system.all_jobs("noop") if job["id"] in ids} == {2}
    assert system.job(later)["priority"] == 5
    post(system, "/plugins/noop/restart")
    emptied(system, "noop")
    statuses = Counter(job["status"] for job in system.all_jobs("noop") if job["id"] in ids)
    assert statuses == {"DONE": MANY}


def test_the_same_key_is_the_same_operation_from_many_clients_at_once(system: System) -> None:
    waiting_jobs(system, PAGE)
    answers: list[httpx.Response] = []
    body = {"action": "priority", "priority": 7, "filter": {"plugin": "noop", "tab": "queue"}}

    def ask() -> None:
        headers = {"Idempotency-Key": "once"}
        answers.append(
            httpx.post(
                f"{str(system.client.base_url).rstrip(chr(47))}{API}/operations", json=body, headers=headers
            )
        )

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {answer.json()["id"] for answer in answers} == {answers[0].json()["id"]}
    outcomes = Counter(answer.headers["Taskmanager-Outcome"] for answer in answers)
    assert outcomes["accepted"] == 1
    other = system.client.post(
        f"{API}/operations", json={**body, "priority": 8}, headers={"Idempotency-Key": "once"}
    )
    assert other.status_code == 422


def test_a_webhook_is_told_each_stop_once_although_the_scheduler_is_killed(system: System) -> None:
    body = {"name": "Stops", "kinds": ["plugin_stopped"], "plugins": ["sleep"], "channel": "ear"}
    system.client.put(f"{API}/notification-rules/stops", json=body).raise_for_status()

    def told() -> list[str]:
        events = [event for message in Ear.heard for event in message["events"]]
        return [event["id"] for event in events if event["kind"] == "plugin_stopped"]

    def stopped() -> bool:
        """Until the first look, nothing is news."""
        post(system, "/plugins/sleep/stop", reason="new disks")
        post(system, "/plugins/sleep/restart")
        post(system, "/plugins/sleep/stop", reason="new disks")
        return bool(told())

    eventually(stopped, within_seconds=60, what="a stop that is told")
    post(system, "/plugins/sleep/restart")
    system.kill("scheduler-1")
    post(system, "/plugins/sleep/stop", reason="after the kill")
    eventually(
        lambda: any("after the kill" in json.dumps(message) for message in Ear.heard),
        within_seconds=60,
        what="a stop that is told after the kill",
    )
    assert len(told()) == len(set(told()))

    def delivered() -> bool:
        answer = system.client.get(f"{API}/notification-rules/stops/deliveries").raise_for_status()
        return {one["state"] for one in answer.json()["deliveries"]} == {"delivered"}

    eventually(delivered, within_seconds=60, what="all its messages delivered")
    system.client.delete(f"{API}/notification-rules/stops").raise_for_status()
