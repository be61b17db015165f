"""A second factor is set up once and removed; a code counts once; and which sessions were used is kept."""

from datetime import timedelta

import pytest
from tests.unit.scheduler.test_access_commands import HASH, LATER, NOW, Bench, bench

from taskmanager.messages import (
    AddUser,
    ChangeUser,
    EndSession,
    RemoveSecondFactor,
    SessionsUsed,
    SessionUse,
    SetSecondFactor,
    UseCode,
)
from taskmanager.model.access import Role
from taskmanager_scheduler.cli.first_admin import Rescue
from taskmanager_scheduler.jobs.english import english

__all__ = ["bench"]

ONE, TWO = "1" * 64, "2" * 64
SET = SetSecondFactor(name="anna", sealed="c2VhbGVk", step=100, recovery=(ONE, TWO))


async def test_a_second_factor_is_set_up_once_and_only_where_there_is_a_password(bench: Bench) -> None:
    assert (await bench.tell(SET)).outcome == "done"
    factor = (await bench.user("anna")).second_factor
    assert factor is not None
    assert (factor.sealed, factor.since, factor.step) == ("c2VhbGVk", LATER, 100)
    again = await bench.tell(SET)
    assert english(again.told) == "a device for codes is already set up: remove it first"
    await bench.tell(AddUser(name="olaf", role=Role.VIEWER))
    without = await bench.tell(SET.model_copy(update={"name": "olaf"}))
    assert english(without.told) == "olaf does not log in with a password here"
    assert (await bench.user("olaf")).second_factor is None


async def test_a_code_counts_once_and_so_does_every_older_one(bench: Bench) -> None:
    await bench.tell(SET)
    outcomes = [(await bench.tell(UseCode(name="anna", step=step))).outcome for step in (100, 102, 102, 101)]
    assert outcomes == ["refused", "done", "refused", "refused"]
    assert (await bench.tell(UseCode(name="anna", step=103))).outcome == "done"


async def test_a_recovery_code_counts_once(bench: Bench) -> None:
    await bench.tell(SET)
    outcomes = [(await bench.tell(UseCode(name="anna", recovery=one))).outcome for one in (ONE, ONE, TWO)]
    assert outcomes == ["done", "refused", "done"]
    factor = (await bench.user("anna")).second_factor
    assert factor is not None
    assert (factor.recovery, factor.step) == ((), 100)
    assert english(bench.last.asked) == "use recovery code"


async def test_of_two_gateways_that_are_shown_one_code_at_the_same_moment_one_lets_in(bench: Bench) -> None:
    await bench.tell(SET)
    use = UseCode(name="anna", step=101)
    outcome = await bench.feed(bench.command(use), bench.command(use))
    assert [one.result.outcome for one in outcome.effects if hasattr(one, "result")] == ["done", "refused"]


async def test_a_used_code_ends_nobodys_streams_but_a_change_does(bench: Bench) -> None:
    await bench.tell(SET)
    used = await bench.feed(bench.command(UseCode(name="anna", step=101)))
    both = await bench.feed(
        bench.command(ChangeUser(name="anna", role=Role.VIEWER)),
        bench.command(UseCode(name="anna", step=102)),
    )
    assert used.access is not None
    assert both.access is not None
    assert (used.access.changes_access, both.access.changes_access) == (False, True)
    anna = await bench.user("anna")
    assert anna.second_factor is not None
    assert (anna.role, anna.second_factor.step) == (Role.VIEWER, 102)


async def test_after_the_removal_codes_count_for_nothing(bench: Bench) -> None:
    await bench.tell(SET)
    assert (await bench.tell(RemoveSecondFactor(name="anna"))).outcome == "done"
    assert (await bench.tell(RemoveSecondFactor(name="anna"))).outcome == "unchanged"
    refused = await bench.tell(UseCode(name="anna", step=101))
    assert english(refused.told) == "there is no second factor"
    assert (bench.last.subject, "sealed" in bench.last.model_dump_json()) == ("Anna", False)


async def test_whoever_has_the_databases_credentials_gets_in_without_the_device(bench: Bench) -> None:
    await bench.tell(SET)
    rescue = Rescue("r-1", "taskmanager-users", "lost", LATER, HASH)
    await bench.store.apply(rescue.needs, rescue.reset("anna"))
    anna = await bench.user("anna")
    assert (anna.second_factor, anna.one_time) == (None, True)


def use(minutes: int, address: str, **fields: object) -> SessionUse:
    at = LATER - timedelta(minutes=minutes)
    made = {
        "session": "s-1",
        "user": "Anna",
        "begun": NOW,
        "at": at,
        "ends": at + timedelta(hours=2),
        **fields,
    }
    return SessionUse.model_validate({**made, "address": address, "browser": "curl"})


async def test_the_last_use_of_a_session_is_kept_without_audit_or_notice(bench: Bench) -> None:
    written = len(bench.store.audit)
    outcome = await bench.feed(SessionsUsed(uses=(use(3, "192.0.2.1"), use(9, "192.0.2.1"))))
    [stored] = await bench.store.access.sessions("anna")
    assert (stored.id, stored.last_used, stored.begun) == ("s-1", LATER - timedelta(minutes=3), NOW)
    assert outcome.access is not None
    assert (outcome.access.changes_access, len(bench.store.audit)) == (False, written)

    await bench.tell(EndSession(user="anna", session="s-1", expires=LATER + timedelta(hours=1)))
    await bench.feed(SessionsUsed(uses=(use(0, "192.0.2.1"),)))
    assert await bench.store.access.sessions("anna") == []


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(days=9)])
async def test_no_gateways_clock_makes_a_use_later_than_now(bench: Bench, ahead: timedelta) -> None:
    await bench.feed(SessionsUsed(uses=(use(0, "192.0.2.1", at=LATER + ahead),)))
    [stored] = await bench.store.access.sessions("anna")
    assert stored.last_used == LATER
