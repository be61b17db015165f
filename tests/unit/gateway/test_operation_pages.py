"""The pages of operations: what they say, to whom, in both languages, and how one is stopped."""

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.gateway.conftest import MOMENT, Gateway

from taskmanager.messages import StopOperation
from taskmanager.model.access import Principal, Right
from taskmanager.model.control import JobAction
from taskmanager.model.jobs import Attribution
from taskmanager.model.operations import Failure, JobFilter, Operation, OperationPage, OperationState
from taskmanager.model.states import Status, Tab
from taskmanager_gateway.web.operations.operation_rows import FailurePage, operation_rows

GERMAN = {"accept": "text/html", "accept-language": "de"}
ENGLISH = {"accept": "text/html", "accept-language": "en"}
HTMX = {"hx-request": "true", "accept-language": "en"}


def operation(number: int, **fields: Any) -> Operation:
    made = {
        "action": JobAction.CANCEL,
        "filter": JobFilter(plugin="noop", tab=Tab.QUEUE, text="<script>alert(1)</script>"),
        "asked": Attribution(by="anna", at=MOMENT + timedelta(minutes=number), reason="wrong scan"),
        "state": OperationState.RUNNING,
        "total": 1000,
        "done": 400,
        "refused": 2,
        "unchanged": 48,
        **fields,
    }
    return Operation(id=f"op-{number}", **made)


def put(gateway: Gateway, *operations: Operation) -> None:
    gateway.reader.known_operations.update({one.id: one for one in operations})


async def test_the_list_says_what_is_done_to_which_jobs_how_far_and_why(gateway: Gateway) -> None:
    put(gateway, operation(1))
    page = (await gateway.client.get("/operations", headers=ENGLISH)).text
    for words in ("Cancel", "Noop", "Queue", "anna", "wrong scan", "450 of 1,000 jobs", "45%"):
        assert words in page
    assert "<script>alert" not in page
    german = (await gateway.client.get("/operations", headers=GERMAN)).text
    assert "450 von 1.000 Jobs" in german
    assert "Warteschlange" in german


async def test_running_and_ended_ones_are_shown_apart(gateway: Gateway) -> None:
    put(gateway, operation(1), operation(2, state=OperationState.DONE))
    running = (await gateway.client.get("/operations?running=true", headers=ENGLISH)).text
    ended = (await gateway.client.get("/operations?running=false", headers=ENGLISH)).text
    assert ("row-op-1" in running, "row-op-2" in running) == (True, False)
    assert ("row-op-1" in ended, "row-op-2" in ended) == (False, True)


async def test_older_ones_are_a_page_further(gateway: Gateway) -> None:
    put(gateway, *(operation(number) for number in range(60)))
    first = (await gateway.client.get("/operations?running=true", headers=ENGLISH)).text
    older = first.split('href="/operations?running=true&amp;cursor=')[1].split('"')[0]
    second = (await gateway.client.get(f"/operations?running=true&cursor={older}", headers=ENGLISH)).text
    assert ("row-op-59" in first, "row-op-9" in first) == (True, False)
    assert ("row-op-59" in second, "row-op-9" in second) == (False, True)
    assert "Newest" in second


async def test_an_empty_list_says_what_would_be_here(gateway: Gateway) -> None:
    page = (await gateway.client.get("/operations", headers=ENGLISH)).text
    assert "Nobody has changed many jobs at once yet" in page
    running = (await gateway.client.get("/operations?running=true", headers=ENGLISH)).text
    assert "No operation is running" in running


@pytest.mark.parametrize("address", ["/operations?cursor=nonsense", "/operations/nothing"])
async def test_nonsense_is_answered_by_a_page(gateway: Gateway, address: str) -> None:
    answer = await gateway.client.get(address, headers=ENGLISH)
    assert answer.status_code in {400, 404, 422}
    assert "<h1" in answer.text


async def test_one_operation_shows_what_it_could_not_do_page_by_page(gateway: Gateway) -> None:
    put(gateway, operation(1, refused=75))
    gateway.reader.known_failures = [
        Failure(operation="op-1", number=number, job=f"job-{number}", reason="it has <b>ended</b>", at=MOMENT)
        for number in range(1, 76)
    ]
    first = (await gateway.client.get("/operations/op-1", headers=ENGLISH)).text
    assert ('href="/jobs/job-50"' in first, 'href="/jobs/job-51"' in first) == (True, False)
    assert "it has &lt;b&gt;ended" in first
    assert "/operations/op-1?after=50" in first
    second = (await gateway.client.get("/operations/op-1?after=50", headers=ENGLISH)).text
    assert ('href="/jobs/job-51"' in second, "after=75" in second) == (True, False)


async def test_a_progress_renews_itself_until_the_end_and_then_has_the_lists_renewed(
    gateway: Gateway,
) -> None:
    put(gateway, operation(1))
    running = await gateway.client.get("/ui/operations/op-1/progress", headers=HTMX)
    assert 'hx-trigger="every 2s' in running.text
    assert "hx-trigger" not in running.headers
    put(gateway, operation(1, state=OperationState.DONE, done=950))
    ended = await gateway.client.get("/ui/operations/op-1/progress", headers=HTMX)
    assert "hx-get" not in ended.text
    assert "tm-rows" in ended.headers["hx-trigger"]


async def test_an_operation_that_is_not_stored_yet_is_waited_for_if_it_was_just_asked_for(
    gateway: Gateway,
) -> None:
    awaited = await gateway.client.get("/ui/operations/op-9/progress?awaited=1", headers=HTMX)
    assert "as soon as the scheduler answers" in awaited.text
    assert "awaited=1" in awaited.text
    gone = await gateway.client.get("/ui/operations/op-9/progress", headers=HTMX)
    assert gone.status_code == 404


async def test_stopping_asks_first_and_keeps_the_reason(gateway: Gateway) -> None:
    put(gateway, operation(1))
    asked = await gateway.client.get("/ui/operations/op-1/stop", headers=HTMX)
    assert 'hx-post="/ui/operations/op-1/stop"' in asked.text
    answer = await gateway.client.post("/ui/operations/op-1/stop", data={"reason": "enough"}, headers=HTMX)
    assert answer.status_code == 204
    assert "what it has done is not undone" in answer.headers["hx-trigger"]
    command = gateway.scheduler.commands[-1]
    assert command.order == StopOperation(operation="op-1")
    assert command.reason == "enough"


async def test_what_cannot_be_stopped_is_said_in_the_pop_up(gateway: Gateway) -> None:
    put(gateway, operation(1))
    gateway.scheduler.outcome, gateway.scheduler.detail = "refused", "it has ended"
    answer = await gateway.client.post("/ui/operations/op-1/stop", data={}, headers=HTMX)
    assert answer.status_code == 409
    assert "it has ended" in answer.text


async def test_an_ended_operation_cannot_be_stopped(gateway: Gateway) -> None:
    put(gateway, operation(1, state=OperationState.DONE))
    asked = await gateway.client.get("/ui/operations/op-1/stop", headers=HTMX)
    assert "It has ended already" in asked.text
    assert "hx-post" not in asked.text


def test_only_what_is_within_reach_is_shown_and_only_operators_may_stop() -> None:
    other = operation(2, filter=JobFilter(plugin="jp2", status=Status.ERROR))
    everywhere = operation(3, filter=JobFilter())
    page = OperationPage(operations=(operation(1), other, everywhere))
    viewer = Principal("vera", frozenset({Right.READ}), frozenset({"noop"}))
    [row] = operation_rows(page, viewer)
    assert (row.view.id, row.stoppable) == ("op-1", False)
    operator = Principal("otto", frozenset({Right.READ, Right.OPERATE}))
    assert [row.stoppable for row in operation_rows(page, operator)] == [True, True, True]


def test_a_page_of_failures_knows_whether_there_is_another() -> None:
    found = [Failure(operation="o", number=number, job="j", reason="", at=MOMENT) for number in (1, 2, 3)]
    assert FailurePage.of(found, 2).after == 2
    assert FailurePage.of(found, 3).after is None
