"""Each check of a soak's evidence can fail, and passes where nothing is wrong."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.soak import resting, runs
from tests.soak.collect import applied
from tests.soak.evidence import Folder, Obeyed, Rest, RunLine, Started, Submitted

NOW = datetime(2027, 1, 1, tzinfo=UTC)


def line(what: str, attempt: int = 1, job: str = "j") -> RunLine:
    return RunLine(what, job, attempt, "soak-outside", 1, 0.0)


def job(status: str = "DONE", **fields: Any) -> dict[str, Any]:
    made = {
        "_id": "j",
        "plugin": "p",
        "tab": "done" if status == "DONE" else "error",
        "status": status,
        "attempt": 2,
        "priority": 5,
        "files": 2,
        "bytes": 7,
        "finished": NOW,
        "spec": {"destination": "/x", "goobi": None},
    }
    return {**made, **fields}


def submitted(job: str | None, key: str | None = "k", outcome: str = "accepted") -> Submitted:
    return Submitted(1, key, None, job, outcome)


# --- what jobs wrote down


def test_an_attempt_that_started_twice_is_found() -> None:
    assert not runs.started_once([line("start", 1), line("start", 2)]).violations
    assert runs.started_once([line("start"), line("start")]).violations


def test_a_start_without_a_grant_is_found() -> None:
    assert not runs.started_by_grant([line("start")], {("j", 1)}).violations
    assert runs.started_by_grant([line("start")], {("j", 2)}).violations


def test_overlapping_attempts_are_found() -> None:
    apart = [line("start"), line("end"), line("start", 2), line("end", 2)]
    assert not runs.alone_outside(apart, "soak-outside").violations
    overlapping = [line("start"), line("start", 2), line("effect"), line("end", 2)]
    assert runs.alone_outside(overlapping, "soak-outside").violations
    assert not runs.alone_outside(overlapping, "another").violations


RESULT = {
    "meta.xml": "m",
    "out/pages/0.txt": "page|j|2\n",
    "out/summary.json": '{"job": "j", "attempt": 2, "files": 1}',
}


def folder(after: dict[str, str], changed: float = 0.0) -> dict[str, Folder]:
    return {"j": Folder({"meta.xml": "m"}, after, {"0": "page"}, changed)}


def test_a_complete_result_is_right() -> None:
    whole, still = runs.placed({"j": job()}, folder(RESULT, NOW.timestamp()))
    assert (whole.violations, still.violations) == ([], [])
    assert (whole.checked, still.checked) == (1, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"out/pages/0.txt": "page|j|1\n"},
        {"out/pages/1.txt": "more"},
        {"out/.tm-j-1/new/x": "a stage"},
        {"out/summary.json": ""},
    ],
)
def test_a_wrong_result_is_found(change: dict[str, str]) -> None:
    assert runs.placed({"j": job()}, folder(RESULT | change))[0].violations


def test_a_missing_file_is_found() -> None:
    assert runs.placed({"j": job()}, folder({"meta.xml": "m"}))[0].violations


@pytest.mark.parametrize("status", ["ERROR", "CANCELLED"])
def test_what_a_failed_job_left_is_found(status: str) -> None:
    assert not runs.placed({"j": job(status)}, folder({"meta.xml": "m"}))[0].violations
    assert runs.placed({"j": job(status)}, folder(RESULT))[0].violations


def test_what_an_unknown_job_left_is_found() -> None:
    assert runs.placed({}, folder(RESULT))[0].violations


def test_a_change_after_the_end_is_found() -> None:
    late = (NOW + timedelta(seconds=5)).timestamp()
    assert runs.placed({"j": job()}, folder(RESULT, late))[1].violations


# --- at rest


@pytest.mark.parametrize("stored", [{}, {"j": job("STARTED")}])
def test_a_lost_or_stuck_job_is_found(stored: dict[str, Any]) -> None:
    assert not resting.kept([submitted("j"), submitted(None)], Rest({"j": job()})).violations
    assert resting.kept([submitted("j")], Rest(stored)).violations


def test_two_jobs_under_one_key_are_found() -> None:
    assert not resting.same_job(
        [submitted("a"), submitted("a"), submitted("b", "l"), submitted("c", None)]
    ).violations
    assert resting.same_job([submitted("a"), submitted("b")]).violations


def statistics(**fields: Any) -> dict[str, Any]:
    return {"plugin": "p", "tab": "done", "jobs": 1, "files": 2, "bytes": 7, "statuses": {"DONE": 1}} | fields


@pytest.mark.parametrize("wrong", [{"jobs": 2}, {"files": 1}, {"bytes": 0}, {"statuses": {"DONE": 2}}])
def test_wrong_statistics_are_found(wrong: dict[str, Any]) -> None:
    jobs = {"j": job()}
    assert not resting.recounted(Rest(jobs, [statistics()])).violations
    assert resting.recounted(Rest(jobs, [statistics(**wrong)])).violations
    assert resting.recounted(Rest(jobs)).violations
    assert resting.recounted(Rest({}, [statistics()])).violations


def test_a_missing_or_disordered_report_is_found() -> None:
    jobs = {"j": job(spec={"destination": None, "goobi": {"process_id": 1}})}
    ends = {"j": ["ERROR", "DONE"]}
    entry = {"job": "j", "kind": "entry"}
    reports = [
        {**entry, "seq": 9, "status": "DONE"},
        {**entry, "seq": 4, "status": "ERROR"},
        {**entry, "seq": 10, "status": "DONE", "kind": "close_step"},
    ]
    assert not resting.reported(Rest(jobs, reports=reports), ends).violations
    assert resting.reported(Rest(jobs, reports=[reports[0], reports[2]]), ends).violations
    swapped = [{**reports[0], "seq": 1}, reports[1]]
    assert resting.reported(Rest(jobs, reports=swapped), ends).violations


def test_a_ticket_that_is_kept_is_found() -> None:
    assert not resting.let_go(Rest({}, unacknowledged={"q": 0})).violations
    assert resting.let_go(Rest({}, unacknowledged={"q": 1})).violations


def test_dead_letters_are_found() -> None:
    assert not resting.readable(0).violations
    assert resting.readable(1).violations


def started(name: str, priority: int, queued: int, at: int) -> Started:
    return Started(name, priority, NOW + timedelta(seconds=queued), NOW + timedelta(seconds=at))


def test_jobs_out_of_turn_are_found() -> None:
    right = [started("a", 9, 3, 10), started("b", 5, 1, 11), started("c", 5, 2, 12)]
    assert not resting.in_turn(right).violations
    assert resting.in_turn([*right, started("d", 10, 0, 13)]).violations
    assert resting.in_turn([right[0], started("b", 5, 2, 11), started("c", 5, 1, 12)]).violations
    assert resting.in_turn([right[0], started("c", 5, 1, 11), started("b", 5, 1, 12)]).violations
    together = [started("c", 5, 1, 11), started("b", 5, 1, 11)]
    assert not resting.in_turn(together).violations, "claimed in one commit"


def audit(action: str, outcome: str = "done", number: int = 1) -> dict[str, Any]:
    return {
        "_id": f"c{number}",
        "at": NOW,
        "job": "j",
        "what": {"code": f"deed.{action}", "parameters": {}},
        "outcome": outcome,
    }


def test_a_forgotten_command_is_found() -> None:
    command = Obeyed("c1", "hold", "j", "done")
    rest = Rest({"j": job()}, audit=[audit("hold")])
    assert not resting.obeyed([command], rest).violations
    assert resting.obeyed([command], Rest({"j": job()})).violations
    assert resting.obeyed([Obeyed("c1", "hold", "j", "unchanged")], rest).violations
    assert not resting.obeyed([Obeyed("c1", "hold", "j", "pending")], rest).violations
    assert resting.obeyed([Obeyed("c2", "hold", "j", "pending")], rest).violations


def test_a_cancel_that_did_not_come_true_is_found() -> None:
    cancel, retry = audit("cancel"), audit("retry", number=2)
    assert resting.obeyed([], Rest({"j": job()}, audit=[cancel])).violations
    assert not resting.obeyed([], Rest({"j": job("CANCELLED")}, audit=[cancel])).violations
    assert not resting.obeyed([], Rest({"j": job()}, audit=[cancel, retry])).violations


def test_a_priority_that_did_not_come_true_is_found() -> None:
    entries = [audit("priority 3"), audit("priority 7", number=2)]
    assert not resting.obeyed([], Rest({"j": job(priority=7)}, audit=entries)).violations
    assert resting.obeyed([], Rest({"j": job(priority=3)}, audit=entries)).violations


def test_an_operation_that_does_not_end_or_add_up_is_found() -> None:
    done = {"state": "done", "total": 3, "done": 1, "unchanged": 1, "refused": 1}
    assert not resting.worked_off(["o"], Rest({}, operations={"o": done})).violations
    for wrong in ({"state": "running"}, {"done": 2}):
        assert resting.worked_off(["o"], Rest({}, operations={"o": done | wrong})).violations
    assert resting.worked_off(["o"], Rest({})).violations


# --- reading the database's log


def test_an_update_is_applied_as_the_change_stream_tells_it() -> None:
    before = {"a": 1, "list": [1, 2, 3], "deep": {"x": [{"y": 1}]}, "gone": 0}
    change = {
        "updatedFields": {"a": 2, "list.2": 4, "deep.x.0.y": 5},
        "truncatedArrays": [{"field": "list", "newSize": 2}],
        "removedFields": ["gone"],
    }
    assert applied(before, change) == {"a": 2, "list": [1, 2, 4], "deep": {"x": [{"y": 5}]}}
    assert before["list"] == [1, 2, 3]
