"""Users and tokens change as their commands say; there stays a way in; no hash gets into the audit."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from taskmanager.messages import (
    AccessOrder,
    AddToken,
    AddUser,
    ChangeUser,
    Command,
    CommandResult,
    EndSession,
    EndSessions,
    Inbound,
    LogInSeen,
    LogInsSeen,
    RemoveUser,
    RevokeToken,
    SetPassword,
    TokensUsed,
)
from taskmanager.model.access import PasswordState, Right, Role, User
from taskmanager.model.reasons import Reason
from taskmanager.model.reasons.oidc_refusals import OidcRefusal
from taskmanager.model.registry import AuditEntry
from taskmanager.ports.store import Snapshot
from taskmanager_scheduler.commands.access_state import is_enabled_admin
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.decisions.group_state import decide
from taskmanager_scheduler.decisions.needs import needs_of
from taskmanager_scheduler.jobs.effects import AnswerGateway
from taskmanager_scheduler.jobs.english import english
from taskmanager_testing.store import MemoryStore

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
HASH, OTHER_HASH = "$argon2id$one", "$argon2id$other"


class Bench:
    """A store and a clock."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.now = NOW
        self.given = 0

    async def feed(self, *messages: Inbound) -> Decision:
        def decided(snapshot: Snapshot) -> Decision:
            return decide(messages, snapshot, self.now)

        return await self.store.apply(needs_of(messages), decided)

    async def tell(self, *orders: AccessOrder, actor: str = "root") -> CommandResult:
        outcome = await self.feed(*(self.command(order, actor) for order in orders))
        return [one.result for one in outcome.effects if isinstance(one, AnswerGateway)][-1]

    def command(self, order: AccessOrder, actor: str = "root") -> Command:
        self.given += 1
        return Command(
            id=f"c-{self.given}", gateway="g", actor=actor, reason="asked", at=self.now, order=order
        )

    async def user(self, name: str) -> User:
        found = await self.store.access.user(name)
        assert found is not None
        return found

    @property
    def last(self) -> AuditEntry:
        return list(self.store.audit.values())[-1]


@pytest.fixture
async def bench() -> Bench:
    made = Bench()
    await made.tell(AddUser(name="root", role=Role.ADMIN, password_hash=HASH))
    await made.tell(AddUser(name="Anna", role=Role.OPERATOR, password_hash=HASH, one_time=True))
    made.now = LATER
    return made


def token(**fields: object) -> AddToken:
    state = {"id": "t-1", "name": "goobi", "secret_hash": "a" * 64, "scopes": (Right.SUBMIT,), **fields}
    return AddToken.model_validate(state)


async def test_a_new_user_has_what_was_said(bench: Bench) -> None:
    anna = await bench.user("anna")
    assert (anna.name, anna.role, anna.plugins, anna.password) == (
        "Anna",
        Role.OPERATOR,
        None,
        PasswordState.ONE_TIME,
    )
    assert (anna.created.by, anna.created.at, anna.sessions_from, anna.rev) == ("root", NOW, NOW, 1)


async def test_a_name_is_given_once_whatever_its_case_and_again_when_it_is_free(bench: Bench) -> None:
    refused = await bench.tell(AddUser(name="ANNA", role=Role.VIEWER))
    assert (refused.outcome, "a user named Anna already exists" in english(refused.told)) == ("refused", True)
    again = await bench.tell(RemoveUser(name="anna"), AddUser(name="ANNA", role=Role.VIEWER))
    assert again.outcome == "done"
    assert (await bench.user("anna")).password is PasswordState.NONE


async def test_a_change_leaves_alone_what_it_does_not_speak_of(bench: Bench) -> None:
    await bench.tell(ChangeUser(name="anna", plugins=("jp2",)))
    await bench.tell(ChangeUser(name="anna", role=Role.VIEWER))
    anna = await bench.user("anna")
    assert (anna.role, anna.plugins, anna.one_time, anna.sessions_from) == (
        Role.VIEWER,
        ("jp2",),
        True,
        NOW,
    )
    await bench.tell(ChangeUser(name="anna", plugins="all"))
    assert (await bench.user("anna")).plugins is None
    assert english(bench.last.asked) == "change user, all plugins"


async def test_who_is_disabled_is_logged_out_and_who_is_enabled_again_is_not_logged_in(bench: Bench) -> None:
    await bench.tell(ChangeUser(name="anna", disabled=True))
    anna = await bench.user("anna")
    assert anna.disabled is not None
    assert (anna.disabled.by, anna.sessions_from) == ("root", LATER)
    assert (await bench.tell(ChangeUser(name="anna", disabled=True))).outcome == "unchanged"
    await bench.tell(ChangeUser(name="anna", disabled=False))
    anna = await bench.user("anna")
    assert (anna.disabled, anna.sessions_from) == (None, LATER)


async def test_a_new_password_ends_the_sessions_and_a_hash_made_anew_does_not(bench: Bench) -> None:
    await bench.tell(SetPassword(name="anna", password_hash=OTHER_HASH), actor="Anna")
    anna = await bench.user("anna")
    assert (anna.password_hash, anna.password, anna.sessions_from) == (OTHER_HASH, PasswordState.SET, LATER)
    bench.now += timedelta(hours=1)
    await bench.tell(SetPassword(name="anna", password_hash="$newer", rehash_of=OTHER_HASH))
    anna = await bench.user("anna")
    assert (anna.password_hash, anna.sessions_from) == ("$newer", LATER)


async def test_a_hash_made_anew_does_not_bring_an_old_password_back(bench: Bench) -> None:
    await bench.tell(SetPassword(name="anna", password_hash=OTHER_HASH))
    late = await bench.tell(SetPassword(name="anna", password_hash="$newer", rehash_of=HASH))
    assert late.outcome == "unchanged"
    assert (await bench.user("anna")).password_hash == OTHER_HASH


async def test_a_command_given_out_again_changes_nothing_and_gets_its_first_answer(bench: Bench) -> None:
    """Even if another command was obeyed in between: the broker repeats a whole group after a crash."""
    first = bench.command(SetPassword(name="anna", password_hash=OTHER_HASH))
    gone = bench.command(RemoveUser(name="Anna"))
    back = bench.command(AddUser(name="Anna", role=Role.VIEWER))
    await bench.feed(first)
    await bench.feed(gone, back)
    before, entries = (dict(bench.store.access.known_users), dict(bench.store.audit))
    bench.now += timedelta(hours=1)

    again = await bench.feed(first, gone, back, back)

    results = [one.result.outcome for one in again.effects if isinstance(one, AnswerGateway)]
    assert results == ["done"] * 4
    assert (bench.store.access.known_users, bench.store.audit) == (before, entries)


async def test_who_is_not_there_cannot_be_changed(bench: Bench) -> None:
    for order in (
        ChangeUser(name="nobody"),
        SetPassword(name="nobody", password_hash=HASH),
        EndSessions(name="nobody"),
        RemoveUser(name="nobody"),
        RevokeToken(token="t-9"),
    ):
        assert (await bench.tell(order)).outcome == "unknown"


@pytest.mark.parametrize(
    "order",
    [
        RemoveUser(name="ROOT"),
        ChangeUser(name="root", disabled=True),
        ChangeUser(name="root", role=Role.OPERATOR),
    ],
)
async def test_the_last_enabled_admin_stays(bench: Bench, order: AccessOrder) -> None:
    await bench.tell(AddUser(name="spare", role=Role.ADMIN), ChangeUser(name="spare", disabled=True))
    refused = await bench.tell(order)
    assert refused.outcome == "refused"
    assert english(refused.told) == "root is the last enabled admin: make somebody else an admin first"
    await bench.tell(ChangeUser(name="spare", disabled=False))
    assert (await bench.tell(order)).outcome == "done"


NAMES = st.sampled_from(["root", "Root", "anna", "bert"])
ORDERS = st.one_of(
    st.builds(AddUser, name=NAMES, role=st.sampled_from(Role), password_hash=st.just(HASH)),
    st.builds(
        ChangeUser,
        name=NAMES,
        role=st.none() | st.sampled_from(Role),
        disabled=st.none() | st.booleans(),
    ),
    st.builds(RemoveUser, name=NAMES),
    st.builds(EndSessions, name=NAMES),
    st.builds(SetPassword, name=NAMES, password_hash=st.sampled_from([HASH, OTHER_HASH])),
)


@given(st.lists(st.lists(ORDERS, min_size=1, max_size=4), max_size=12))
async def test_once_there_was_an_enabled_admin_there_always_is_one(groups: list[list[AccessOrder]]) -> None:
    bench, was = Bench(), False
    for orders in groups:
        await bench.tell(*orders)
        users = bench.store.access.known_users.values()
        there = any(is_enabled_admin(user) for user in users)
        assert there or not was
        was = there
        assert len({user.name.casefold() for user in users}) == len(users)


async def test_a_token_is_stored_listed_and_revoked(bench: Bench) -> None:
    assert (await bench.tell(token(plugins=("jp2",), expires=LATER + timedelta(days=1)))).outcome == "done"
    [stored] = await bench.store.access.tokens()
    assert (stored.name, stored.scopes, stored.plugins, stored.created.at) == (
        "goobi",
        (Right.SUBMIT,),
        ("jp2",),
        LATER,
    )
    assert (await bench.tell(RevokeToken(token="t-1"))).outcome == "done"
    assert (await bench.tell(RevokeToken(token="t-1"))).outcome == "unchanged"
    [stored] = await bench.store.access.tokens()
    assert stored.revoked is not None
    assert not stored.usable(LATER)


async def test_a_token_that_cannot_be_is_refused_with_what_to_do(bench: Bench) -> None:
    await bench.tell(token())
    for order, advice in (
        (token(secret_hash="b" * 64), "make another one"),
        (token(id="t-2"), "make another one"),
        (token(id="t-2", secret_hash="b" * 64), "revoke it, or choose another name"),
        (token(id="t-2", secret_hash="b" * 64, name="x", expires=LATER), "choose a later time"),
    ):
        refused = await bench.tell(order)
        assert (refused.outcome, advice in english(refused.told)) == ("refused", True)
    await bench.tell(RevokeToken(token="t-1"))
    assert (await bench.tell(token(id="t-2", secret_hash="b" * 64))).outcome == "done"


async def test_the_last_use_of_tokens_is_kept_to_the_minute_and_nobody_is_told(bench: Bench) -> None:
    await bench.tell(token())
    moment = LATER - timedelta(minutes=3, seconds=5)
    outcome = await bench.feed(
        TokensUsed(uses={"t-1": moment}), TokensUsed(uses={"t-1": moment - timedelta(hours=1)})
    )
    [stored] = await bench.store.access.tokens()
    assert stored.last_used == LATER - timedelta(minutes=4)
    assert outcome.access is not None
    assert not outcome.access.changes_access
    assert len(bench.store.audit) == 3


async def test_the_audit_has_log_ins_and_refusals_once_each(bench: Bench) -> None:
    ahead = LATER + timedelta(days=9)
    seen = LogInSeen(
        id="l-1", at=ahead, user="anna", address="192.0.2.7", way="password", outcome="refused", times=3
    )
    stranger = LogInSeen(id="l-2", at=NOW, address="192.0.2.7", way="password", outcome="too_many")
    for _ in range(2):
        await bench.feed(LogInsSeen(seen=(seen, stranger)))

    one, other = (bench.store.audit[key] for key in ("l-1", "l-2"))
    assert (one.actor, one.subject, one.outcome) == ("anna", "anna", "refused")
    assert one.at == LATER
    assert one.told is not None
    assert english(one.told) == (
        "password, from 192.0.2.7, 3 times: the password is wrong, or the user is disabled or has none"
    )
    assert (other.actor, other.subject, other.outcome) == ("anonymous", None, "refused")


async def test_the_audit_says_why_a_log_in_by_openid_connect_was_refused(bench: Bench) -> None:
    told = (*OidcRefusal, "of_a_newer_gateway", None)
    seen = (
        LogInSeen(id=f"l-{number}", at=NOW, way="oidc", outcome="refused", refusal=refusal)
        for number, refusal in enumerate(told)
    )
    await bench.feed(LogInsSeen(seen=tuple(seen)))
    codes = []
    for number in range(len(told)):
        seen_as = bench.store.audit[f"l-{number}"].why
        assert seen_as is not None
        why = seen_as.parameters["why"]
        assert isinstance(why, Reason)
        codes.append(why.code)
    assert codes == [*(f"oidc.{refusal}" for refusal in OidcRefusal), *["log_in.not_let_in"] * 2]


def test_a_refusal_is_a_code_and_no_text_of_somebody_else() -> None:
    with pytest.raises(ValidationError):
        LogInSeen(id="l", at=NOW, way="oidc", outcome="refused", refusal="<b>I was let in</b>")


async def test_a_clock_that_is_ahead_makes_no_use_in_the_future(bench: Bench) -> None:
    await bench.tell(token())
    await bench.feed(TokensUsed(uses={"t-1": LATER + timedelta(days=9), "t-gone": LATER}))
    [stored] = await bench.store.access.tokens()
    assert stored.last_used == LATER


async def test_a_log_out_is_remembered_as_long_as_the_session_would_have_lasted(bench: Bench) -> None:
    order = EndSession(user="anna", session="s-1", expires=LATER + timedelta(hours=3))
    assert (await bench.tell(order, actor="Anna")).outcome == "done"
    assert bench.store.access.ended == {"s-1": LATER + timedelta(hours=3)}
    assert (await bench.tell(EndSession(user="anna", session="s-0", expires=NOW))).outcome == "unchanged"
    assert "s-0" not in bench.store.access.ended


async def test_gateways_are_told_that_access_changed_and_only_then(bench: Bench) -> None:
    changed = await bench.feed(bench.command(EndSessions(name="anna")))
    refused = await bench.feed(bench.command(RemoveUser(name="root")))
    assert changed.access is not None
    assert changed.access.changes_access
    assert refused.access is None


@pytest.mark.parametrize(
    ("order", "subject", "action"),
    [
        (AddUser(name="Bert", role=Role.VIEWER, password_hash=HASH), "Bert", "add user, viewer, all plugins"),
        (
            AddUser(name="Bert", role=Role.VIEWER, plugins=()),
            "Bert",
            "add user, viewer, no plugin",
        ),
        (
            ChangeUser(name="ANNA", role=Role.ADMIN, plugins=("a", "b"), disabled=True),
            "Anna",
            "change user, admin, plugins a b, disable",
        ),
        (SetPassword(name="anna", password_hash=HASH), "Anna", "set password"),
        (SetPassword(name="anna", password_hash=HASH, one_time=True), "Anna", "set one-time password"),
        (SetPassword(name="anna", password_hash=HASH, rehash_of=HASH), "Anna", "rehash password"),
        (EndSessions(name="anna"), "Anna", "end sessions"),
        (RemoveUser(name="anna"), "Anna", "remove user"),
        (RemoveUser(name="nobody"), "nobody", "remove user"),
        (
            token(id="t-2", name="scripts", expires=LATER + timedelta(days=1)),
            "token:scripts",
            "add token, submit, all plugins, until 2026-11-25T12:00:00+00:00",
        ),
        (RevokeToken(token="t-1"), "token:goobi", "revoke token"),
        (RevokeToken(token="t-9"), "token:t-9", "revoke token"),
        (EndSession(user="anna", session="s", expires=LATER), "Anna", "end session"),
    ],
)
async def test_the_audit_names_who_or_what_it_is_about_and_never_a_hash(
    bench: Bench, order: AccessOrder, subject: str, action: str
) -> None:
    await bench.tell(token(secret_hash="c" * 64))
    await bench.tell(order, actor="anna")
    entry = bench.last
    assert (entry.subject, english(entry.asked), entry.actor, entry.reason) == (
        subject,
        action,
        "anna",
        "asked",
    )
    text = entry.model_dump_json()
    assert HASH not in text
    assert "a" * 64 not in text
