"""Backups of a real database: of one moment, checked when read back, settled before services start."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from typing import Any

import bson
import pytest
from tests.unit.goobi.reports import report

from taskmanager.errors import PermanentError
from taskmanager.model.control import JobAction
from taskmanager.model.jobs import Attribution, GoobiReference, HistoryEntry, Job, JobSpec
from taskmanager.model.operations import JobFilter, Operation, OperationState
from taskmanager.model.queries import JobQuery
from taskmanager.model.reports import ReportState
from taskmanager.model.states import RUNNING, Status, Tab
from taskmanager.mongo import MongoReader, MongoStore, connect, migrate
from taskmanager.mongo.access.writes import session_keys
from taskmanager.mongo.backup.archive import ArchiveReader
from taskmanager.mongo.backup.loading import LoadError, empty, filled, load, verify
from taskmanager.mongo.backup.saving import save, time_of
from taskmanager.mongo.backup.settling import Settled, settle
from taskmanager.mongo.backup.unfinished import check_finished, remove_mark
from taskmanager.mongo.base.client import Database
from taskmanager.mongo.counters import recount, statistics_id
from taskmanager.ports.store import Needs, Plan
from taskmanager_scheduler.jobs.after_restore import Restore, after_restore

TAKEN = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
RESTORE = Restore("taskmanager-backup", TAKEN, TAKEN + timedelta(hours=1))


@dataclass
class Site:
    """A migrated database, and what the services see of it."""

    store: MongoStore
    reader: MongoReader

    @property
    def database(self) -> Database:
        return self.store.database

    async def put(self, *jobs: Job, **plan: Any) -> None:
        await self.store.apply(Needs(), lambda _: Plan(jobs=[(None, job) for job in jobs], **plan))

    async def saved(self, *, keys: bool = False) -> BytesIO:
        file = BytesIO()
        await save(self.database, file, keys=keys)
        file.seek(0)
        return file

    async def loaded(self, file: BytesIO) -> None:
        archive = ArchiveReader(file)
        header = archive.header()
        await empty(self.database, header.taken)
        await load(self.database, archive)
        await verify(self.database, archive.totals)

    async def settled(self, looked_up: Sequence[str | None] = ()) -> Settled:
        rule = partial(after_restore, restore=RESTORE)
        return await settle(
            self.database,
            rule,
            by=RESTORE.by,
            jump=RESTORE.jump,
            looked_up=looked_up,
            now=RESTORE.now,
        )

    async def content(self) -> dict[str, list[dict[str, Any]]]:
        names = await self.database.list_collection_names(filter={"name": {"$not": {"$regex": "^system"}}})
        return {name: await self.database[name].find({}).sort("_id").to_list() for name in names}


@pytest.fixture
async def site(mongodb_url: str) -> AsyncIterator[Site]:
    made = Site(MongoStore(mongodb_url), MongoReader(mongodb_url))
    yield made
    await made.store.close()
    await made.reader.close()


def job(number: int, status: Status = Status.STARTED, **fields: Any) -> Job:
    runner = {"owner": "runner", "claim_id": f"c{number}", "lease": TAKEN} if status in RUNNING else {}
    return Job(
        id=f"job-{number:05}",
        spec=JobSpec(plugin="jp2"),
        client="test",
        status=status,
        priority=5,
        created=TAKEN,
        queued_at=TAKEN,
        finished=TAKEN if status.final else None,
        attempt=2,
        dispatch=3,
        rev=7,
        history=(HistoryEntry(at=TAKEN, status=Status.STARTED, attempt=0, note="accepted"),),
        **{**runner, **fields},
    )


async def test_what_is_restored_is_what_was_there_to_the_byte(site: Site) -> None:
    await site.put(*(job(number) for number in range(300)))
    before = await site.content()
    file = await site.saved()
    await site.put(job(300))
    await site.database.jobs.delete_one({"_id": "job-00000"})

    await site.loaded(file)

    mark = await site.database.settings.find_one_and_delete({"_id": "restore"})
    assert mark is not None
    after = await site.content()
    assert {name: found for name, found in after.items() if found} == {
        name: found for name, found in before.items() if found
    }


async def test_a_backup_is_of_one_moment_however_much_is_written_meanwhile(site: Site) -> None:
    """Each step writes a pair in two collections: a backup never has one without the other."""
    pages = [{"_id": f"{number:06}", "fill": "x" * 3_000} for number in range(7_000)]
    await site.database.job_logs.drop_indexes()
    await site.database.job_logs.insert_many(pages)
    done = asyncio.Event()

    async def write() -> int:
        step = 0
        while not done.is_set():
            async with site.database.client.start_session() as session, await session.start_transaction():
                await site.database.jobs.insert_one({"_id": f"pair-{step:06}"}, session=session)
                await site.database.reports.insert_one({"_id": f"pair-{step:06}"}, session=session)
            step += 1
        return step

    writing = asyncio.create_task(write())
    file = await site.saved()
    done.set()
    steps = await writing

    found: dict[str, list[str]] = {"jobs": [], "reports": []}
    archive = ArchiveReader(file)
    archive.header()
    for block in archive.blocks():
        found.setdefault(block.collection, []).extend(
            document["_id"] for document in bson.decode_all(block.documents)
        )
    assert found["jobs"] == found["reports"]
    assert len(found["jobs"]) < steps, "nothing was written meanwhile"
    assert len(found["job_logs"]) == len(pages)


async def test_the_moment_of_a_backup_is_that_of_the_database_in_utc(site: Site) -> None:
    before = await site.store.time()
    header = ArchiveReader(await site.saved()).header()
    now = await time_of(site.database)

    assert header.database == site.database.name
    assert before - timedelta(seconds=1) <= header.taken <= now
    assert Restore("x", header.taken, now).jump >= 1_000


async def test_another_document_in_the_database_is_found_when_it_is_read_back(site: Site) -> None:
    await site.put(job(1))
    archive = ArchiveReader(await site.saved())
    await empty(site.database, archive.header().taken)
    await load(site.database, archive)
    await verify(site.database, archive.totals)

    await site.database.jobs.update_one({}, {"$set": {"files": 1}})

    with pytest.raises(LoadError, match="of jobs"):
        await verify(site.database, archive.totals)


async def test_a_half_restored_database_is_worked_on_by_nobody(site: Site) -> None:
    await site.put(*(job(number) for number in range(10)))
    whole = await site.saved()
    archive = ArchiveReader(BytesIO(whole.getvalue()[:-40]))
    await empty(site.database, archive.header().taken)
    with pytest.raises(PermanentError, match="ends too early"):
        await load(site.database, archive)

    with pytest.raises(PermanentError, match="not finished"):
        await site.reader.check_finished()
    with pytest.raises(PermanentError, match="not finished"):
        await site.saved()

    await site.loaded(whole)
    await site.settled()
    await remove_mark(site.database)
    await check_finished(site.database)
    assert len((await site.reader.jobs(JobQuery(limit=200))).jobs) == 10


async def test_a_database_that_holds_anything_is_named_by_what_it_holds(site: Site) -> None:
    assert await filled(site.database) == []
    await site.put(job(1))
    assert await filled(site.database) == ["jobs"]


async def test_jobs_that_had_not_ended_are_held_and_counted_as_such(site: Site) -> None:
    live = [job(1), job(2, Status.PROCESSING), job(3, Status.PAUSED), job(4, Status.DOWNLOAD)]
    ended = [job(5, Status.DONE), job(6, Status.ERROR), job(7, Status.CANCELLED)]
    await site.put(*live, *ended)

    settled = await site.settled()

    assert settled.jobs == 4
    found = {one.id: one for one in (await site.reader.jobs(JobQuery(limit=200))).jobs}
    assert [found[one.id].status for one in live] == [Status.PAUSED] * 4
    assert await site.reader.job(ended[0].id) == ended[0]
    for one in ended[1:]:
        stored = await site.reader.job(one.id)
        assert stored is not None
        assert (stored.attempt, stored.dispatch, stored.rev) == (
            2 + RESTORE.jump,
            3 + RESTORE.jump,
            7 + RESTORE.jump,
        )
    statistics = await site.database.statistics.find_one({"_id": statistics_id("jp2", Tab.QUEUE)})
    counted = await recount(site.database, "jp2", Tab.QUEUE)
    assert statistics == {"_id": statistics_id("jp2", Tab.QUEUE), **counted}
    assert counted["statuses"] == {"PAUSED": 4}
    chosen = (await site.reader.jobs(JobQuery(restored=True))).jobs
    assert {one.id for one in chosen} == {one.id for one in live}
    assert (await site.settled()).jobs == 0


async def test_an_unreadable_job_is_left_alone_and_counted(site: Site) -> None:
    await site.put(job(1), job(2))
    await site.database.jobs.update_one({"_id": "job-00001"}, {"$set": {"spec": "nonsense"}})

    settled = await site.settled()

    assert (settled.jobs, settled.unreadable) == (1, 1)


async def test_reports_that_nobody_can_look_up_wait_for_a_replay(site: Site) -> None:
    def of(number: int, name: str | None, **fields: Any) -> Any:
        goobi = GoobiReference(process_id=1, step_id=1, installation=name)
        return report(number, job=f"job-{number}", goobi=goobi, **fields)

    kept = [of(1, "core"), of(2, None)]
    blind = [of(3, "webapi")]
    await site.put(reports=[*kept, *blind])

    settled = await site.settled(looked_up=["core", None])

    assert settled.reports == 1
    states = [(await site.reader.report(one.id)) for one in [*kept, *blind]]
    assert [one.state for one in states if one] == [ReportState.PENDING] * 2 + [ReportState.GIVEN_UP]
    assert all(one.attempts for one in states if one), "so that it is looked for before it is sent"


async def test_an_operation_does_not_go_on(site: Site) -> None:
    asked = Attribution(by="anna", at=TAKEN)
    operation = Operation(
        id="op", action=JobAction.RETRY, filter=JobFilter(plugin="jp2"), asked=asked,
        state=OperationState.RUNNING, pages=3, page=2, ticketed=1, total=5,
    )  # fmt: skip
    await site.put(operations=[(None, operation)])

    settled = await site.settled()

    assert settled.operations == 1
    [stored] = [one async for one in site.database.operations.find({})]
    assert (stored["state"], stored["open"], stored["stop"]["by"]) == ("stopped", False, "taskmanager-backup")
    assert not await site.store.open_operations()


async def test_the_keys_are_in_the_backup_only_if_they_are_asked_for(site: Site) -> None:
    keys = session_keys(site.database)
    before = await keys.find({}).sort("_id").to_list()
    assert [key["_id"] for key in before] == ["second_factor_key", "session_key"]
    without, with_keys = await site.saved(), await site.saved(keys=True)

    await keys.update_many({}, {"$set": {"value": b"other"}})
    await site.loaded(without)
    assert {key["value"] for key in await keys.find({}).to_list()} == {b"other"}
    await site.loaded(with_keys)
    assert await keys.find({}).sort("_id").to_list() == before


async def test_it_goes_into_another_database_without_indexes_and_gets_them(
    site: Site, mongodb_url: str
) -> None:
    await site.put(job(1))
    file = await site.saved()
    client, other = connect(mongodb_url.replace("/t", "/u"))
    try:
        archive = ArchiveReader(file)
        await empty(other, archive.header().taken)
        await load(other, archive)
        await verify(other, archive.totals)
        await migrate(other)
        assert await other.jobs.count_documents({}) == 1
        assert "one_active_per_unique_key" in await other.jobs.index_information()
    finally:
        await client.drop_database(other.name)
        await client.drop_database(f"{other.name}_secrets")
        await client.close()
