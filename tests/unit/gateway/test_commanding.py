"""Operators' commands: what is sent, what is answered, what is refused."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from taskmanager.messages import Command, CommandResult, JobCommand, PluginCommand
from taskmanager.model.control import JobAction, PluginAction, Stop, StopMode
from taskmanager.model.jobs import Attribution, Job
from taskmanager.model.states import Status
from taskmanager_gateway.commands import service

from .conftest import MOMENT, Gateway, job, until

UNKNOWN = "00000000-0000-4000-8000-000000009999"
PLAIN = ("cancel", "hold", "release", "retry")


async def ask(gateway: Gateway, address: str, body: Any = None, **headers: str) -> httpx.Response:
    """Send a command: PUT for what has a value, POST for what is done."""
    method = "PUT" if address.endswith(("priority", "limit")) else "POST"
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return await gateway.client.request(method, f"/api/v1/{address}", json=body, headers=names)


def put(gateway: Gateway, **fields: Any) -> Job:
    made = job(1, **fields)
    gateway.reader.put(made)
    return made


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "RESULT_TIME", timedelta(milliseconds=20))


async def test_a_command_is_sent_to_the_scheduler_with_who_when_and_why(gateway: Gateway) -> None:
    known = put(gateway)

    answer = await ask(gateway, f"jobs/{known.id}/cancel", {"reason": "wrong scan"}, Taskmanager_Actor="anna")

    (command,) = gateway.scheduler.commands
    topology = gateway.services.settings.topology
    published = gateway.publisher.messages[-1]
    assert (published.exchange, published.key) == (topology.events, topology.command_key)
    assert published.persistent
    assert published.mandatory
    assert (command.gateway, command.actor, command.reason) == ("g-1", "anna", "wrong scan")
    assert command.order == JobCommand(job=known.id, action=JobAction.CANCEL)
    assert answer.json()["command"] == command.id
    assert abs(command.at - datetime.now(UTC)) < timedelta(minutes=1)


async def test_the_answer_shows_the_job_as_it_is_now(gateway: Gateway) -> None:
    known = put(gateway, status=Status.PROCESSING)
    note = Attribution(by="anna", at=MOMENT, reason="wrong scan")
    gateway.scheduler.obey = lambda _: gateway.reader.put(known.model_copy(update={"cancel": note}))

    answer = await ask(gateway, f"jobs/{known.id}/cancel")

    assert answer.status_code == 200
    assert answer.json()["outcome"] == "done"
    shown = answer.json()["job"]
    assert (shown["status"], shown["cancelling"], shown["cancelled"]) == ("PROCESSING", True, None)
    assert shown["cancel"] == {"by": "anna", "at": "2026-11-23T12:00:00Z", "reason": "wrong scan"}


@pytest.mark.parametrize(
    ("action", "status"),
    [
        ("cancel", "STARTED"),
        ("hold", "STARTED"),
        ("release", "STARTED"),
        ("retry", "ERROR"),
        ("next", "STARTED"),
    ],
)
async def test_each_action_reaches_the_scheduler(gateway: Gateway, action: str, status: str) -> None:
    known = put(gateway, status=Status(status))

    assert (await ask(gateway, f"jobs/{known.id}/{action}")).status_code == 200

    assert gateway.scheduler.commands[0].order == JobCommand(job=known.id, action=JobAction(action))
    assert gateway.scheduler.commands[0].actor == "anonymous"


async def test_a_priority_reaches_the_scheduler(gateway: Gateway) -> None:
    known = put(gateway)

    assert (await ask(gateway, f"jobs/{known.id}/priority", {"priority": 10})).status_code == 200

    order = gateway.scheduler.commands[0].order
    assert order == JobCommand(job=known.id, action=JobAction.PRIORITY, priority=10)


async def test_what_is_so_already_is_no_error(gateway: Gateway) -> None:
    known = put(gateway, status=Status.CANCELLED)
    gateway.scheduler.outcome = "unchanged"

    answer = await ask(gateway, f"jobs/{known.id}/cancel")

    assert (answer.status_code, answer.json()["outcome"]) == (200, "unchanged")


@pytest.mark.parametrize(
    ("action", "status", "why"),
    [
        ("cancel", "DOWNLOAD", "results are being put into place"),
        ("cancel", "DONE", "has ended"),
        ("hold", "ERROR", "has ended"),
        ("release", "PAUSED", "restart the plugin"),
        ("retry", "PROCESSING", "only jobs in ERROR or CANCELLED"),
        ("priority", "DONE", "has ended"),
    ],
)
async def test_what_cannot_be_done_is_a_409_that_says_why_without_a_round_trip(
    gateway: Gateway, action: str, status: str, why: str
) -> None:
    known = put(gateway, status=Status(status))

    answer = await ask(gateway, f"jobs/{known.id}/{action}", {"priority": 3} if action == "priority" else {})

    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:taskmanager:problem:not-possible"
    assert answer.json()["job"] == known.id
    assert why in answer.json()["detail"]
    assert gateway.scheduler.commands == []


async def test_the_scheduler_has_the_last_word(gateway: Gateway) -> None:
    known = put(gateway, status=Status.PROCESSING)
    gateway.scheduler.outcome, gateway.scheduler.detail = "refused", "its results are being put into place"

    answer = await ask(gateway, f"jobs/{known.id}/cancel")

    assert answer.status_code == 409
    assert answer.json()["detail"] == "Cannot cancel: its results are being put into place."


@pytest.mark.parametrize("action", PLAIN)
@pytest.mark.parametrize("name", [UNKNOWN, "x", "%00"])
async def test_a_job_nobody_knows_is_not_found(gateway: Gateway, action: str, name: str) -> None:
    answer = await ask(gateway, f"jobs/{name}/{action}")

    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:taskmanager:problem:unknown-job"
    assert gateway.scheduler.commands == []


async def test_a_job_the_scheduler_does_not_know_is_not_found(gateway: Gateway) -> None:
    known = put(gateway)
    gateway.scheduler.outcome = "unknown"

    assert (await ask(gateway, f"jobs/{known.id}/cancel")).status_code == 404


@pytest.mark.usefixtures("impatient")
async def test_without_a_scheduler_the_command_is_stored_and_the_answer_says_so(gateway: Gateway) -> None:
    known = put(gateway)
    gateway.scheduler.silent = True

    answer = await ask(gateway, f"jobs/{known.id}/cancel")

    (command,) = gateway.scheduler.commands
    assert answer.status_code == 202
    assert (answer.json()["command"], answer.json()["outcome"]) == (command.id, "pending")
    assert "is going to be done when the scheduler is back" in answer.json()["detail"]
    assert answer.json()["links"]["audit"] == f"/api/v1/audit?job={known.id}"


async def test_a_result_that_comes_later_ends_the_waiting(gateway: Gateway) -> None:
    known = put(gateway)
    gateway.scheduler.silent = True

    asking = asyncio.create_task(ask(gateway, f"jobs/{known.id}/cancel"))
    await until(lambda: bool(gateway.scheduler.commands))
    (command,) = gateway.scheduler.commands
    for named in ("somebody-elses", command.id, command.id):
        gateway.services.feed.take(CommandResult(id=named, outcome="done").encode())

    assert (await asking).json()["outcome"] == "done"


async def test_without_a_broker_nothing_is_claimed_to_be_stored(gateway: Gateway) -> None:
    known = put(gateway)
    gateway.publisher.available = False

    answer = await ask(gateway, f"jobs/{known.id}/cancel")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert answer.json()["type"] == "urn:taskmanager:problem:broker-unavailable"


async def test_without_an_inbox_nothing_is_claimed_to_be_stored(gateway: Gateway) -> None:
    gateway.publisher.routable = False

    assert (await ask(gateway, "plugins/noop/stop")).status_code == 503


async def test_a_broker_that_does_not_confirm_is_told(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "PUBLISH_TIME", timedelta(milliseconds=20))
    gateway.publisher.confirms.clear()

    answer = await ask(gateway, "plugins/noop/stop")

    assert answer.status_code == 503
    assert "may or may not be done" in answer.json()["detail"]


async def test_commands_work_while_the_database_is_away(gateway: Gateway) -> None:
    gateway.reader.available = False

    answer = await ask(gateway, f"jobs/{UNKNOWN}/cancel")
    stop = await ask(gateway, "plugins/noop/stop")

    assert (answer.status_code, answer.json()["job"]) == (200, None)
    assert (stop.status_code, stop.json()["plugin"]) == (200, None)


async def test_a_stop_says_how_it_goes(gateway: Gateway) -> None:
    put(gateway, status=Status.PROCESSING)
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=8)

    def stop(command: Command) -> None:
        order = command.order
        assert isinstance(order, PluginCommand)
        stop = Stop(by=command.actor, at=MOMENT, reason=command.reason, mode=order.mode, until=order.until)
        known = gateway.reader.installed[order.plugin]
        gateway.reader.install(known.model_copy(update={"stop": stop}))

    gateway.scheduler.obey = stop
    body = {"mode": "finish", "reason": "disk full", "until": ends.isoformat()}
    answer = await ask(gateway, "plugins/noop/stop", body, Taskmanager_Actor="anna")

    assert answer.status_code == 200
    shown = answer.json()["plugin"]
    assert (shown["state"], shown["still_running"]) == ("stopping", 1)
    assert shown["stop"] == {
        "by": "anna",
        "at": "2026-11-23T12:00:00Z",
        "reason": "disk full",
        "code": "text.prose",
        "parameters": {"text": "disk full"},
        "mode": "finish",
        "until": ends.isoformat().replace("+00:00", "Z"),
    }
    put(gateway, status=Status.PAUSED)
    shown = (await gateway.client.get("/api/v1/plugins/noop")).json()
    assert (shown["state"], shown["still_running"]) == ("stopped", 0)
    running = (await gateway.client.get("/api/v1/plugins/jp2")).json()
    assert (running["state"], running["stop"]) == ("running", None)


@pytest.mark.parametrize("action", ["restart", "refuse", "accept"])
async def test_each_plugin_action_reaches_the_scheduler(gateway: Gateway, action: str) -> None:
    assert (await ask(gateway, f"plugins/noop/{action}", {"reason": "r"})).status_code == 200

    assert gateway.scheduler.commands[0].order == PluginCommand(plugin="noop", action=PluginAction(action))


@pytest.mark.parametrize("limit", [1, 12, None])
async def test_a_limit_reaches_the_scheduler(gateway: Gateway, limit: int | None) -> None:
    assert (await ask(gateway, "plugins/noop/limit", {"max_running": limit})).status_code == 200

    order = gateway.scheduler.commands[0].order
    assert order == PluginCommand(plugin="noop", action=PluginAction.LIMIT, max_running=limit)


async def test_the_end_of_a_stop_is_sent_in_utc_and_whole_milliseconds(gateway: Gateway) -> None:
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    given = ends.astimezone().isoformat().replace("+", ".123456+", 1)

    assert (await ask(gateway, "plugins/noop/stop", {"until": given})).status_code == 200

    order = gateway.scheduler.commands[0].order
    assert isinstance(order, PluginCommand)
    assert (order.mode, order.until) == (StopMode.SUSPEND, ends + timedelta(milliseconds=123))


@pytest.mark.parametrize("action", ["stop", "restart", "refuse", "accept", "limit"])
@pytest.mark.parametrize("name", ["jp3", "UPPER", "x" * 300])
async def test_a_plugin_nobody_knows_is_not_found(gateway: Gateway, action: str, name: str) -> None:
    answer = await ask(gateway, f"plugins/{name}/{action}", {"max_running": 1} if action == "limit" else {})

    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:taskmanager:problem:unknown-plugin"
    assert gateway.scheduler.commands == []


@pytest.mark.parametrize(
    ("address", "body", "field"),
    [
        ("jobs/{id}/cancel", {"reason": "x" * 501}, "reason"),
        ("jobs/{id}/cancel", {"reason": 5}, "reason"),
        ("jobs/{id}/cancel", {"reason": "a\0b"}, "reason"),
        ("jobs/{id}/cancel", {"why": "x"}, "why"),
        ("jobs/{id}/cancel", [], "body"),
        ("jobs/{id}/cancel", {"priority": 5}, "priority"),
        ("jobs/{id}/priority", {"priority": 11}, "priority"),
        ("jobs/{id}/priority", {"priority": -1}, "priority"),
        ("jobs/{id}/priority", {"priority": "5"}, "priority"),
        ("jobs/{id}/priority", {"priority": 5.5}, "priority"),
        ("jobs/{id}/priority", {"priority": True}, "priority"),
        ("jobs/{id}/priority", {"priority": None}, "priority"),
        ("jobs/{id}/priority", {}, "priority"),
        ("plugins/noop/stop", {"mode": "kill"}, "mode"),
        ("plugins/noop/stop", {"until": "2020-01-01T00:00:00Z"}, "until"),
        ("plugins/noop/stop", {"until": "2999-01-01T00:00:00"}, "until"),
        ("plugins/noop/stop", {"until": "2999-01-01T00:00:00Z"}, "until"),
        ("plugins/noop/stop", {"until": "9999-12-31T23:59:59-23:00"}, "until"),
        ("plugins/noop/stop", {"until": "0001-01-01T00:00:00+23:00"}, "until"),
        ("plugins/noop/stop", {"until": "tomorrow"}, "until"),
        ("plugins/noop/stop", {"until": 5}, "until"),
        ("plugins/noop/limit", {}, "max_running"),
        ("plugins/noop/limit", {"max_running": 0}, "max_running"),
        ("plugins/noop/limit", {"max_running": 2**64}, "max_running"),
        ("plugins/noop/limit", {"max_running": "2"}, "max_running"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_sent(
    gateway: Gateway, address: str, body: Any, field: str
) -> None:
    known = put(gateway)

    answer = await ask(gateway, address.format(id=known.id), body)

    assert answer.status_code == 422, answer.text
    assert answer.json()["type"] == "urn:taskmanager:problem:invalid-request"
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert gateway.scheduler.commands == []


@pytest.mark.parametrize("content", [b"{", b"\xff", b'{"reason": NaN}'])
async def test_what_is_no_json_is_refused(gateway: Gateway, content: bytes) -> None:
    answer = await gateway.client.post(f"/api/v1/jobs/{put(gateway).id}/cancel", content=content)

    assert answer.status_code == 422
    assert gateway.scheduler.commands == []


async def test_a_body_without_end_is_not_read(gateway: Gateway) -> None:
    answer = await gateway.client.post(f"/api/v1/jobs/{put(gateway).id}/cancel", content=b" " * 100_000)

    assert answer.status_code == 413


async def test_an_unknown_action_is_not_found_and_a_wrong_method_is_told(gateway: Gateway) -> None:
    known = put(gateway)

    assert (await ask(gateway, f"jobs/{known.id}/explode")).status_code == 404
    wrong = await gateway.client.post(f"/api/v1/jobs/{known.id}/priority", json={"priority": 5})
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "PUT")


@pytest.mark.parametrize(
    ("given", "known"), [("Änne Groß", "Änne Groß"), (" anna ", "anna"), ("x" * 100, "x" * 100)]
)
async def test_an_actor_is_read_as_utf_8(gateway: Gateway, given: str, known: str) -> None:
    headers = [(b"taskmanager-actor", given.encode())]
    await gateway.client.post("/api/v1/plugins/noop/stop", headers=headers)

    assert gateway.scheduler.commands[0].actor == known


@pytest.mark.parametrize("given", ["", "   ", "x" * 101, "a\tb", "a\x7fb", "a\u200bb"])
async def test_an_actor_nobody_can_read_is_refused(gateway: Gateway, given: str) -> None:
    headers = [(b"taskmanager-actor", given.encode())]
    answer = await gateway.client.post("/api/v1/plugins/noop/stop", headers=headers)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "Taskmanager-Actor"
    assert gateway.scheduler.commands == []
