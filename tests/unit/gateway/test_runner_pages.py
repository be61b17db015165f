"""The page of runners: what it shows and offers, and its commands."""

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.gateway.conftest import MOMENT, Gateway, job

from taskmanager.messages import RunnerCommand
from taskmanager.model.access import Principal, Right
from taskmanager.model.control import Drain, RunnerAction
from taskmanager.model.registry import RunnerState
from taskmanager.model.states import Status
from taskmanager_gateway.web.runners.runner_rows import runner_rows

ENGLISH = {"accept": "text/html", "accept-language": "en"}
HTMX = {"hx-request": "true", "accept-language": "en"}
DRAINED = Drain(by="anna", at=MOMENT, reason="<i>kernel</i>")
OPERATOR = Principal("otto", frozenset({Right.READ, Right.OPERATE}))


def runner(name: str, plugin: str = "noop", **fields: Any) -> RunnerState:
    made = {"slots": 4, "transfers": 1, "busy": 1, "version": "0.1", "host": "werk.example.org", **fields}
    return RunnerState(
        id=name,
        instance="1",
        plugin=plugin,
        started_at=MOMENT - timedelta(days=2),
        last_heartbeat=MOMENT,
        **made,
    )


def put(gateway: Gateway, *runners: RunnerState) -> None:
    gateway.reader.known_runners = {one.id: one for one in runners}


async def test_a_runner_is_shown_with_what_it_works_on(gateway: Gateway) -> None:
    put(gateway, runner("werk-1"), runner("werk-2", drain=DRAINED), runner("werk-3", alive=False))
    gateway.reader.put(job(1, status=Status.PROCESSING, owner="werk-1", title="<b>Akten</b>"))
    page = (await gateway.client.get("/runners", headers=ENGLISH)).text
    for words in ("werk.example.org", "1 of 4", "works", "finishes its jobs", "gone", "&lt;i&gt;kernel"):
        assert words in page
    assert "&lt;b&gt;Akten" in page
    assert f'href="/jobs/{job(1).id}"' in page
    german = await gateway.client.get("/ui/runners", headers={"accept-language": "de"})
    assert "läuft leer" in german.text
    assert "<html" not in german.text


async def test_without_runners_the_page_says_what_to_do(gateway: Gateway) -> None:
    assert (
        "taskmanager-plugin-runner --plugin" in (await gateway.client.get("/runners", headers=ENGLISH)).text
    )


def test_each_state_offers_what_can_be_done() -> None:
    found = [runner("a"), runner("b", drain=DRAINED), runner("c", alive=False)]
    rows = runner_rows(found, [], {}, OPERATOR)
    assert [(row.drainable, row.resumable, row.forgettable) for row in rows] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]
    viewer = Principal("vera", frozenset({Right.READ}), frozenset({"noop"}))
    watched = runner_rows([*found, runner("d", "jp2")], [], {}, viewer)
    assert [row.view.id for row in watched] == ["a", "b", "c"]
    assert not any(row.drainable or row.resumable or row.forgettable for row in watched)


@pytest.mark.parametrize(("minutes", "grace"), [("", None), ("5", 300.0), ("0", 0.0)])
async def test_draining_says_why_and_until_when(gateway: Gateway, minutes: str, grace: float | None) -> None:
    put(gateway, runner("werk-1"))
    asked = await gateway.client.get("/ui/runners/werk-1/drain", headers=HTMX)
    assert 'name="minutes"' in asked.text
    form = {"reason": "kernel", "minutes": minutes}
    answer = await gateway.client.post("/ui/runners/werk-1/drain", data=form, headers=HTMX)
    assert answer.status_code == 204
    assert "takes no more jobs" in answer.headers["hx-trigger"]
    command = gateway.scheduler.commands[-1]
    assert command.order == RunnerCommand(runner="werk-1", action=RunnerAction.DRAIN, grace_seconds=grace)
    assert command.reason == "kernel"


@pytest.mark.parametrize("minutes", ["-1", "soon", "99999999"])
async def test_nonsense_drains_nothing(gateway: Gateway, minutes: str) -> None:
    put(gateway, runner("werk-1"))
    answer = await gateway.client.post("/ui/runners/werk-1/drain", data={"minutes": minutes}, headers=HTMX)
    assert answer.status_code == 422
    assert not gateway.scheduler.commands


@pytest.mark.parametrize("action", ["resume", "forget"])
async def test_resuming_and_forgetting(gateway: Gateway, action: str) -> None:
    put(gateway, runner("werk-1", alive=False, drain=DRAINED))
    asked = await gateway.client.get(f"/ui/runners/werk-1/{action}", headers=HTMX)
    assert f'hx-post="/ui/runners/werk-1/{action}"' in asked.text
    answer = await gateway.client.post(f"/ui/runners/werk-1/{action}", data={}, headers=HTMX)
    assert answer.status_code == 204
    assert gateway.scheduler.commands[-1].order == RunnerCommand(runner="werk-1", action=RunnerAction(action))


async def test_what_the_scheduler_refuses_is_said(gateway: Gateway) -> None:
    put(gateway, runner("werk-1"))
    gateway.scheduler.outcome, gateway.scheduler.detail = "refused", "the runner is alive"
    answer = await gateway.client.post("/ui/runners/werk-1/forget", data={}, headers=HTMX)
    assert answer.status_code == 409
    assert "the runner is alive" in answer.text


async def test_a_runner_nobody_knows_is_said_to_be_unknown(gateway: Gateway) -> None:
    assert (await gateway.client.get("/ui/runners/nobody/drain", headers=HTMX)).status_code == 404
