"""A scheduler dies after its commit: what the next one is handed again changes no user and no session."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from taskmanager.messages import (
    AccessOrder,
    AddToken,
    AddUser,
    Command,
    Inbound,
    RemoveUser,
    RevokeToken,
    SetPassword,
)
from taskmanager.model.access import Right, Role
from taskmanager.model.queries import AuditQuery
from taskmanager.mongo import MongoReader, MongoStore
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.decisions.group_state import decide
from taskmanager_scheduler.decisions.needs import needs_of
from taskmanager_scheduler.jobs.effects import AnswerGateway

NOW = datetime(2027, 1, 1, tzinfo=UTC)
SECRET = "a" * 64


@pytest.fixture
async def first(mongodb_url: str) -> AsyncIterator[MongoStore]:
    made = MongoStore(mongodb_url)
    yield made
    await made.close()


@pytest.fixture
async def second(mongodb_url: str) -> AsyncIterator[MongoStore]:
    made = MongoStore(mongodb_url)
    yield made
    await made.close()


@pytest.fixture
async def reader(mongodb_url: str) -> AsyncIterator[MongoReader]:
    made = MongoReader(mongodb_url)
    yield made
    await made.close()


def command(name: str, order: AccessOrder) -> Command:
    return Command(id=name, gateway="g", actor="anna", at=NOW, order=order)


async def fed(store: MongoStore, moment: datetime, *messages: Inbound) -> Decision:
    return await store.apply(needs_of(messages), lambda snapshot: decide(messages, snapshot, moment))


async def test_a_password_handed_out_again_after_a_newer_one_is_not_set_again(
    first: MongoStore, second: MongoStore, reader: MongoReader
) -> None:
    add = command("c-1", AddUser(name="Anna", role=Role.ADMIN, password_hash="$one", one_time=True))
    own = command("c-2", SetPassword(name="anna", password_hash="$two"))
    newer = command("c-3", SetPassword(name="anna", password_hash="$three"))
    await fed(first, NOW, add, own)
    await fed(first, NOW, newer)
    before = await reader.user("anna")

    again = await fed(second, NOW + timedelta(hours=1), own)

    answers = [one.result.outcome for one in again.effects if isinstance(one, AnswerGateway)]
    assert answers == ["done"]
    assert before is not None
    assert (await reader.user("anna"), before.password_hash) == (before, "$three")
    assert len((await reader.audit(AuditQuery(subject="Anna"))).entries) == 3


async def test_a_removed_user_and_a_revoked_token_do_not_come_back(
    first: MongoStore, second: MongoStore, reader: MongoReader
) -> None:
    root = command("c-0", AddUser(name="root", role=Role.ADMIN))
    add = command("c-1", AddUser(name="Anna", role=Role.VIEWER))
    token = command("c-2", AddToken(id="t-1", name="goobi", secret_hash=SECRET, scopes=(Right.SUBMIT,)))
    gone = [command("c-3", RemoveUser(name="Anna")), command("c-4", RevokeToken(token="t-1"))]
    await fed(first, NOW, root, add, token, *gone)

    await fed(second, NOW + timedelta(hours=1), add, token)

    assert await reader.user("anna") is None
    stored = await reader.token_by_hash(SECRET)
    assert stored is not None
    assert not stored.usable(NOW)


async def test_the_same_secret_twice_is_refused_and_stops_nobody(
    first: MongoStore, second: MongoStore, reader: MongoReader
) -> None:
    """The unique index must not be what finds it: a write that it refuses would be repeated for ever."""
    token = command("c-1", AddToken(id="t-1", name="goobi", secret_hash=SECRET, scopes=(Right.SUBMIT,)))
    other = command("c-2", AddToken(id="t-2", name="other", secret_hash=SECRET, scopes=(Right.SUBMIT,)))
    await fed(first, NOW, token)
    await fed(second, NOW, other)

    assert [one.id for one in await reader.tokens()] == ["t-1"]
