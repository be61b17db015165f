"""The classic web API of the fake Goobi: each command, each trap."""

from typing import Any
from urllib.parse import quote_plus

import httpx
import pytest

from taskmanager_testing.goobi import TOKEN, WEB_API, Credentials, FakeGoobi, LogType, StepStatus

EVERY_COMMAND = ("closeStepByProcessId", "reportProblem", "AddProperty", "runScriptAndClose")


def allow_everything(goobi: FakeGoobi) -> None:
    goobi.webapi.credentials.append(Credentials(commands=EVERY_COMMAND))


def assert_executed(answer: httpx.Response, message: str) -> None:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert "<h1>Command executed</h1>" in answer.text
    assert f'<div class="content">{message}</div>' in answer.text


def test_close_step_closes_it_and_opens_the_next(caller: Any, goobi: FakeGoobi) -> None:
    assert goobi.workflow.step(12).status is StepStatus.LOCKED
    assert_executed(caller.wi("closeStep", stepId=11), "Step closed")
    assert goobi.workflow.step(11).status is StepStatus.DONE
    assert goobi.workflow.step(12).status is StepStatus.OPEN


def test_close_step_again_is_answered_like_the_first_and_changes_nothing(
    caller: Any, goobi: FakeGoobi
) -> None:
    for _ in range(2):
        assert_executed(caller.wi("closeStep", stepId=11), "Step closed")
    assert (goobi.workflow.step(11).closings, goobi.workflow.step(11).close_requests) == (1, 2)


def test_close_step_of_an_unknown_id_is_an_error_of_the_servlet(caller: Any) -> None:
    answer = caller.wi("closeStep", stepId=999)
    assert answer.status_code == 500
    assert "HTTP Status 500" in answer.text
    assert "Command executed" not in answer.text


def test_close_step_runs_the_validation(caller: Any, goobi: FakeGoobi) -> None:
    goobi.workflow.step(11).validation_fails = True
    answer = caller.wi("closeStep", stepId=11)
    assert (answer.status_code, "validation failed" in answer.text) == (500, True)
    assert goobi.workflow.step(11).status is StepStatus.OPEN


def test_add_to_process_log_writes_as_webapi(caller: Any, goobi: FakeGoobi) -> None:
    answer = caller.wi("addToProcessLog", processId=1, type="info", value="all is well")
    assert_executed(answer, "Message to process log added")
    (entry,) = goobi.workflow.process(1).journal
    assert (entry.type, entry.user, entry.message) == (LogType.INFO, "webapi", "all is well")


def test_add_to_process_log_prefers_the_step_to_the_process(caller: Any, goobi: FakeGoobi) -> None:
    caller.wi("addToProcessLog", processId=1, stepId=21, type="info", value="x")
    assert goobi.workflow.process(1).journal == []
    assert len(goobi.workflow.process(2).journal) == 1


def test_the_value_is_decoded_a_second_time(caller: Any, goobi: FakeGoobi) -> None:
    text = "100 % of 1+1 & ümläut"
    caller.wi("addToProcessLog", processId=1, type="info", value="1+1%20x")
    caller.wi("addToProcessLog", processId=1, type="info", value=quote_plus(text))
    assert [entry.message for entry in goobi.workflow.process(1).journal] == ["1 1 x", text]


def test_a_lone_per_cent_sign_in_the_value_is_an_error_of_the_servlet(caller: Any) -> None:
    answer = caller.wi("addToProcessLog", processId=1, type="info", value="100 %")
    assert (answer.status_code, "HTTP Status 500" in answer.text) == (500, True)


@pytest.mark.parametrize(("word", "status"), [("warn", 200), ("warning", 400), ("INFO", 400)])
def test_types_are_matched_exactly(caller: Any, word: str, status: int) -> None:
    assert caller.wi("addToProcessLog", processId=1, type=word, value="x").status_code == status


def test_a_missing_parameter_is_400(caller: Any) -> None:
    assert caller.wi("addToProcessLog", processId=1, type="info").status_code == 400
    assert caller.wi("closeStep").status_code == 400


def test_set_error_step_writes_no_entry(caller: Any, goobi: FakeGoobi) -> None:
    assert_executed(caller.wi("setErrorStep", stepId=11), "Problem reported")
    assert goobi.workflow.step(11).status is StepStatus.ERROR
    assert goobi.workflow.process(1).journal == []


def test_set_error_step_of_an_unknown_id_is_200_with_another_title(caller: Any) -> None:
    answer = caller.wi("setErrorStep", stepId=999)
    assert answer.status_code == 200
    assert "<h1>Command executed</h1>" not in answer.text


def test_close_step_by_process_id_wants_exactly_one_step(caller: Any, goobi: FakeGoobi) -> None:
    allow_everything(goobi)
    assert_executed(caller.wi("closeStepByProcessId", processId=1), "Step closed")
    goobi.workflow.step(13).status = StepStatus.OPEN
    assert caller.wi("closeStepByProcessId", processId=1).status_code == 500


def test_report_problem_sends_back_and_locks_what_is_between(caller: Any, goobi: FakeGoobi) -> None:
    allow_everything(goobi)
    for step in (11, 12):
        goobi.workflow.close(step)
    answer = caller.wi("reportProblem", stepId=13, destinationStepName="Scanning", errorMessage="x")
    assert_executed(answer, "Problem reported")
    assert [step.status for step in goobi.workflow.process(1).steps] == [
        "stepopen",
        "steplocked",
        "steplocked",
    ]


def test_add_property_is_written_with_a_capital_a(caller: Any, goobi: FakeGoobi) -> None:
    allow_everything(goobi)
    assert caller.wi("addProperty", processId=1, property="a", value="b").status_code == 401
    for value in ("b", "c"):
        query = {"processId": 1, "property": "a", "value": value, "overwriteExistingProperty": "true"}
        assert_executed(caller.wi("AddProperty", **query), "Property added")
    assert [(one.name, one.value) for one in goobi.workflow.process(1).properties] == [("a", "c")]


def test_run_script_and_close_closes_the_step(caller: Any, goobi: FakeGoobi) -> None:
    allow_everything(goobi)
    assert_executed(caller.wi("runScriptAndClose", stepId=11, scriptname="convert"), "Step closed")
    assert goobi.workflow.step(11).closings == 1


def test_help_lists_the_commands(caller: Any) -> None:
    assert "addToProcessLog, closeStep" in caller.wi("help").text


def test_a_form_is_as_good_as_a_query(caller: Any, goobi: FakeGoobi) -> None:
    form = {"command": "closeStep", "token": TOKEN, "stepId": "11"}
    assert_executed(caller.http.post(WEB_API, data=form), "Step closed")
    assert goobi.workflow.step(11).closings == 1


def test_the_web_api_is_404_while_it_is_off(caller: Any, goobi: FakeGoobi) -> None:
    goobi.webapi.enabled = False
    assert caller.wi("closeStep", stepId=11).status_code == 404


@pytest.mark.parametrize("query", [{"token": "wrong"}, {"command": "AddProperty"}])
def test_a_wrong_token_and_a_command_that_is_not_listed_are_401(caller: Any, query: dict[str, str]) -> None:
    asked = {"token": TOKEN, "command": "closeStep", "stepId": "11", **query}
    assert caller.http.get(WEB_API, params=asked).status_code == 401


@pytest.mark.parametrize(("ip", "allowed"), [("127.0.0.", True), ("127.0.0.2", False), ("12", True)])
def test_the_address_is_compared_by_its_start(
    caller: Any, goobi: FakeGoobi, ip: str, *, allowed: bool
) -> None:
    goobi.webapi.credentials = [Credentials(ip=ip)]
    assert (caller.wi("closeStep", stepId=11).status_code == 200) is allowed


def test_x_forwarded_for_counts_for_a_caller_at_127_0_0_1(caller: Any, goobi: FakeGoobi) -> None:
    goobi.webapi.credentials = [Credentials(ip="10.1.")]
    assert caller.wi("closeStep", stepId=11).status_code == 401
    assert caller.wi("closeStep", stepId=11, headers={"x-forwarded-for": "10.1.2.3"}).status_code == 200


def test_an_address_that_is_not_ipv4_gets_401(caller: Any, goobi: FakeGoobi) -> None:
    goobi.webapi.credentials = [Credentials(ip="")]
    assert caller.wi("closeStep", stepId=11, headers={"x-forwarded-for": "::1"}).status_code == 401
    if caller.server.ipv6:
        url = f"http://[::1]:{caller.server.port}{WEB_API}"
        query = {"token": TOKEN, "command": "closeStep", "stepId": "11"}
        assert httpx.get(url, params=query, trust_env=False).status_code == 401
