"""Runners over HTTP: how a drain is going, and what operators do to them."""

from typing import Any

import pytest

from taskmanager.messages import RunnerCommand
from taskmanager.model.control import Drain, RunnerAction
from taskmanager.model.registry import RunnerState

from .conftest import MOMENT, Gateway

DRAIN = Drain(by="anna", at=MOMENT, reason="a new disk")


def put(gateway: Gateway, **fields: Any) -> None:
    state = {"slots": 2, "busy": 0, "plugin": "noop", **fields}
    gateway.reader.known_runners["r-1"] = RunnerState(
        id="r-1",
        instance="x",
        host="h",
        version="1",
        transfers=1,
        started_at=MOMENT,
        last_heartbeat=MOMENT,
        **state,
    )


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"busy": 1}, "working"),
        ({"busy": 1, "drain": DRAIN}, "draining"),
        ({"drain": DRAIN}, "drained"),
        ({"drain": DRAIN, "alive": False}, "gone"),
    ],
)
async def test_a_runner_says_how_its_drain_is_going(
    gateway: Gateway, fields: dict[str, Any], state: str
) -> None:
    put(gateway, **fields)

    shown = (await gateway.client.get("/api/v1/runners/r-1")).json()

    assert (shown["id"], shown["state"], shown["busy"]) == ("r-1", state, fields.get("busy", 0))
    assert (shown["drain"] or {}).get("reason") == ("a new disk" if "drain" in fields else None)
    assert (await gateway.client.get("/api/v1/runners")).json()["runners"] == [shown]


async def test_a_drain_reaches_the_scheduler_with_its_grace(gateway: Gateway) -> None:
    put(gateway)
    gateway.scheduler.obey = lambda _: put(gateway, drain=DRAIN)

    body = {"grace_seconds": 30, "reason": "a new disk"}
    answer = await gateway.client.post("/api/v1/runners/r-1/drain", json=body)

    assert (answer.status_code, answer.json()["outcome"]) == (200, "done")
    assert answer.json()["runner"]["state"] == "drained"
    assert gateway.scheduler.commands[0].order == RunnerCommand(
        runner="r-1", action=RunnerAction.DRAIN, grace_seconds=30
    )


@pytest.mark.parametrize(
    ("method", "address", "action"), [("POST", "/resume", "resume"), ("DELETE", "", "forget")]
)
async def test_the_other_commands_need_no_body(
    gateway: Gateway, method: str, address: str, action: str
) -> None:
    answer = await gateway.client.request(method, f"/api/v1/runners/r-1{address}")

    assert (answer.status_code, answer.json()["runner"]) == (200, None)
    assert gateway.scheduler.commands[0].order == RunnerCommand(runner="r-1", action=RunnerAction(action))


async def test_a_runner_nobody_knows_is_not_found(gateway: Gateway) -> None:
    gateway.scheduler.outcome = "unknown"

    for answer in (
        await gateway.client.get("/api/v1/runners/r-9"),
        await gateway.client.post("/api/v1/runners/r-9/drain"),
    ):
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:taskmanager:problem:unknown-runner")


async def test_a_runner_that_lives_cannot_be_forgotten(gateway: Gateway) -> None:
    gateway.scheduler.outcome, gateway.scheduler.detail = "refused", "the runner is alive"

    answer = await gateway.client.delete("/api/v1/runners/r-1")

    assert (answer.status_code, answer.json()["detail"]) == (409, "Cannot forget: the runner is alive.")


@pytest.mark.parametrize("body", [{"grace_seconds": -1}, {"grace_seconds": "1"}, {"grace": 1}])
async def test_a_wrong_grace_is_refused(gateway: Gateway, body: dict[str, Any]) -> None:
    answer = await gateway.client.post("/api/v1/runners/r-1/drain", json=body)

    assert (answer.status_code, gateway.scheduler.commands) == (422, [])


async def test_a_name_no_runner_can_have_is_refused(gateway: Gateway) -> None:
    answer = await gateway.client.post("/api/v1/runners/%22%20/drain")

    assert (answer.status_code, gateway.scheduler.commands) == (422, [])
