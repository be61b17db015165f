"""One suite over what is kept of dead letters in memory and in MongoDB."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from taskmanager.model.control import LetterAction, Settlement
from taskmanager.model.registry import DeadLetter
from taskmanager.mongo import MongoDeadLetters, MongoReader, MongoStore
from taskmanager.ports.dead_letter_store import DeadLetterStore
from taskmanager.ports.readers import JobReader
from taskmanager.ports.store import Needs, Plan, Store
from taskmanager_testing.reader import FakeReader
from taskmanager_testing.store import MemoryStore

NOW = datetime(2027, 1, 1, tzinfo=UTC)
DROP = Settlement(by="anna", at=NOW, reason="old", action=LetterAction.DROP)


def letter(name: str, **fields: object) -> DeadLetter:
    usual = {
        "queue": "tm.scheduler",
        "cause": "rejected",
        "key": "k",
        "bytes": 1,
        "sha256": "0",
        "text": "\0é",
    }
    return DeadLetter.model_validate({"id": name, **usual, **fields})


@dataclass
class Both:
    """What the scheduler keeps and orders, and the gateway's view of it."""

    store: Store
    kept: DeadLetterStore
    reader: JobReader

    async def order(self, name: str, wanted: Settlement = DROP) -> None:
        await self.store.apply(Needs(), lambda _: Plan(settlements=[(name, wanted)]))


@pytest.fixture
async def both(store_url: str | None) -> AsyncIterator[Both]:
    if store_url is None:
        memory, fake = MemoryStore(), FakeReader()
        fake.letters = memory.letters
        yield Both(memory, memory.letters, fake)
        return
    store, reader = MongoStore(store_url), MongoReader(store_url)
    yield Both(store, MongoDeadLetters(store.database), reader)
    await store.close()
    await reader.close()


async def test_letters_come_back_as_they_were_the_oldest_first(both: Both) -> None:
    old, new = letter("b", died=NOW, user="u"), letter("a", died=NOW + timedelta(seconds=1), kind="tick")
    await both.kept.keep([new, old])
    assert await both.reader.dead_letters() == [old, new]
    assert await both.reader.dead_letter("b") == old
    assert await both.reader.dead_letter("c") is None


async def test_what_is_no_longer_there_is_no_longer_known(both: Both) -> None:
    await both.kept.keep([letter("a"), letter("b")])
    await both.kept.keep([letter("b", copies=2)])
    assert await both.reader.dead_letters() == [letter("b", copies=2)]
    assert await both.reader.dead_letter_count() == 2
    await both.kept.keep([])
    assert await both.reader.dead_letters() == []
    assert await both.reader.dead_letter_count() == 0


async def test_an_order_stays_until_the_letter_is_gone_or_it_is_not_possible(both: Both) -> None:
    await both.kept.keep([letter("a"), letter("b")])
    for name in ("a", "b", "unknown"):
        await both.order(name)
    assert await both.kept.ordered() == {"a": DROP, "b": DROP}
    await both.kept.keep([letter("a", copies=3), letter("b")], not_possible=["b"])
    assert await both.kept.ordered() == {"a": DROP}
    assert await both.reader.dead_letter("a") == letter("a", copies=3, settlement=DROP)
    await both.kept.keep([])
    assert await both.kept.ordered() == {}
