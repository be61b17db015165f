"""The older REST plugin of the fake Goobi."""

from typing import Any

import pytest

from taskmanager_testing.goobi import FakeGoobi, LogType, StepStatus


@pytest.mark.parametrize("target", ["steps/11", "processes/1", "processtitles/book_1"])
def test_add_to_process_log_takes_the_body_as_it_is(caller: Any, goobi: FakeGoobi, target: str) -> None:
    answer = caller.rest("POST", f"/addtoprocesslog/{target}/warn", content="1+1 %20 ü".encode())
    assert (answer.status_code, answer.content) == (200, b"")
    (entry,) = goobi.workflow.process(1).journal
    assert (entry.type, entry.message) == (LogType.WARN, "1+1 %20 ü")


@pytest.mark.parametrize("target", ["steps/99/info", "processes/9/info", "processes/1/warning"])
def test_add_to_process_log_says_500_and_why(caller: Any, target: str) -> None:
    answer = caller.rest("POST", f"/addtoprocesslog/{target}", content=b"x")
    assert answer.status_code == 500
    assert answer.text


@pytest.mark.parametrize(
    "target", ["11", "processid/1/Scanning", "processtitles/book_1/Scanning", "some.one/11"]
)
def test_close_step_sets_no_result_on_success(caller: Any, goobi: FakeGoobi, target: str) -> None:
    answer = caller.rest("POST", f"/closestep/{target}")
    assert answer.status_code == 200
    assert "<stepId>11</stepId>" in answer.text
    assert "<result>" not in answer.text
    assert goobi.workflow.step(12).status is StepStatus.OPEN


def test_close_step_of_a_closed_one_is_400(caller: Any, goobi: FakeGoobi) -> None:
    caller.rest("POST", "/closestep/11")
    answer = caller.rest("POST", "/closestep/11")
    assert (answer.status_code, "Step was already closed." in answer.text) == (400, True)
    assert goobi.workflow.step(11).closings == 1


def test_close_step_of_an_unknown_one_is_404(caller: Any) -> None:
    assert caller.rest("POST", "/closestep/99").status_code == 404


def test_close_step_against_the_validation_is_406(caller: Any, goobi: FakeGoobi) -> None:
    goobi.workflow.step(11).validation_fails = True
    assert caller.rest("POST", "/closestep/11").status_code == 406


@pytest.mark.parametrize("target", ["11", "processtitles/book_1/Scanning"])
def test_set_error_step_answers_nothing_and_writes_no_entry(
    caller: Any, goobi: FakeGoobi, target: str
) -> None:
    answer = caller.rest("POST", f"/seterrorstep/{target}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert goobi.workflow.step(11).status is StepStatus.ERROR
    assert goobi.workflow.process(1).journal == []


def test_report_problem_answers_json(caller: Any, goobi: FakeGoobi) -> None:
    goobi.workflow.close(11)
    answer = caller.rest("POST", "/steps/12/reportproblem/Scanning", content=b"too dark")
    assert (answer.status_code, answer.json()["result"]) == (200, "success")
    assert goobi.workflow.step(11).status is StepStatus.OPEN
