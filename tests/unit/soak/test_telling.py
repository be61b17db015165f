"""What Goobi was told is judged: the check passes where nothing is wrong, and each fault fails it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.soak.evidence import Heard, Rest
from tests.soak.telling import ON_ITS_WAY, delivered

NOW = datetime(2027, 1, 1, tzinfo=UTC)
LATER = NOW + ON_ITS_WAY + timedelta(seconds=1)


def job(status: str) -> dict[str, Any]:
    return {"_id": "j", "status": status, "spec": {"goobi": {"process_id": 7, "step_id": 71}}}


def report(seq: int, kind: str, state: str = "delivered") -> dict[str, Any]:
    return {"job": "j", "seq": seq, "kind": kind, "state": state, "withdrawn_at": NOW}


def told(*kinds: str, at: datetime = NOW) -> list[Heard]:
    return [Heard(kind, 7, at) for kind in kinds]


def violations(status: str, reports: Sequence[dict[str, Any]], heard: Sequence[Heard]) -> list[str]:
    return delivered(Rest({"j": job(status)}, reports=reports), heard).violations


DONE = [report(10, "entry"), report(11, "close_step")]
RETRIED = [
    report(10, "entry"),
    report(11, "error_step", "withdrawn"),
    report(20, "entry"),
    report(21, "close_step"),
]
FAILED = [report(10, "entry"), report(11, "error_step")]
FAILED_TWICE = [*FAILED, report(20, "entry"), report(21, "error_step")]


@pytest.mark.parametrize(
    ("status", "reports", "kinds"),
    [
        ("DONE", DONE, ["entry", "close_step"]),
        ("DONE", DONE, ["entry", "entry", "close_step", "close_step"]),
        ("DONE", list(reversed(DONE)), ["entry", "close_step"]),
        ("DONE", RETRIED, ["entry", "entry", "close_step"]),
        ("DONE", RETRIED, ["entry", "error_step", "entry", "close_step"]),
        ("DONE", RETRIED, ["entry", "close_step"]),
        ("ERROR", FAILED, ["entry", "error_step"]),
        ("ERROR", FAILED_TWICE, ["entry", "error_step", "entry", "error_step"]),
        ("ERROR", FAILED_TWICE, ["entry", "error_step"]),
        ("DONE", [*FAILED, *RETRIED[2:]], ["entry", "error_step", "close_step"]),
        ("CANCELLED", [report(10, "entry")], ["entry"]),
    ],
)
def test_what_is_right_passes(status: str, reports: list[dict[str, Any]], kinds: list[str]) -> None:
    assert not violations(status, reports, told(*kinds))


@pytest.mark.parametrize("state", ["pending", "given_up", "withdrawn"])
def test_a_report_that_was_not_delivered_is_found(state: str) -> None:
    undelivered = [report(10, "entry"), report(11, "close_step", state)]
    assert violations("DONE", undelivered, told("entry", "close_step"))


@pytest.mark.parametrize("kinds", [["entry"], ["close_step", "entry"], ["close_step"], []])
def test_a_delivery_that_did_not_happen_or_not_in_order_is_found(kinds: list[str]) -> None:
    assert violations("DONE", DONE, told(*kinds))


@pytest.mark.parametrize("kinds", [["entry"], ["entry", "entry"]])
def test_an_error_that_no_attempt_told_is_found(kinds: list[str]) -> None:
    assert violations("ERROR", FAILED_TWICE, told(*kinds))
    assert violations("DONE", [*FAILED, *RETRIED[2:]], told(*kinds, "close_step"))


def test_a_done_job_whose_step_ends_in_error_is_found() -> None:
    assert violations("DONE", RETRIED, told("entry", "entry", "close_step", "error_step"))


def test_a_cancelled_job_whose_step_was_closed_is_found() -> None:
    assert violations("CANCELLED", [report(10, "entry")], told("entry", "close_step"))


def test_an_error_that_comes_after_its_withdrawal_is_found() -> None:
    late = [*told("entry"), *told("error_step", "entry", "close_step", at=LATER)]
    assert violations("DONE", RETRIED, late)


def test_jobs_that_do_not_come_from_goobi_are_left_alone() -> None:
    other = {"_id": "k", "status": "DONE", "spec": {"goobi": None}}
    assert delivered(Rest({"k": other}), []).checked == 0
