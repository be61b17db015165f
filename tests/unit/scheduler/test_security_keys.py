"""Security keys: added and removed; a challenge is valid once, and counters only grow."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.scheduler.test_access_commands import HASH, LATER, Bench, bench
from tests.unit.scheduler.test_second_factors import SET

from taskmanager.messages import (
    AddSecurityKey,
    AddUser,
    ChangeUser,
    RemoveDevice,
    RemoveSecondFactor,
    RemoveSecurityKey,
    UseCode,
    UseSecurityKey,
)
from taskmanager.model.access import Role, SecondFactor
from taskmanager.model.security_keys import KEYS_LIMIT, counts_on
from taskmanager_scheduler.jobs.english import english

__all__ = ["bench"]

ONE, TWO = "1" * 64, "2" * 64
ENDS = LATER + timedelta(minutes=5)
ADD = AddSecurityKey(
    name="anna", key="key-1", label="blue key", public="cHVi", counter=7, challenge="a" * 64, ends=ENDS
)
USE = UseSecurityKey(name="anna", key="key-1", label="blue key", counter=8, challenge="b" * 64, ends=ENDS)
REMOVE = RemoveSecurityKey(name="anna", key="key-1", label="blue key")


async def factor(bench: Bench) -> SecondFactor:
    found = (await bench.user("anna")).second_factor
    assert found is not None
    return found


async def test_a_key_is_added_with_recovery_codes_if_it_is_the_first_second_factor(bench: Bench) -> None:
    assert (await bench.tell(ADD.model_copy(update={"recovery": (ONE, TWO)}))).outcome == "done"
    made = await factor(bench)
    (key,) = made.keys
    assert (key.id, key.name, key.counter, key.since, key.last_used) == ("key-1", "blue key", 7, LATER, None)
    assert (made.sealed, made.recovery, made.since) == (None, (ONE, TWO), LATER)
    assert english(bench.last.asked) == "add security key blue key"
    second = ADD.model_copy(update={"key": "key-2", "label": "other", "challenge": "c" * 64})
    assert (await bench.tell(second)).outcome == "done"
    assert [key.name for key in (await factor(bench)).keys] == ["blue key", "other"]
    assert (await factor(bench)).recovery == (ONE, TWO)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"name": "root"}, "this security key is already registered, for this user or for another one"),
        ({"label": "other"}, "this security key is already registered, for this user or for another one"),
        ({"key": "key-2"}, "a security key named blue key already exists: choose another name"),
        ({"key": "key-2", "recovery": (ONE,)}, "the second factor has changed in the meantime: start again"),
        (
            {"key": "key-2", "label": "other"},
            "the response of the security key has already been used, or is too old",
        ),
        (
            {"key": "key-2", "label": "other", "challenge": "c" * 64, "ends": LATER},
            "the response of the security key has already been used, or is too old",
        ),
    ],
)
async def test_a_key_belongs_to_one_user_and_a_name_to_one_key(
    bench: Bench, changed: dict[str, object], why: str
) -> None:
    await bench.tell(ADD)
    refused = await bench.tell(ADD.model_copy(update=changed))
    assert (refused.outcome, english(refused.told)) == ("refused", why)


async def test_nobody_has_keys_without_end_or_without_a_password(bench: Bench) -> None:
    for number in range(KEYS_LIMIT + 1):
        fields = {"key": f"key-{number}", "label": str(number), "challenge": f"{number:064x}"}
        answer = await bench.tell(ADD.model_copy(update=fields))
    assert english(answer.told) == "there are already 10 security keys: remove one first"
    await bench.tell(AddUser(name="olaf", role=Role.VIEWER))
    without = await bench.tell(ADD.model_copy(update={"name": "olaf"}))
    assert english(without.told) == "olaf does not log in with a password here"


async def test_a_signature_counts_once_and_its_counter_is_kept(bench: Bench) -> None:
    await bench.tell(ADD)
    bench.now = LATER + timedelta(minutes=1)
    outcome = await bench.feed(bench.command(USE), bench.command(USE.model_copy(update={"counter": 9})))
    assert [one.result.outcome for one in outcome.effects if hasattr(one, "result")] == ["done", "refused"]
    (key,) = (await factor(bench)).keys
    assert (key.counter, key.last_used) == (8, bench.now)
    assert outcome.access is not None
    assert not outcome.access.changes_access


async def test_a_challenge_is_remembered_until_it_ends_by_itself(bench: Bench) -> None:
    await bench.tell(ADD)
    await bench.tell(USE)
    assert set((await factor(bench)).challenges) == {ADD.challenge, USE.challenge}
    bench.now = ENDS
    late = await bench.tell(USE.model_copy(update={"counter": 20}))
    assert english(late.told) == "the response of the security key has already been used, or is too old"
    fresh = USE.model_copy(update={"counter": 20, "challenge": "d" * 64, "ends": ENDS + timedelta(minutes=5)})
    assert (await bench.tell(fresh)).outcome == "done"
    assert set((await factor(bench)).challenges) == {"d" * 64}


@pytest.mark.parametrize("shown", [7, 3, 0])
async def test_a_counter_that_does_not_grow_is_refused_and_in_the_audit(bench: Bench, shown: int) -> None:
    await bench.tell(ADD)
    refused = await bench.tell(USE.model_copy(update={"counter": shown}))
    assert refused.outcome == "refused"
    assert bench.last.why is not None
    assert english(bench.last.why) == (
        f"the security key had counted 7 signatures but now reports {shown}: it may have been copied"
    )
    assert (bench.last.subject, english(bench.last.asked)) == ("Anna", "use security key blue key")
    assert (await factor(bench)).keys[0].counter == 7


@given(before=st.integers(0, 2**32 - 1), shown=st.integers(0, 2**32 - 1))
def test_a_counter_only_grows_and_a_key_without_one_shows_nothing(before: int, shown: int) -> None:
    assert counts_on(before, shown) == (shown > before or before == shown == 0)


async def test_what_is_left_is_asked_for_and_nothing_else(bench: Bench) -> None:
    await bench.tell(SET)
    await bench.tell(ADD)
    assert (await bench.tell(SET)).outcome == "refused"
    assert (await bench.tell(RemoveDevice(name="anna"))).outcome == "done"
    assert (await bench.tell(RemoveDevice(name="anna"))).outcome == "unchanged"
    left = await factor(bench)
    assert (left.sealed, left.step, len(left.keys), left.recovery) == (None, 0, 1, SET.recovery)
    assert (await bench.tell(UseCode(name="anna", step=900))).outcome == "refused"
    assert (await bench.tell(UseCode(name="anna", recovery=ONE))).outcome == "done"
    again = await bench.tell(SET.model_copy(update={"recovery": ()}))
    assert (again.outcome, (await factor(bench)).recovery) == ("done", (TWO,))
    assert (await bench.tell(REMOVE)).outcome == "done"
    assert (await bench.tell(REMOVE)).outcome == "unchanged"
    assert (await factor(bench)).sealed is not None
    assert (await bench.tell(USE)).outcome == "refused"
    assert (await bench.tell(RemoveDevice(name="anna"))).outcome == "done"
    assert (await bench.user("anna")).second_factor is None


async def test_an_admins_removal_takes_the_keys_too(bench: Bench) -> None:
    await bench.tell(SET)
    await bench.tell(ADD)
    await bench.tell(RemoveSecondFactor(name="anna"))
    assert (await bench.user("anna")).second_factor is None
    refused = await bench.tell(USE)
    assert english(refused.told) == "there is no such security key"


async def test_a_signature_beside_a_change_ends_streams_as_the_change_does(bench: Bench) -> None:
    await bench.tell(AddUser(name="olga", role=Role.VIEWER, password_hash=HASH))
    await bench.tell(ADD)
    both = await bench.feed(bench.command(USE), bench.command(ChangeUser(name="anna", role=Role.VIEWER)))
    assert both.access is not None
    assert both.access.changes_access
    assert (await factor(bench)).keys[0].counter == 8
