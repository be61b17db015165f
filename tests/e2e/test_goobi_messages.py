"""Operators and Goobi through the whole system: messages, what was given up, its replay."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import System

from taskmanager_testing.goobi import TOKEN, EventKind, FakeGoobi, LogType, RunningGoobi, running_goobi
from taskmanager_testing.waiting import eventually

ANNA = {"Taskmanager-Actor": "anna"}
GIVEN_UP_AFTER_DAYS = 2 / 86_400


@pytest.fixture(scope="module")
def goobi() -> Iterator[RunningGoobi]:
    with running_goobi(FakeGoobi.with_books(4)) as server:
        yield server


@pytest.fixture(scope="module")
def system_options() -> Sequence[str]:
    return ("--plugins", "noop")


@pytest.fixture(scope="module")
def system_settings(goobi: RunningGoobi, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    folder = Path(tmp_path_factory.mktemp("settings"))
    (folder / "token").write_text(TOKEN)
    lines = ['dialect = "core"', f'url = "{goobi.url}/goobi"', f'token_file = "{folder / "token"}"']
    lines += [f"give_up_after_days = {GIVEN_UP_AFTER_DAYS}", "longest_wait_seconds = 0.5"]
    file = folder / "goobi.toml"
    file.write_text("\n".join(["[installations.main]", *lines]))
    return {"TASKMANAGER_GOOBI": str(file)}


def ended(system: System, process: int, *, step: bool) -> str:
    """A job of this process that is done."""
    goobi = {"process_id": process, **({"step_id": process * 10 + 1} if step else {})}
    answer = system.client.post("/api/v1/jobs", json={"plugin": "noop", "goobi": goobi}).raise_for_status()
    name = str(answer.json()["id"])

    def done() -> bool:
        return bool(system.client.get(f"/api/v1/jobs/{name}").json()["status"] == "DONE")

    eventually(done, within_seconds=60, what="the end of the job")
    return name


def reports(system: System, job: str, state: str) -> list[dict[str, Any]]:
    found = system.client.get(f"/api/v1/jobs/{job}/reports").raise_for_status().json()["reports"]
    return found if {one["state"] for one in found} == {state} else []


def test_a_message_appears_in_the_process_log_under_the_operators_name(
    system: System, goobi: RunningGoobi
) -> None:
    job = ended(system, 1, step=False)

    body = {"type": "important", "text": "Page 7: 100 % + <b>ä</b>"}
    answer = system.client.post(f"/api/v1/jobs/{job}/messages", json=body, headers=ANNA).raise_for_status()

    eventually(lambda: reports(system, job, "delivered"), what="the message's delivery")
    journal = goobi.goobi.workflow.process(1).journal
    assert [(one.type, one.user, one.message) for one in journal[1:]] == [
        (LogType.IMPORTANT, "anna (TaskManager)", body["text"])
    ]
    history = system.client.get(f"/api/v1/jobs/{job}/history").json()["history"]
    assert history[-1]["report"] == answer.json()["report"]["id"]
    (audited,) = system.client.get("/api/v1/audit", params={"job": job}).json()["entries"]
    assert (audited["actor"], audited["action"]) == ("anna", "message to Goobi, important")


def test_what_was_given_up_is_shown_and_delivered_after_a_replay(system: System, goobi: RunningGoobi) -> None:
    goobi.stop()
    job = ended(system, 2, step=True)
    lost = eventually(lambda: reports(system, job, "given_up"), within_seconds=60, what="reports given up")
    assert [one["kind"] for one in lost] == ["close_step", "entry"]
    assert "refuses the connection" in lost[0]["last_answer"]
    (shown,) = system.client.get("/api/v1/goobi").json()["installations"]
    assert (shown["name"], shown["undelivered"], shown["pending"]) == ("main", 2, 0)
    undelivered = system.client.get("/api/v1/reports", params={"state": "undelivered"}).json()["reports"]
    assert {one["job"] for one in undelivered} == {job}

    goobi.start()
    replay = system.client.post("/api/v1/reports/replay", json={"installation": "main"}, headers=ANNA)

    assert replay.raise_for_status().json()["outcome"] == "done"
    eventually(lambda: reports(system, job, "delivered"), what="the replay")
    told = [event.kind for event in goobi.goobi.workflow.events if event.process_id == 2]
    assert told.index(EventKind.JOURNAL) < told.index(EventKind.CLOSED)
    assert goobi.goobi.workflow.step(21).closings == 1
