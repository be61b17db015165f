"""What a restored copy of the database excuses, and what it does not."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.soak import resting, runs, telling
from tests.soak.commits import History
from tests.soak.evidence import Folder, Heard, Obeyed, Rest, RunLine, Submitted, Verdict
from tests.soak.restoring import eras
from tests.soak.restoring.eras import Era

NOW = datetime(2027, 1, 1, tzinfo=UTC)
BEFORE = {"meta.xml": "m"}
RESULT = {**BEFORE, "out/pages/0.txt": "page|j|2\n", "out/summary.json": ""}
RESULT["out/summary.json"] = '{"job": "j", "attempt": 2, "files": 1}'


def job(status: str, attempt: int = 2) -> dict[str, Any]:
    goobi = {"process_id": 1}
    return {"_id": "j", "status": status, "attempt": attempt, "finished": NOW, "spec": {"goobi": goobi}}


def era(jobs: dict[str, Any] | None = None, lines: int = 0, ends: Sequence[str] = (), **rest: Any) -> Era:
    history = History(3)
    if ends:
        history.ends["j"] = list(ends)
    return Era(history, Rest(jobs or {}, **rest), lines)


def line(attempt: int) -> RunLine:
    return RunLine("start", "j", attempt, "soak-outside", 1, 0.0)


def test_a_job_is_excused_only_if_it_was_lost_with_a_database() -> None:
    submissions = [Submitted(1, None, None, "j")]
    assert eras.forgotten([era({"j": job("DONE")})], {}) == {"j"}
    assert eras.forgotten([era({"j": job("DONE")})], {"j": {}}) == set()
    assert not resting.kept(submissions, Rest({}), {"j"}).violations
    assert resting.kept(submissions, Rest({}), {"another"}).violations
    assert resting.kept(submissions, Rest({"j": job("STARTED")}), {"j"}).violations


def test_an_attempt_of_lost_time_may_come_again_but_not_twice_in_one_time() -> None:
    def verdict(*lines: RunLine) -> Verdict:
        return eras.joined(map(runs.started_once, eras.split(lines, [era(lines=1)])))

    assert not verdict(line(1), line(1)).violations
    assert verdict(line(1), line(1)).checked == 2
    assert verdict(line(1), line(1), line(1)).violations


def test_the_run_log_is_cut_where_the_database_was_restored() -> None:
    lines = [line(1), line(2), line(3)]
    assert list(eras.split(lines, [])) == [lines]
    assert list(eras.split(lines, [era(lines=1), era(lines=1)])) == [lines[:1], [], lines[1:]]


def test_an_attempt_needs_a_grant_of_its_own_time() -> None:
    granted: list[set[tuple[str, int]]] = [{("j", 1), ("j", 2)}, {("j", 1)}]

    def verdict(*lines: RunLine) -> Verdict:
        parts = eras.split(lines, [era(lines=1)])
        return eras.joined(runs.started_by_grant(*both) for both in zip(parts, granted, strict=True))

    assert not verdict(line(2), line(1)).violations
    assert verdict(line(1), line(2)).violations


@pytest.mark.parametrize("status", ["DONE", "DOWNLOAD"])
def test_a_result_that_was_placed_before_the_restore_may_lie_there(status: str) -> None:
    folders = {"j": Folder(BEFORE, RESULT, {"0": "page"})}
    lost = eras.placed_before([era({"j": job(status)})])
    for jobs in ({}, {"j": job("ERROR", 1)}):
        assert not runs.placed(jobs, folders, lost)[0].violations
        assert runs.placed(jobs, folders)[0].violations


@pytest.mark.parametrize(
    ("status", "after"),
    [
        ("DONE", {**BEFORE, "out/pages/0.txt": "page|j|2\n"}),
        ("DONE", {**RESULT, "out/.tm-j-2/new/x": "a stage"}),
        ("PROCESSING", RESULT),
        ("ERROR", RESULT),
    ],
)
def test_half_a_result_or_one_that_nobody_placed_is_found(status: str, after: dict[str, str]) -> None:
    folders = {"j": Folder(BEFORE, after, {"0": "page"})}
    assert runs.placed({}, folders, eras.placed_before([era({"j": job(status)})]))[0].violations


def test_a_job_that_is_called_done_needs_the_result_of_its_own_attempt() -> None:
    folders = {"j": Folder(BEFORE, RESULT, {"0": "page"})}
    lost = eras.placed_before([era({"j": job("DONE", 2)})])
    assert not runs.placed({"j": job("DONE", 2)}, folders, lost)[0].violations
    assert runs.placed({"j": job("DONE", 1)}, folders, lost)[0].violations


def test_a_folder_belongs_to_the_job_that_was_lost() -> None:
    assert eras.owners([era({"j": job("DONE"), "k": job("DONE")})], Rest({"j": job("ERROR")})) == {
        "j": job("ERROR"),
        "k": job("DONE"),
    }


def test_a_command_counts_in_the_audit_it_was_stored_in() -> None:
    entry = {"_id": "c", "outcome": "done", "at": NOW, "what": {"code": "deed.hold"}}
    command = Obeyed("c", "hold", "j", "done")
    assert not resting.obeyed([command], Rest({}), [Rest({}, audit=[entry])]).violations
    assert resting.obeyed([command], Rest({}), [Rest({}, audit=[{**entry, "outcome": "refused"}])]).violations
    assert resting.obeyed([command], Rest({}), [Rest({})]).violations


def test_an_operation_is_excused_only_if_it_was_lost() -> None:
    stuck = {"state": "running", "total": 1, "done": 0, "unchanged": 0, "refused": 0}
    lost = [Rest({}, operations={"o": stuck})]
    assert not resting.worked_off(["o"], Rest({}), lost).violations
    assert resting.worked_off(["o"], Rest({}, operations={"o": stuck}), lost).violations
    assert resting.worked_off(["o"], Rest({})).violations


def test_goobi_may_have_heard_of_an_end_that_was_lost() -> None:
    lost = [era(ends=["ERROR", "DONE"])]
    assert eras.ended_otherwise(lost, {"j": ["ERROR"]}) == {"j"}
    assert eras.ended_otherwise(lost, {"j": ["ERROR", "DONE"]}) == set()
    assert eras.ended_otherwise(lost, {"j": ["ERROR", "DONE", "ERROR"]}) == set()

    report = {"job": "j", "kind": "entry", "seq": 1, "state": "delivered"}
    rest = Rest({"j": job("CANCELLED")}, reports=[report])
    heard = [Heard("close_step", 1, NOW), Heard("entry", 1, NOW)]
    assert telling.delivered(rest, heard).violations
    assert not telling.delivered(rest, heard, {"j"}).violations
    assert telling.delivered(rest, heard[:1], {"j"}).violations
