"""One suite over access in memory and in MongoDB: what the scheduler's rules and the gateway rely on."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.access import KnownSession, Right, Role, SecondFactor, Token, User, user_key
from taskmanager.model.jobs import Attribution
from taskmanager.model.registry import AuditEntry
from taskmanager.mongo import MongoReader, MongoStore
from taskmanager.ports.access_store import AccessPlan, AccessState
from taskmanager.ports.readers import AccessReader
from taskmanager.ports.store import Needs, Plan, Snapshot, Store
from taskmanager_testing.store import MemoryStore

NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
NOTE = Attribution(by="anna", at=NOW, reason="new here")
LATER = datetime(2126, 1, 1, tzinfo=UTC)
"""Long after any run of this test: what has ended is removed by the database itself."""


@dataclass
class Both:
    """What writes access, and what reads it."""

    store: Store
    reader: AccessReader

    async def write(self, plan: AccessPlan) -> None:
        await self.store.apply(Needs(), lambda _: Plan(access=plan))

    async def state(self, *commands: str) -> AccessState:
        seen: list[Snapshot] = []

        def look(snapshot: Snapshot) -> Plan:
            seen.append(snapshot)
            return Plan()

        await self.store.apply(Needs(access=frozenset(commands or ("c",))), look)
        return seen[-1].access


@pytest.fixture
async def both(store_url: str | None) -> AsyncIterator[Both]:
    if store_url is None:
        memory = MemoryStore()
        yield Both(memory, memory.access)
        return
    store, reader = MongoStore(store_url), MongoReader(store_url)
    yield Both(store, reader)
    await store.close()
    await reader.close()


def user(name: str = "Anna", **fields: object) -> User:
    state = {"role": Role.OPERATOR, "sessions_from": NOW, "created": NOTE, "rev": 1, **fields}
    return User.model_validate({"name": name, **state})


def token(number: int = 1, **fields: object) -> Token:
    state = {"scopes": (Right.READ, Right.SUBMIT), "created": NOTE, **fields}
    return Token.model_validate(
        {"id": f"token-{number}", "name": f"goobi {number}", "secret_hash": f"{number:064x}", **state}
    )


async def test_a_user_comes_back_as_stored_however_the_name_is_spelled(both: Both) -> None:
    anna = user(plugins=("jp2",), password_hash="$argon2id$...", one_time=True, disabled=NOTE)
    await both.write(AccessPlan(users=[anna]))

    assert await both.reader.user("Anna") == await both.reader.user("aNNA") == anna
    assert await both.reader.user("Bert") is None


async def test_users_are_listed_by_name_and_removed_by_key(both: Both) -> None:
    await both.write(AccessPlan(users=[user("Carl"), user("anna"), user("Bert")]))
    await both.write(AccessPlan(rev=1, removed_users=[user_key("BERT")]))

    assert [one.name for one in await both.reader.users()] == ["anna", "Carl"]
    assert (await both.state()).users.keys() == {"anna", "carl"}


async def test_a_changed_user_replaces_the_one_before(both: Both) -> None:
    await both.write(AccessPlan(users=[user(disabled=NOTE, plugins=("jp2",))]))
    await both.write(AccessPlan(rev=1, users=[user(rev=2)]))

    assert await both.reader.user("anna") == user(rev=2)


async def test_a_token_is_found_by_the_hash_of_its_secret(both: Both) -> None:
    one = token(plugins=(), expires=LATER, revoked=NOTE)
    await both.write(AccessPlan(tokens=[one]))

    assert await both.reader.token_by_hash(one.secret_hash) == one
    assert await both.reader.token_by_hash("0" * 64) is None


async def test_tokens_are_listed_the_newest_first(both: Both) -> None:
    later = Attribution(by="anna", at=NOW + timedelta(seconds=1))
    await both.write(AccessPlan(tokens=[token(1), token(2, created=later), token(3)]))

    assert [one.id for one in await both.reader.tokens()] == ["token-2", "token-3", "token-1"]


async def test_the_last_use_of_a_token_never_goes_back_and_survives_its_revocation(both: Both) -> None:
    await both.write(AccessPlan(tokens=[token()]))
    uses = {"token-1": NOW, "token-gone": NOW}
    await both.write(AccessPlan(token_uses=uses))
    await both.write(AccessPlan(token_uses={"token-1": NOW - timedelta(hours=1)}))
    loaded = (await both.state()).tokens["token-1"]
    await both.write(AccessPlan(token_uses={"token-1": NOW + timedelta(hours=1)}))
    await both.write(AccessPlan(rev=1, tokens=[loaded.model_copy(update={"revoked": NOTE})]))

    assert loaded.last_used == NOW
    assert await both.reader.tokens() == [token(last_used=NOW + timedelta(hours=1), revoked=NOTE)]


async def test_an_ended_session_is_known_as_such(both: Both) -> None:
    await both.write(AccessPlan(ended_sessions={"session-1": LATER}))
    await both.write(AccessPlan(ended_sessions={"session-1": LATER}))

    assert await both.reader.session_ended("session-1")
    assert not await both.reader.session_ended("session-2")


def session(number: int = 1, **fields: object) -> KnownSession:
    state = {"user": "anna", "begun": NOW, "last_used": NOW, "ends": LATER, "address": "192.0.2.7"}
    return KnownSession.model_validate({"id": f"session-{number}", "browser": "curl", **state, **fields})


async def test_sessions_are_listed_the_last_used_first_without_those_that_ended(both: Both) -> None:
    later = NOW + timedelta(hours=1)
    await both.write(AccessPlan(session_uses=[session(1), session(2, last_used=later), session(3)]))
    await both.write(AccessPlan(session_uses=[session(4, user="bert")]))
    await both.write(AccessPlan(ended_sessions={"session-3": LATER}))

    assert await both.reader.sessions("ANNA") == [session(2, last_used=later), session(1)]


async def test_the_use_of_a_session_never_goes_back(both: Both) -> None:
    newer = session(last_used=NOW + timedelta(hours=1), ends=LATER + timedelta(hours=1))
    await both.write(AccessPlan(session_uses=[newer]))
    await both.write(AccessPlan(session_uses=[session(begun=NOW + timedelta(days=1), address="192.0.2.8")]))

    assert await both.reader.sessions("anna") == [newer.model_copy(update={"address": "192.0.2.8"})]


async def test_a_used_code_is_stored_under_the_guard_and_changes_nobodys_rights(both: Both) -> None:
    factor = SecondFactor(sealed="c2VhbGVk", since=NOW, step=1, recovery=("ab" * 32,))
    await both.write(AccessPlan(users=[user(second_factor=factor)]))
    used = user(rev=2, second_factor=factor.model_copy(update={"step": 2, "recovery": ()}))
    plan = AccessPlan(rev=1, used_codes=[used])
    await both.write(plan)

    assert await both.reader.user("anna") == used
    assert (plan.guarded, plan.changes_access) == (True, False)
    assert (await both.state()).rev == 2


async def test_second_factors_are_encrypted_with_a_key_of_their_own(both: Both) -> None:
    key = await both.reader.second_factor_key()

    assert key is not None
    assert len(key) == 32
    assert key != await both.reader.session_key()


async def test_sessions_are_signed_with_a_key_of_256_bits(both: Both) -> None:
    key = await both.reader.session_key()

    assert key is not None
    assert len(key) == 32


async def test_what_is_decided_on_is_all_users_and_tokens_and_the_commands_heard_before(both: Both) -> None:
    entry = AuditEntry(id="c-1", at=NOW, actor="a", reason="", action="add", subject="Anna", outcome="done")
    plan = Plan(access=AccessPlan(users=[user()], tokens=[token()]), audit=[entry])
    await both.store.apply(Needs(), lambda _: plan)

    assert await both.state("c-1", "c-2") == AccessState(
        rev=1, users={"anna": user()}, tokens={"token-1": token()}, heard={"c-1": entry}
    )


async def test_two_that_decide_on_the_same_state_are_not_both_written(both: Both) -> None:
    """The slower command is decided again or refused; a rule about all users holds for both together."""
    await both.write(AccessPlan(users=[user("anna"), user("bert")]))
    first = await both.state()
    await both.write(AccessPlan(rev=first.rev, removed_users=["anna"]))
    plans = iter([first.rev, first.rev + 1])

    def slow(_: Snapshot) -> Plan:
        return Plan(access=AccessPlan(rev=next(plans), removed_users=["bert"]))

    if isinstance(both.store, MongoStore):
        await both.store.apply(Needs(access=frozenset({"c"})), slow)
        assert next(plans, None) is None
        return
    with pytest.raises(StoreUnavailableError):
        await both.store.apply(Needs(access=frozenset({"c"})), slow)
    assert list((await both.state()).users) == ["bert"]
