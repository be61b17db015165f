"""What an operator does over HTTP comes true in the processes of jobs, and outlives the scheduler."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.e2e.conftest import System

from taskmanager_testing.waiting import eventually

API = "/api/v1"
FILES = ("1.tif", "2.tif", "3.tif")
PAGE = 40
"""Jobs in a page of an operation."""


@pytest.fixture(scope="module")
def system_options() -> Sequence[str]:
    return ("--plugins", "noop", "paced", "sleep", "stubborn", "--slots", "1")


@pytest.fixture(scope="module")
def system_settings() -> Mapping[str, str]:
    return {"TASKMANAGER_OPERATION_PAGE_LIMIT": str(PAGE)}


class Book:
    """A job of three files in a folder of its own; each is done when the test allows it."""

    def __init__(self, system: System, folder: Path) -> None:
        self.system, self.folder, self.result = system, folder, folder / "result"
        (folder / "leave").mkdir(parents=True)
        (folder / "source").mkdir()
        for name in FILES:
            (folder / "source" / name).write_text(name, encoding="ascii")
        self.id = str(
            system.submit(
                plugin="paced",
                source=str(folder / "source"),
                destination=str(self.result),
                parameters={"leave": str(folder / "leave")},
            )["id"]
        )

    def leave(self, what: str) -> None:
        (self.folder / "leave" / what).touch()

    def log(self) -> list[str]:
        blocks = get(self.system, f"/jobs/{self.id}/log")["blocks"]
        return [line["text"] for block in blocks for line in block["lines"]]

    def is_(self, status: str) -> None:
        shows(self.system, self.id, lambda job: job["status"] == status)

    def logs(self, text: str) -> None:
        eventually(lambda: text in self.log(), what=f"{text} in the log")


def get(system: System, path: str) -> dict[str, Any]:
    body: dict[str, Any] = system.client.get(API + path).raise_for_status().json()
    return body


def tell(system: System, path: str, **body: Any) -> dict[str, Any]:
    """Give a command; the scheduler may be on its way back."""
    answer: dict[str, Any] = system.client.post(API + path, json=body).raise_for_status().json()
    return answer


def shows(system: System, job: str, true: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    found = eventually(
        lambda: one if true(one := system.job(job)) else None,
        within_seconds=60,
        what=f"a change of job {job}",
    )
    return found or {}


def plugin_is(system: System, state: str) -> None:
    eventually(lambda: get(system, "/plugins/paced")["state"] == state, what=f"the plugin {state}")


def replace_scheduler(system: System) -> None:
    """Kill it; its successor is at work when it has done something."""
    before = system.pid("scheduler-1")
    system.kill("scheduler-1")
    eventually(
        lambda: system.pid("scheduler-1") not in {0, before}, within_seconds=60, what="a new scheduler"
    )
    assert system.finished(system.submit(plugin="sleep", parameters={"seconds": 0})["id"])["status"] == "DONE"


def over_all(system: System, action: str, ids: Sequence[str]) -> None:
    """One operation over these jobs, to its end."""
    operation = tell(system, "/operations", action=action, filter={"ids": ids}, reason="all together")
    path = f"{API}/operations/{operation['id']}"
    eventually(
        lambda: system.client.get(path).json().get("state") == "done",
        within_seconds=60,
        what=f"the end of the operation {action}",
    )


def sleeper(system: System, go: Path, **more: Any) -> str:
    return str(system.submit(plugin="sleep", parameters={"seconds": 600, "until": str(go)}, **more)["id"])


@pytest.fixture(autouse=True)
def _restarted(system: System) -> Iterator[None]:
    """A test that failed in the middle of a stop must not fail the next one."""
    yield
    tell(system, "/plugins/paced/restart")


def test_a_job_that_is_put_next_starts_before_higher_priorities(system: System) -> None:
    go = system.roots / "go-next"
    first = sleeper(system, go)
    shows(system, first, lambda one: one["status"] == "PROCESSING")
    high, low = sleeper(system, go, priority=9), sleeper(system, go, priority=0)
    shows(system, low, lambda one: one["waiting"] and one["waiting"]["position"] == 1)

    assert tell(system, f"/jobs/{low}/next", reason="the reader is here")["outcome"] == "done"

    assert (
        shows(system, high, lambda one: one["waiting"]["position"] == 1)["waiting"]["code"] == "no_free_slot"
    )
    assert system.job(low)["put_next"]["reason"] == "the reader is here"
    go.touch()
    started = [system.finished(job)["started_at"] for job in (first, low, high)]
    assert started == sorted(started)


def test_a_cancelled_job_shows_how_it_ended_and_can_be_tried_again(system: System) -> None:
    go = system.roots / "go-cancelled"
    job = sleeper(system, go)
    shows(system, job, lambda one: one["status"] == "PROCESSING")

    assert tell(system, f"/jobs/{job}/cancel", reason="wrong scan")["outcome"] == "done"
    ended = system.finished(job)
    assert (ended["status"], ended["cancelled"], ended["tab"]) == ("CANCELLED", "cooperatively", "error")
    assert ended["cancel"]["reason"] == "wrong scan"
    assert tell(system, f"/jobs/{job}/cancel")["outcome"] == "unchanged"

    go.touch()
    tell(system, f"/jobs/{job}/retry")
    again = system.finished(job)
    assert (again["status"], again["attempt"], again["cancelled"]) == ("DONE", 2, None)


def test_a_job_that_ignores_everything_shows_cancelling_until_it_is_killed(system: System) -> None:
    note, result = system.roots / "pid", system.roots / "stubborn"
    job = system.submit(plugin="stubborn", parameters={"note": str(note)}, destination=str(result))["id"]
    eventually(lambda: note.exists() and note.stat().st_size, within_seconds=60, what="the job's program")
    program = psutil.Process(int(note.read_text(encoding="ascii")))

    assert tell(system, f"/jobs/{job}/cancel")["job"]["cancelling"]
    ended = system.finished(job)
    assert (ended["status"], ended["cancelled"]) == ("CANCELLED", "SIGKILL")
    assert not program.is_running() or program.status() == psutil.STATUS_ZOMBIE
    assert not result.exists()
    assert [path.name for path in system.roots.glob(".tm-*")] == []


def test_a_held_job_pauses_where_it_is_and_goes_on_there(system: System) -> None:
    book = Book(system, system.roots / "held")
    book.logs("1.tif")
    tell(system, f"/jobs/{book.id}/hold", reason="looking at it")
    book.logs("to be suspended at its next checkpoint")
    book.leave("1")
    book.is_("PAUSED")
    assert system.job(book.id)["held"]["reason"] == "looking at it"

    tell(system, f"/jobs/{book.id}/release")
    book.leave("all")
    done = system.finished(book.id)
    assert (done["status"], done["attempt"]) == ("DONE", 1)
    assert [line for line in book.log() if line in FILES] == list(FILES)
    assert sorted(path.name for path in book.result.iterdir()) == list(FILES)


def test_one_slot_takes_jobs_by_priority_as_it_is_now(system: System) -> None:
    first_go, go = system.roots / "go-first", system.roots / "go-rest"
    first = sleeper(system, first_go)
    shows(system, first, lambda one: one["status"] == "PROCESSING")
    go.touch()
    low, middle, high = (sleeper(system, go, priority=priority) for priority in (1, 5, 9))
    held = sleeper(system, go, priority=10)
    tell(system, f"/jobs/{held}/hold")
    shows(system, held, lambda one: one["status"] == "PAUSED")
    system.client.put(f"{API}/jobs/{low}/priority", json={"priority": 10}).raise_for_status()
    shows(system, low, lambda one: one["priority"] == 10)

    first_go.touch()
    ended = [system.finished(job) for job in (low, high, middle)]
    started = [datetime.fromisoformat(job["started_at"]) for job in ended]
    assert started == sorted(started)
    assert system.job(held)["status"] == "PAUSED"
    tell(system, f"/jobs/{held}/release")
    assert system.finished(held)["status"] == "DONE"


@pytest.mark.parametrize("number", [3, PAGE + 20])
def test_jobs_that_are_retried_together_start_in_the_order_shown(system: System, number: int) -> None:
    tell(system, "/plugins/noop/stop", reason="until all of them wait")
    ids = system.submit_many(number, plugin="noop")
    over_all(system, "cancel", ids)
    over_all(system, "retry", ids)
    shown = [job["id"] for job in get(system, "/jobs?plugin=noop&tab=queue&limit=200")["jobs"]]

    tell(system, "/plugins/noop/restart")

    started = [datetime.fromisoformat(system.finished(job)["started_at"]) for job in shown]
    assert sorted(shown) == sorted(ids)
    assert started == sorted(started)


def test_a_stop_suspends_running_jobs_and_outlives_the_scheduler(system: System) -> None:
    running = Book(system, system.roots / "suspended")
    running.logs("1.tif")
    waiting = Book(system, system.roots / "suspended-waiting")
    tell(system, "/plugins/paced/stop", reason="the disk is full")
    running.logs("to be suspended at its next checkpoint")
    running.leave("1")
    running.is_("PAUSED")
    plugin_is(system, "stopped")

    replace_scheduler(system)
    assert get(system, "/plugins/paced")["stop"]["reason"] == "the disk is full"
    assert system.job(running.id)["status"] == "PAUSED"
    assert system.job(waiting.id)["status"] == "STARTED"

    tell(system, "/plugins/paced/restart")
    for book in (running, waiting):
        book.leave("all")
    for book in (running, waiting):
        done = system.finished(book.id)
        assert done["status"] == "DONE"
        # the one that waits may have been claimed ahead when the stop came, and returned before it began
        assert done["attempt"] == 1 or book is waiting
        assert [line for line in book.log() if line in FILES] == list(FILES)


def test_a_stop_that_lets_jobs_finish_starts_no_other_and_outlives_the_scheduler(system: System) -> None:
    running = Book(system, system.roots / "finishing")
    running.logs("1.tif")
    waiting = Book(system, system.roots / "finishing-waiting")
    waiting.leave("all")
    tell(system, "/plugins/paced/stop", mode="finish")
    plugin_is(system, "stopping")

    replace_scheduler(system)
    running.leave("all")
    assert system.finished(running.id)["status"] == "DONE"
    plugin_is(system, "stopped")
    assert system.job(waiting.id)["status"] == "STARTED"

    tell(system, "/plugins/paced/restart")
    assert system.finished(waiting.id)["status"] == "DONE"
    plugin_is(system, "running")


def test_a_suspended_job_can_be_cancelled_while_its_plugin_is_stopped(system: System) -> None:
    book = Book(system, system.roots / "stopped")
    book.logs("1.tif")
    tell(system, "/plugins/paced/stop")
    book.logs("to be suspended at its next checkpoint")
    book.leave("1")
    book.is_("PAUSED")
    tell(system, f"/jobs/{book.id}/cancel")
    assert system.finished(book.id)["cancelled"] == "cooperatively"
    assert sorted(path.name for path in book.folder.iterdir()) == ["leave", "source"]
    tell(system, "/plugins/paced/restart")
    plugin_is(system, "running")
