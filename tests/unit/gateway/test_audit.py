"""The audit over HTTP."""

from datetime import timedelta

import pytest

from taskmanager.model.control import JobAction
from taskmanager.model.reasons import actions_taken, refusals
from taskmanager.model.registry import AuditEntry

from .conftest import MOMENT, Gateway


def write(gateway: Gateway, count: int) -> None:
    gateway.reader.audited += [
        AuditEntry(
            id=f"command-{number}",
            at=MOMENT + timedelta(seconds=number),
            actor="anna",
            reason="wrong scan",
            what=actions_taken.JOBS[JobAction.CANCEL](),
            job=f"job-{number}",
            plugin="noop" if number % 2 else "jp2",
            outcome="refused",
            why=refusals.NOTHING_TO_CANCEL(status="DONE"),
        )
        for number in range(count)
    ]


async def test_the_audit_is_paged_newest_first(gateway: Gateway) -> None:
    write(gateway, 5)
    address: str | None = "/api/v1/audit?limit=2"
    found: list[list[str]] = []
    while address:
        page = (await gateway.client.get(address)).json()
        found.append([entry["id"][-1] for entry in page["entries"]])
        address = page["links"].get("next")

    assert found == [["4", "3"], ["2", "1"], ["0"]]
    assert page["next_cursor"] is None


async def test_the_audit_of_a_job_or_a_plugin_says_who_when_and_why(gateway: Gateway) -> None:
    write(gateway, 4)

    of_plugin = (await gateway.client.get("/api/v1/audit?plugin=noop")).json()["entries"]
    (entry,) = (await gateway.client.get("/api/v1/audit?job=job-2")).json()["entries"]

    assert [one["id"] for one in of_plugin] == ["command-3", "command-1"]
    assert entry == {
        "id": "command-2",
        "at": "2026-11-23T12:00:02Z",
        "actor": "anna",
        "reason": "wrong scan",
        "action": "cancel",
        "what": {"code": "deed.cancel", "parameters": {}},
        "job": "job-2",
        "plugin": "jp2",
        "runner": None,
        "subject": None,
        "outcome": "refused",
        "code": "refusal.nothing_to_cancel",
        "parameters": {"status": "DONE"},
        "detail": "the job has ended (DONE): there is nothing to cancel",
    }


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("cursor=x", "invalid-cursor"),
        ("limit=0", "invalid-request"),
        ("limit=201", "invalid-request"),
        ("plugin=UPPER", "invalid-request"),
        ("job=%00", "invalid-request"),
        ("actor=anna", "invalid-request"),
    ],
)
async def test_a_wrong_question_is_refused(gateway: Gateway, query: str, problem: str) -> None:
    answer = await gateway.client.get(f"/api/v1/audit?{query}")

    assert answer.status_code == 422
    assert answer.json()["type"] == f"urn:taskmanager:problem:{problem}"


async def test_without_the_database_there_is_no_audit(gateway: Gateway) -> None:
    gateway.reader.available = False

    assert (await gateway.client.get("/api/v1/audit")).status_code == 503
