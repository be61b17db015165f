"""Operations over many jobs, as clients ask for them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from taskmanager.messages import Changes, Command, StartOperation, StopOperation
from taskmanager.model.control import JobAction
from taskmanager.model.jobs import Attribution
from taskmanager.model.operations import Failure, JobFilter, Operation, OperationState
from taskmanager.model.states import Status, Tab
from taskmanager_gateway.live.hub import Interest

from .conftest import MOMENT, Gateway, job

START: dict[str, Any] = {"action": "cancel", "filter": {"plugin": "noop"}, "reason": "wrong scans"}


async def ask(gateway: Gateway, address: str, body: Any = None, **headers: str) -> httpx.Response:
    return await gateway.client.post(f"/api/v1/{address}", json=body or {}, headers=headers)


def store_started(gateway: Gateway) -> None:
    """The scheduler keeps what it was asked for, once."""

    def obey(command: Command) -> None:
        order = command.order
        if not isinstance(order, StartOperation):
            return
        if order.operation in gateway.reader.known_operations:
            gateway.scheduler.outcome = "unchanged"
            return
        asked = Attribution(by=command.actor, at=MOMENT, reason=command.reason)
        made = Operation(
            id=order.operation,
            action=order.action,
            priority=order.priority,
            filter=order.filter,
            asked=asked,
            fingerprint=order.fingerprint,
        )
        gateway.reader.known_operations[order.operation] = made

    gateway.scheduler.obey = obey


def known(gateway: Gateway, number: int = 1, **fields: Any) -> Operation:
    made = Operation(
        id=f"op-{number}",
        action=JobAction.CANCEL,
        filter=JobFilter(plugin="noop"),
        asked=Attribution(by="anna", at=MOMENT + timedelta(seconds=number)),
        **fields,
    )
    gateway.reader.known_operations[made.id] = made
    return made


def sent(gateway: Gateway) -> StartOperation:
    (command,) = gateway.scheduler.commands
    assert isinstance(command.order, StartOperation)
    return command.order


async def test_an_operation_is_taken_and_can_be_followed(gateway: Gateway) -> None:
    store_started(gateway)

    answer = await ask(gateway, "operations", START, **{"Taskmanager-Actor": "anna"})

    assert (answer.status_code, answer.headers["Taskmanager-Outcome"]) == (202, "accepted")
    shown = answer.json()
    assert answer.headers["Location"] == f"/api/v1/operations/{shown['id']}"
    assert (shown["state"], shown["total"], shown["percent"]) == ("waiting", None, 0)
    assert shown["asked"] == {"by": "anna", "at": "2026-11-23T12:00:00Z", "reason": "wrong scans"}
    assert (await gateway.client.get(answer.headers["Location"])).json() == shown


async def test_what_the_filter_says_reaches_the_scheduler(gateway: Gateway) -> None:
    chosen = {
        "plugin": "noop",
        "tab": "queue",
        "status": "STARTED",
        "project": "p",
        "process": 7,
        "text": "band",
        "priority_min": 1,
        "priority_max": 4,
        "older_than_seconds": 60,
        "newer_than_seconds": 3600,
        "ids": ["1", "2"],
    }
    before = datetime.now(UTC)
    await ask(gateway, "operations", {"action": "priority", "priority": 9, "filter": chosen})

    order = sent(gateway)
    meant = order.filter
    assert (order.action, order.priority) == (JobAction.PRIORITY, 9)
    assert (meant.tab, meant.status, meant.project, meant.process) == (Tab.QUEUE, Status.STARTED, "p", 7)
    assert (meant.text, meant.priority_min, meant.priority_max, meant.ids) == ("band", 1, 4, ("1", "2"))
    assert meant.created_before is not None
    assert meant.created_after is not None
    assert meant.created_before - meant.created_after == timedelta(seconds=3540)
    assert abs(meant.created_before + timedelta(seconds=60) - before) < timedelta(seconds=30)


async def test_all_current_jobs_of_a_plugin_are_cancelled_by_an_operation(gateway: Gateway) -> None:
    store_started(gateway)

    answer = await ask(gateway, "plugins/noop/cancel-jobs", {"reason": "wrong scans"})

    order = sent(gateway)
    assert (order.action, order.filter) == (JobAction.CANCEL, JobFilter(plugin="noop", tab=Tab.QUEUE))
    assert (answer.status_code, answer.json()["id"]) == (202, order.operation)


async def test_the_same_key_is_the_same_operation(gateway: Gateway) -> None:
    store_started(gateway)
    key = {"Idempotency-Key": "k"}

    first = await ask(gateway, "operations", START, **key)
    again = await ask(gateway, "operations", {**START, "reason": "said otherwise"}, **key)
    other = await ask(gateway, "operations", {**START, "action": "hold"}, **key)

    assert first.json()["id"] == again.json()["id"]
    assert again.headers["Taskmanager-Outcome"] == "replayed"
    assert len(gateway.scheduler.commands) == 1
    assert other.status_code == 422
    assert other.json()["type"] == "urn:taskmanager:problem:idempotency-key-reused"


async def test_a_key_that_only_the_scheduler_knows_is_settled_by_it(gateway: Gateway) -> None:
    gateway.scheduler.outcome = "refused"
    gateway.scheduler.detail = "this Idempotency-Key belongs to another operation"

    answer = await ask(gateway, "operations", START, **{"Idempotency-Key": "k"})

    assert (answer.status_code, answer.json()["detail"]) == (
        422,
        "Cannot start it: this Idempotency-Key belongs to another operation.",
    )


async def test_without_the_scheduler_it_is_pending(gateway: Gateway) -> None:
    gateway.scheduler.silent = True

    answer = await ask(gateway, "operations", START)

    assert (answer.status_code, answer.headers["Taskmanager-Outcome"]) == (202, "pending")
    assert (answer.json()["state"], answer.json()["id"]) == ("waiting", sent(gateway).operation)


async def test_without_the_database_it_is_taken_all_the_same(gateway: Gateway) -> None:
    gateway.reader.available = False

    answer = await ask(gateway, "operations", START, **{"Idempotency-Key": "k"})

    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")


async def test_a_preview_counts_shows_some_and_sends_nothing(gateway: Gateway) -> None:
    for number in range(8):
        gateway.reader.put(job(number, project="a" if number else "b"))

    answer = await ask(
        gateway, "operations", {**START, "filter": {"plugin": "noop", "project": "a"}, "dry_run": True}
    )

    shown = answer.json()
    assert (answer.status_code, shown["count"], shown["exact"], len(shown["examples"])) == (200, 7, True, 5)
    assert gateway.scheduler.commands == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "cancel"}, "filter"),
        ({"action": "cancel", "filter": {"tab": "queue"}}, "filter"),
        ({"action": "cancel", "all": False}, "filter"),
        ({"action": "cancel", "all": "yes"}, "all"),
        ({"action": "explode", "all": True}, "action"),
        ({"all": True}, "action"),
        ({"action": "priority", "all": True}, "priority"),
        ({"action": "priority", "priority": 11, "all": True}, "priority"),
        ({"action": "cancel", "priority": 3, "all": True}, "priority"),
        ({"action": "cancel", "all": True, "filter": {"plugin": "UPPER"}}, "filter.plugin"),
        ({"action": "cancel", "all": True, "filter": {"tab": "done", "status": "STARTED"}}, "filter.status"),
        ({"action": "cancel", "all": True, "filter": {"status": "GONE"}}, "filter.status"),
        ({"action": "cancel", "all": True, "filter": {"project": "a\0b"}}, "filter.project"),
        ({"action": "cancel", "all": True, "filter": {"text": "x" * 501}}, "filter.text"),
        ({"action": "cancel", "all": True, "filter": {"process": -1}}, "filter.process"),
        (
            {"action": "cancel", "all": True, "filter": {"older_than_seconds": -1}},
            "filter.older_than_seconds",
        ),
        (
            {"action": "cancel", "all": True, "filter": {"newer_than_seconds": 10**12}},
            "filter.newer_than_seconds",
        ),
        ({"action": "cancel", "filter": {"ids": []}}, "filter.ids"),
        ({"action": "cancel", "filter": {"ids": ["1"] * 1001}}, "filter.ids"),
        ({"action": "cancel", "filter": {"ids": "1"}}, "filter.ids"),
        ({"action": "cancel", "all": True, "filter": {"color": "red"}}, "filter.color"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_sent(gateway: Gateway, body: Any, field: str) -> None:
    answer = await ask(gateway, "operations", body)

    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert gateway.scheduler.commands == []


@pytest.mark.parametrize("dry_run", [True, False])
async def test_a_plugin_nobody_knows_is_not_found(gateway: Gateway, dry_run: bool) -> None:
    body = {"action": "cancel", "filter": {"plugin": "jp3"}, "dry_run": dry_run}

    assert (await ask(gateway, "operations", body)).status_code == 404
    assert (await ask(gateway, "plugins/jp3/cancel-jobs")).status_code == 404
    assert gateway.scheduler.commands == []


async def test_without_a_broker_nothing_is_claimed_to_be_stored(gateway: Gateway) -> None:
    gateway.publisher.available = False

    assert (await ask(gateway, "operations", START)).status_code == 503


async def test_operations_are_listed_page_by_page_the_newest_first(gateway: Gateway) -> None:
    for number in range(5):
        known(gateway, number)

    first = (await gateway.client.get("/api/v1/operations", params={"limit": 3})).json()
    rest = (await gateway.client.get(first["links"]["next"])).json()
    wrong = await gateway.client.get("/api/v1/operations", params={"cursor": "nonsense"})

    pages = [[one["id"] for one in page["operations"]] for page in (first, rest)]
    assert pages == [["op-4", "op-3", "op-2"], ["op-1", "op-0"]]
    assert rest["next_cursor"] is None
    assert (wrong.status_code, wrong.json()["type"]) == (422, "urn:taskmanager:problem:invalid-cursor")


async def test_progress_is_shown_in_numbers(gateway: Gateway) -> None:
    known(gateway, state=OperationState.RUNNING, total=10, done=3, unchanged=1, refused=1)

    shown = (await gateway.client.get("/api/v1/operations/op-1")).json()

    assert (shown["percent"], shown["done"], shown["unchanged"], shown["refused"]) == (50, 3, 1, 1)
    assert "listing" not in shown
    assert "rev" not in shown


async def test_failures_come_page_by_page_with_their_reasons(gateway: Gateway) -> None:
    known(gateway, refused=3)
    gateway.reader.known_failures = [
        Failure(operation="op-1", number=number, job=f"{number}", reason="it has ended", at=MOMENT)
        for number in (3, 1, 2)
    ]

    first = (await gateway.client.get("/api/v1/operations/op-1/failures", params={"limit": 2})).json()
    rest = (
        await gateway.client.get("/api/v1/operations/op-1/failures", params={"after": first["after"]})
    ).json()

    assert ([one["job"] for one in first["failures"]], first["more"], first["refused"]) == (
        ["1", "2"],
        True,
        3,
    )
    assert ([one["job"] for one in rest["failures"]], rest["more"], rest["after"]) == (["3"], False, 3)


async def test_an_operation_nobody_knows_is_not_found(gateway: Gateway) -> None:
    for address in ("operations/x", "operations/x/failures"):
        answer = await gateway.client.get(f"/api/v1/{address}")
        assert (answer.status_code, answer.json()["type"]) == (
            404,
            "urn:taskmanager:problem:unknown-operation",
        )
    gateway.scheduler.outcome = "unknown"
    assert (await ask(gateway, "operations/x/stop")).status_code == 404


async def test_a_stop_reaches_the_scheduler(gateway: Gateway) -> None:
    known(gateway, state=OperationState.STOPPED)

    answer = await ask(gateway, "operations/op-1/stop", {"reason": "the wrong ones"})

    (command,) = gateway.scheduler.commands
    assert (command.order, command.reason) == (StopOperation(operation="op-1"), "the wrong ones")
    assert (answer.status_code, answer.json()["outcome"]) == (200, "done")
    assert answer.json()["operation"]["state"] == "stopped"


async def test_what_is_done_cannot_be_stopped(gateway: Gateway) -> None:
    gateway.scheduler.outcome, gateway.scheduler.detail = "refused", "the operation has already ended"

    answer = await ask(gateway, "operations/op-1/stop")

    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "Cannot stop it: the operation has already ended.",
    )


async def test_live_views_hear_of_a_page_and_not_of_each_of_its_jobs(gateway: Gateway) -> None:
    message = Changes(changes=(), plugins=("noop",), jobs=("1", "2"), operations=("op-1",))
    with (
        gateway.services.hub.listen(Interest(plugin="noop")) as listener,
        gateway.services.watchers.watch("2") as news,
    ):
        gateway.services.feed.take(message.encode())
        events = listener.events()
        heard = [await anext(events), await anext(events)]

    assert news.is_set()
    assert [event.type for event in heard] == ["plugin", "operation"]
    assert heard[1].data == '{"operation":"op-1"}'
