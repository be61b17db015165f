"""Operators' commands through real gateways and a real scheduler; no runner is needed to give orders."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from taskmanager_local.servers import RunningServer
from taskmanager_testing.waiting import eventually

from .conftest import RunningGateway, StartGateway

Freeze = Callable[[RunningServer], None]
ANSWER_SECONDS = 4.5
"""By then a client must have heard that the broker is away; see `test_gateway.py`."""
ANNA = {"Taskmanager-Actor": "anna"}


def stored(gateway: RunningGateway, **fields: Any) -> str:
    """The address of a job the scheduler has stored."""
    address: str = gateway.submit(**fields).headers["Location"]
    eventually(lambda: gateway.client.get(f"{address}/history").json()["history"], what="the job is stored")
    return address


def ask(gateway: RunningGateway, address: str, method: str = "POST", **body: Any) -> httpx.Response:
    return gateway.client.request(method, address, json=body, headers=ANNA)


def test_a_job_is_led_through_everything_an_operator_can_ask(
    start_gateway: StartGateway, start_scheduler: Callable[[], None]
) -> None:
    start_scheduler()
    one, other = start_gateway(), start_gateway()
    address = stored(one, title="Band 1")

    held = ask(one, f"{address}/hold", reason="wrong scan").json()
    again = ask(other, f"{address}/hold").json()
    released = ask(other, f"{address}/release").json()
    raised = ask(one, f"{address}/priority", "PUT", priority=9).json()
    cancelled = ask(other, f"{address}/cancel", reason="not needed").json()
    impossible = ask(one, f"{address}/hold")
    retried = ask(one, f"{address}/retry").json()

    assert (held["outcome"], held["job"]["status"]) == ("done", "PAUSED")
    assert held["job"]["held"]["by"] == "anna"
    assert held["job"]["waiting"]["code"] == "held"
    assert again["outcome"] == "unchanged"
    assert (released["job"]["status"], released["job"]["held"]) == ("STARTED", None)
    assert released["job"]["waiting"]["code"] == "no_runner"
    assert (raised["job"]["priority"], raised["job"]["waiting"]["position"]) == (9, 0)
    assert (cancelled["job"]["status"], cancelled["job"]["cancelled"]) == ("CANCELLED", "at once")
    assert impossible.status_code == 409
    assert retried["job"]["status"] == "STARTED"
    audit = one.client.get("/api/v1/audit", params={"job": address.rpartition("/")[2]}).json()["entries"]
    assert [(entry["action"], entry["outcome"]) for entry in audit] == [
        ("retry", "done"),
        ("cancel", "done"),
        ("priority 9", "done"),
        ("release", "done"),
        ("hold", "unchanged"),
        ("hold", "done"),
    ]
    assert audit[-1]["id"] == held["command"]
    assert {entry["actor"] for entry in audit} == {"anna"}


def test_a_plugin_is_stopped_closed_limited_and_restarted(
    gateway: RunningGateway, start_scheduler: Callable[[], None]
) -> None:
    start_scheduler()
    address = stored(gateway)
    plugin = "/api/v1/plugins/noop"
    ends = (datetime.now(UTC) + timedelta(hours=8)).replace(microsecond=0)

    stopped = ask(gateway, f"{plugin}/stop", reason="disk full", until=ends.isoformat()).json()
    again = ask(gateway, f"{plugin}/stop", until=ends.isoformat()).json()
    waits = gateway.client.get(address).json()["waiting"]
    closed = ask(gateway, f"{plugin}/refuse").json()
    eventually(lambda: gateway.submit().status_code == 409, what="submissions are refused")
    limited = ask(gateway, f"{plugin}/limit", "PUT", max_running=2).json()
    restarted = ask(gateway, f"{plugin}/restart").json()

    assert (stopped["plugin"]["state"], stopped["plugin"]["still_running"]) == ("stopped", 0)
    assert datetime.fromisoformat(stopped["plugin"]["stop"]["until"]) == ends
    assert again["outcome"] == "unchanged"
    assert waits["code"] == "plugin_stopped"
    assert "was stopped by anna" in waits["sentence"]
    assert "(disk full)" in waits["sentence"]
    assert closed["plugin"]["accepting"] is False
    assert limited["plugin"]["limit"] == 2
    assert (restarted["plugin"]["state"], restarted["plugin"]["stop"]) == ("running", None)


def test_a_command_without_a_scheduler_is_done_when_there_is_one(
    gateway: RunningGateway, start_scheduler: Callable[[], None]
) -> None:
    address = gateway.submit().headers["Location"]

    pending = ask(gateway, f"{address}/cancel", reason="not needed")
    assert (pending.status_code, pending.json()["outcome"]) == (202, "pending")

    start_scheduler()
    eventually(lambda: gateway.client.get(address).json()["status"] == "CANCELLED", what="the cancel is done")
    (entry,) = gateway.client.get(pending.json()["links"]["audit"]).json()["entries"]
    assert (entry["id"], entry["outcome"]) == (pending.json()["command"], "done")


def test_a_broker_that_hangs_is_told_in_time(
    gateway: RunningGateway, rabbitmq: RunningServer, mongod: RunningServer, frozen: Freeze
) -> None:
    address = gateway.submit().headers["Location"]
    frozen(rabbitmq)
    frozen(mongod)

    for command in (f"{address}/cancel", "/api/v1/plugins/noop/stop"):
        answer = gateway.client.post(command, timeout=ANSWER_SECONDS)

        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        assert answer.json()["type"] == "urn:taskmanager:problem:broker-unavailable"


def test_a_command_is_taken_while_the_database_hangs(
    gateway: RunningGateway, mongod: RunningServer, frozen: Freeze
) -> None:
    address = gateway.submit().headers["Location"]
    frozen(mongod)

    pending = ask(gateway, f"{address}/cancel")

    assert (pending.status_code, pending.json()["outcome"]) == (202, "pending")
