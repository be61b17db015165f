"""Stored documents that no version of this project writes: what readers and the scheduler make of them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from tests.contract.test_job_reader import NOW, job, stored_file
from tests.unit.goobi.reports import report

from taskmanager.errors import UnreadableDocumentError
from taskmanager.model.queries import FileQuery
from taskmanager.model.reports import ReportState
from taskmanager.mongo import MongoReader, MongoReports, MongoStore
from taskmanager.ports.report_store import Among
from taskmanager.ports.store import Needs, Plan, Snapshot

ID = "0197a0aa-0000-7000-8000-000000000001"


@dataclass
class Both:
    """Who writes and who reads one database."""

    store: MongoStore
    reader: MongoReader

    async def insert(self, collection: str, **fields: Any) -> None:
        await self.store.database[collection].insert_one(fields)

    async def seen(self, **needs: Any) -> Snapshot:
        """What a decision would see."""
        seen: list[Snapshot] = []

        def look(snapshot: Snapshot) -> Plan:
            seen.append(snapshot)
            return Plan()

        await self.store.apply(Needs(**needs), look)
        return seen[0]


@pytest.fixture
async def both(mongodb_url: str) -> AsyncIterator[Both]:
    store, reader = MongoStore(mongodb_url), MongoReader(mongodb_url)
    yield Both(store, reader)
    await reader.close()
    await store.close()


async def test_asked_for_by_its_id_it_is_an_error_of_its_own(both: Both) -> None:
    for collection in ("jobs", "operations", "reports"):
        await both.insert(collection, _id=ID, tab="queue", spec={"unique": "one"})

    for read in (both.reader.job, both.reader.operation, both.reader.report):
        with pytest.raises(UnreadableDocumentError, match=ID):
            await read(ID)
    with pytest.raises(UnreadableDocumentError):
        await both.reader.active_by_unique("one")
    assert await both.reader.jobs_by_id([ID]) == {}


async def test_a_user_or_token_that_cannot_be_read_is_nobodys(both: Both) -> None:
    await both.insert("users", _id="anna", name="anna", role="emperor")
    await both.insert("tokens", _id=ID, secret_hash="0" * 64)

    assert await both.reader.user("anna") is None
    assert await both.reader.token_by_hash("0" * 64) is None
    access = (await both.seen(access=frozenset({"command"}))).access
    assert (access.users, access.tokens) == ({}, {})


async def test_files_and_figures_are_shown_without_it(both: Both) -> None:
    files = [stored_file(number) for number in (1, 2, 3)]
    await both.store.apply(Needs(), lambda _: Plan(files=files))
    await both.store.database.job_files.update_one({"number": 2}, {"$set": {"state": "eaten"}})
    await both.insert("hourly", _id="noop:x", plugin="noop", hour=NOW, jobs="many")

    query = FileQuery(job=files[0].job, attempt=files[0].attempt, limit=2)
    page = await both.reader.files(query)
    assert [one.number for one in page.files] == [1]
    rest = await both.reader.files(query.model_copy(update={"cursor": page.next_cursor}))
    assert [one.number for one in rest.files] == [3]
    assert list(await both.reader.hourly(NOW - timedelta(hours=1))) == []


async def test_the_scheduler_knows_which_plugins_and_operations_cannot_be_read(both: Both) -> None:
    await both.insert("plugins", _id="noop", manifest="none")
    await both.insert("operations", _id=ID, open=True)
    await both.insert("runners", _id="runner-1", plugin=7)

    seen = await both.seen(
        plugins=frozenset({"noop"}), operations=frozenset({ID}), runners=frozenset({"runner-1"})
    )

    assert (seen.unreadable_plugins, seen.unreadable_operations) == (frozenset({"noop"}), frozenset({ID}))
    assert (seen.plugins, seen.operations, seen.runners) == ({}, {}, {})
    assert list(await both.store.open_operations()) == []


async def test_a_job_that_cannot_be_read_still_holds_its_unique_key(both: Both) -> None:
    """Else the index refuses a second job with that key, again and again, and the inbox stands still."""
    await both.store.apply(Needs(), lambda _: Plan(jobs=[(None, job(1, unique="one"))]))
    await both.store.database.jobs.update_one({}, {"$set": {"history": "none"}})
    await both.store.look_anew()

    seen = await both.seen(uniques=frozenset({"one"}))

    assert seen.holders == {"one": job(1).id}


async def test_a_report_that_cannot_be_read_is_given_up(both: Both) -> None:
    """Pending, it would be the first to be delivered for ever."""
    good, bad = report(0), report(1)
    await both.store.apply(Needs(), lambda _: Plan(reports=[good, bad]))
    await both.store.database.reports.update_one({"_id": bad.id}, {"$set": {"kind": "song"}})
    told = MongoReports(both.store.database)

    due = await told.due(Among(("main", None)), now=good.created + timedelta(days=1), limit=10)

    assert [one.id for one in due] == [good.id]
    stored = await both.store.database.reports.find_one({"_id": bad.id})
    assert stored is not None
    assert stored["state"] == ReportState.GIVEN_UP.value
