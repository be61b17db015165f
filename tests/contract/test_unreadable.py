"""Stored documents that no version of this project writes: what readers and the scheduler make of them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from bson import Timestamp
from tests.contract.test_job_reader import NOW, job, stored_file
from tests.contract.test_operations import operation
from tests.unit.goobi.reports import report

from taskmanager.errors import UnreadableDocumentError
from taskmanager.model.hourly_figures import HourlyFigures, hour_of
from taskmanager.model.jobs import Job
from taskmanager.model.operations import OperationQuery
from taskmanager.model.queries import (
    AuditQuery,
    FileQuery,
    JobQuery,
    Sort,
    SortOrder,
)
from taskmanager.model.registry import AuditEntry
from taskmanager.model.reports import ReportQuery, ReportState
from taskmanager.model.states import Tab
from taskmanager.mongo import MongoReader, MongoReports, MongoStore
from taskmanager.mongo.figures import figures_id
from taskmanager.ports.report_store import Among
from taskmanager.ports.store import Needs, Plan, Snapshot, StatisticsDelta

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


def added(one: Job) -> Plan:
    """A new job, counted."""
    delta = StatisticsDelta(one.plugin, Tab.QUEUE, 1, one.files, one.bytes, {one.status: 1})
    return Plan(jobs=[(None, one)], statistics=[delta])


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
    """Otherwise the index would refuse a second job with that key again and again: the inbox stands still."""
    await both.store.apply(Needs(), lambda _: Plan(jobs=[(None, job(1, unique="one"))]))
    await both.store.database.jobs.update_one({}, {"$set": {"history": "none"}})
    await both.store.look_anew()

    seen = await both.seen(uniques=frozenset({"one"}))

    assert seen.holders == {"one": job(1).id}


async def test_a_report_that_cannot_be_read_is_given_up(both: Both) -> None:
    """If it were left pending, it would be the first to be delivered for ever."""
    good, bad = report(0), report(1)
    await both.store.apply(Needs(), lambda _: Plan(reports=[good, bad]))
    await both.store.database.reports.update_one({"_id": bad.id}, {"$set": {"kind": "song"}})
    told = MongoReports(both.store.database)

    due = await told.due(Among(("main", None)), now=good.created + timedelta(days=1), limit=10)

    assert [one.id for one in due] == [good.id]
    stored = await both.store.database.reports.find_one({"_id": bad.id})
    assert stored is not None
    assert stored["state"] == ReportState.GIVEN_UP.value


@pytest.mark.parametrize("broken", [{"jobs": "many"}, {"statuses": 7}, {"statuses": {"STARTED": None}}])
async def test_sums_that_cannot_be_added_to_are_counted_anew_from_the_jobs(
    both: Both, broken: dict[str, Any]
) -> None:
    """Otherwise every transaction of that plugin would fail for ever, and the inbox would stand still."""
    await both.store.apply(Needs(), lambda _: added(job(1)))
    await both.store.database.statistics.update_one({}, {"$set": broken})
    hour = hour_of(NOW)
    await both.insert("hourly", _id=figures_id("noop", hour), plugin="noop", hour=hour, done="some", files=4)
    grown = HourlyFigures(plugin="noop", hour=hour, done=1, files=2)

    await both.store.apply(Needs(), lambda _: replace(added(job(2)), figures=(grown,)))

    (counted,) = await both.reader.statistics("noop")
    assert (counted.jobs, counted.statuses) == (2, {job(1).status: 2})
    (figures,) = await both.reader.hourly(hour, "noop")
    assert (figures.done, figures.files) == (1, 6)


async def test_a_page_of_nothing_readable_is_not_the_end(both: Both) -> None:
    """This holds for waiting jobs, for owed tickets and for expired leases."""
    jobs = [job(number) for number in range(1, 6)]
    await both.store.apply(Needs(), lambda _: Plan(jobs=[(None, one) for one in jobs]))
    due = {"ticket_due": NOW, "owner": "runner-1", "lease": NOW}
    await both.store.database.jobs.update_many({}, {"$set": due})
    bad = {"_id": {"$in": [one.id for one in jobs[:4]]}}
    await both.store.database.jobs.update_many(bad, {"$set": {"history": "none"}})
    later = NOW + timedelta(days=1)

    waiting = await both.store.waiting("noop", before=later, after=None, limit=2)
    owed = await both.seen(tickets_before=later, limit=2)
    ended = await both.seen(leases_before=later, limit=2)

    assert [one.id for one in waiting] == [jobs[4].id]
    assert jobs[4].id in owed.jobs
    assert jobs[4].id in ended.jobs


LATE, EARLY = Timestamp(1, 1), None
"""Values that sort before every time: LATE with the newest first, EARLY with the oldest first."""


@pytest.mark.parametrize(
    ("collection", "misplaced"),
    [
        ("jobs", {"created": EARLY, "turn": EARLY, "queued_at": EARLY}),
        ("reports", {"created": LATE}),
        ("operations", {"asked.at": LATE}),
        ("audit", {"at": LATE}),
    ],
)
async def test_a_list_does_not_end_where_no_document_of_a_page_has_a_place_in_it(
    both: Both, collection: str, misplaced: dict[str, Any]
) -> None:
    await written(both)
    good = [one["_id"] async for one in both.store.database[collection].find({}, {"_id": 1})]
    template = await both.store.database[collection].find_one({})
    assert template is not None
    bad = [{**template, "_id": f"bad-{number}", "spec": {}} for number in range(7)]
    await both.store.database[collection].insert_many(bad)
    await both.store.database[collection].update_many(
        {"_id": {"$in": [one["_id"] for one in bad]}}, {"$set": misplaced}
    )

    shown, cursor = await ids(both.reader, collection, None)
    while cursor is not None:
        more, cursor = await ids(both.reader, collection, cursor)
        shown += more

    assert sorted(shown) == sorted(good)


async def written(both: Both) -> None:
    """Store five documents of each collection."""
    plan = Plan(
        jobs=[(None, job(number)) for number in range(1, 6)],
        reports=[report(number) for number in range(5)],
        audit=[
            AuditEntry(id=f"entry-{number}", at=NOW, actor="anna", reason="", action="x", outcome="done")
            for number in range(5)
        ],
        operations=[(None, operation(number)) for number in range(5)],
    )
    await both.store.apply(Needs(), lambda _: plan)


async def ids(reader: MongoReader, collection: str, cursor: str | None) -> tuple[list[str], str | None]:
    """The ids on a page of two, and the cursor of the next page."""
    if collection == "jobs":
        jobs = await reader.jobs(JobQuery(sort=Sort.CREATED, order=SortOrder.ASC, limit=2, cursor=cursor))
        return [one.id for one in jobs.jobs], jobs.next_cursor
    if collection == "reports":
        reports = await reader.reports(ReportQuery(limit=2, cursor=cursor))
        return [one.id for one in reports.reports], reports.next_cursor
    if collection == "operations":
        operations = await reader.operations(OperationQuery(limit=2, cursor=cursor))
        return [one.id for one in operations.operations], operations.next_cursor
    audit = await reader.audit(AuditQuery(limit=2, cursor=cursor))
    return [one.id for one in audit.entries], audit.next_cursor


async def test_a_file_with_a_key_that_is_not_of_ours_hides_no_other(both: Both) -> None:
    files = [stored_file(number) for number in (1, 2)]
    await both.store.apply(Needs(), lambda _: Plan(files=files))
    await both.insert("job_files", _id=f"{files[0].job}:{files[0].attempt:06d}:zzz")
    page = await both.reader.files(FileQuery(job=files[0].job, attempt=files[0].attempt))
    assert [one.number for one in page.files] == [1, 2]
