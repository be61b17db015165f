"""The scheduler's writes: load what a group needs, let a pure function decide, write all or nothing.

Each job and plugin is written under its `rev`; for a job that is left unchanged, the known `rev` is checked.
If another scheduler was faster, or the known data was outdated, nothing is written and the whole group is
decided again.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Protocol, TypeVar

from pymongo import AsyncMongoClient, InsertOne, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.jobs import Job
from taskmanager.model.operations import Listing, Operation
from taskmanager.model.registry import InstalledPlugin
from taskmanager.model.states import Status, Tab
from taskmanager.mongo.access.writes import AccessWrites
from taskmanager.mongo.base.client import Database, Document, bounded, connect, translated_errors
from taskmanager.mongo.base.documents import changed_fields, from_document, to_document
from taskmanager.mongo.base.keyset import TURN_KEYS, after_key
from taskmanager.mongo.base.unreadable import first_readable, readable
from taskmanager.mongo.counters import CANNOT_ADD, mend_counters, statistics_id
from taskmanager.mongo.figures import growth
from taskmanager.mongo.files import file_document, file_key
from taskmanager.mongo.operations.writes import OperationWrites
from taskmanager.mongo.replicas import set_writes
from taskmanager.mongo.reports.writes import replay, report_document, withdraw
from taskmanager.mongo.snapshot_loader import SnapshotLoader
from taskmanager.mongo.write_cache import WriteCache
from taskmanager.ports.store import Needs, Plan, Snapshot, StatisticsDelta
from taskmanager.process.clock import whole_milliseconds
from taskmanager.process.failpoints import Failpoint, failpoint
from taskmanager.process.logs import get_logger

PlanT = TypeVar("PlanT", bound=Plan)

COLLISIONS = 5
"""How often a group is decided again at once; after that it waits as it does when the database is down."""
DUPLICATE_KEY = 11000

log = get_logger(__name__)


class CollisionError(Exception):
    """The stored state is not the one the decision was based on."""


class PlanChange(Protocol):
    """Makes a changed plan from a plan."""

    def __call__(self, plan: PlanT, /) -> PlanT:
        """The changed plan."""


def unchanged(plan: PlanT) -> PlanT:
    """The plan as it is."""
    return plan


class MongoStore:
    """Implements `taskmanager.ports.store.Store`."""

    def __init__(
        self, url: str, *, last_change: PlanChange = unchanged, beside: "MongoStore | None" = None
    ) -> None:
        """Connects when first used. `last_change`, a pure function, is applied to every plan to write.

        A store `beside` another one uses its connections; it neither waits for it nor knows what it knows.
        """
        self._last_change = last_change
        self._client, self._database = connect(url) if beside is None else beside.connected
        self._operations = OperationWrites(self._database)
        self._access = AccessWrites(self._database)
        self._known = WriteCache()
        self._loading = SnapshotLoader(self._database, self._operations, self._access, self._known)
        self._turn = asyncio.Lock()

    @property
    def connected(self) -> tuple[AsyncMongoClient[Document], Database]:
        """The connections, for a store beside this one."""
        return self._client, self._database

    @property
    def database(self) -> Database:
        """For migrations."""
        return self._database

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def time(self) -> datetime:
        """The database's clock."""
        with translated_errors():
            answer = await self._database.command("hello", codec_options=self._database.codec_options)
        moment: datetime = answer["localTime"]
        return whole_milliseconds(moment)

    async def look_anew(self) -> None:
        """Read everything again, as others may have written; call it when this scheduler was idle until now.

        Nothing that was read before is kept afterwards.
        """
        async with self._turn:
            self._known.forget()

    async def apply(self, needs: Needs, decide: Callable[[Snapshot], PlanT]) -> PlanT:
        """See the port. One call at a time, so that this process never collides with itself."""
        async with self._turn:
            try:
                async with bounded():
                    return await self._decided(needs, decide)
            except StoreUnavailableError:
                self._known.forget()  # the outcome of the write is unknown
                raise

    async def _decided(self, needs: Needs, decide: Callable[[Snapshot], PlanT]) -> PlanT:
        trusting = True
        for _ in range(COLLISIONS):
            snapshot, guessed = await self._loading.snapshot(needs, trusting=trusting)
            plan = self._last_change(decide(snapshot))
            try:
                await self._confirm(guessed, plan)
                await self._write(plan)
            except CollisionError as error:
                log.info("decided_anew", why=str(error))
                trusting = False
                continue
            except BulkWriteError as error:
                if not _cannot_add(error) or not await mend_counters(self._database, plan):
                    raise
                trusting = False
                continue
            keep = self._known.renew_jobs if plan.operations else self._known.keep_jobs
            keep(after for _, after in plan.jobs)  # the jobs of an operation's page are not at work
            self._known.keep_plugins(plan.plugins)
            return plan
        message = f"another scheduler was quicker {COLLISIONS} times in a row"
        raise StoreUnavailableError(message)

    async def _confirm(self, guessed: Sequence[Job], plan: Plan) -> None:
        """Read the `rev` of jobs that are left unchanged: no write would guard a refusal."""
        written = {job.id for _, job in plan.jobs}
        if not await self._loading.confirms(job for job in guessed if job.id not in written):
            message = "jobs: one that was only looked at was changed meanwhile"
            raise CollisionError(message)

    async def _write(self, plan: Plan) -> None:
        if not any(getattr(plan, part.name) for part in fields(Plan)):
            return
        async with self._client.start_session() as session:
            await session.with_transaction(lambda current: self._write_all(current, plan))

    async def _write_all(self, session: AsyncClientSession, plan: Plan) -> None:
        await self._write_jobs(session, plan.jobs)
        await self._write_statistics(session, plan.statistics)
        if plan.figures:
            grown = [growth(one) for one in plan.figures]
            await self._database.hourly.bulk_write(grown, ordered=False, session=session)
        await self._write_plugins(session, plan.plugins)
        if plan.access is not None:
            await _guarded(self._database.settings, self._access.guard_of(plan.access), session)
            await self._access.write(session, plan.access)
        await _guarded(self._database.replicas, set_writes(plan.replicas), session)
        await self._write_rest(session, plan)
        await self._operations.write_failures(session, plan.failures)
        await self._operations.write(session, plan.operations)
        failpoint(Failpoint.SCHEDULER_BEFORE_COMMIT)

    async def waiting(
        self, plugin: str, *, before: datetime, after: tuple[int, datetime, str] | None, limit: int
    ) -> Sequence[Job]:
        """See the port."""
        condition: Document = {
            "plugin": plugin,
            "tab": Tab.QUEUE.value,
            "status": Status.STARTED.value,
            "queued_at": {"$lt": before},
            "$or": [{"not_before": None}, {"not_before": {"$lt": before}}],
        }
        if after is not None:
            condition = {"$and": [condition, after_key(TURN_KEYS, list(after))]}
        with translated_errors():
            cursor = self._database.jobs.find(condition).sort(TURN_KEYS)
            return (await first_readable("jobs", from_document, cursor, limit))[0]

    async def plugins(self) -> Sequence[InstalledPlugin]:
        """See the port."""
        async with self._turn:
            with translated_errors():
                documents = await self._database.plugins.find({}, {"_id": 0}).to_list()
            plugins = readable("plugins", InstalledPlugin.model_validate, documents)
            self._known.keep_plugins(plugins)
        return plugins

    async def open_operations(self) -> Sequence[Operation]:
        """See the port."""
        return await self._operations.open()

    async def list_jobs(self, operation: Operation, *, page: int) -> Listing:
        """See the port."""
        return await self._operations.list_jobs(operation, page=page)

    async def _write_jobs(self, session: AsyncClientSession, pairs: Sequence[tuple[Job | None, Job]]) -> None:
        writes: list[InsertOne[Document] | UpdateOne] = []
        for before, after in pairs:
            if before is None:
                writes.append(InsertOne(to_document(after)))
            else:
                guard = {"_id": before.id, "rev": before.rev}
                writes.append(UpdateOne(guard, {"$set": changed_fields(before, after)}))
        await _guarded(self._database.jobs, writes, session)

    async def _write_statistics(self, session: AsyncClientSession, deltas: Sequence[StatisticsDelta]) -> None:
        writes = [_increment(delta) for delta in deltas]
        if writes:
            await self._database.statistics.bulk_write(writes, ordered=False, session=session)

    async def _write_plugins(self, session: AsyncClientSession, plugins: Sequence[InstalledPlugin]) -> None:
        writes: list[InsertOne[Document] | UpdateOne] = []
        for plugin in plugins:
            document = _bson(plugin.model_dump(mode="python"))
            if plugin.rev == 1:
                writes.append(InsertOne({"_id": plugin.name, **document}))
            else:
                writes.append(UpdateOne({"_id": plugin.name, "rev": plugin.rev - 1}, {"$set": document}))
        await _guarded(self._database.plugins, writes, session)

    async def _write_rest(self, session: AsyncClientSession, plan: Plan) -> None:
        writes: dict[str, list[UpdateOne]] = {
            "runners": [
                _replace(one.id, one.model_dump(mode="python", exclude={"id", "alive"}))
                for one in plan.runners
            ],
            "reports": [_keep(report.id, report_document(report)) for report in plan.reports],
            "audit": [
                _keep(entry.id, entry.model_dump(mode="python", exclude={"id"})) for entry in plan.audit
            ],
            "job_logs": [
                _keep(
                    f"{block.job}:{block.attempt}:{block.seq}",
                    {**block.model_dump(mode="python"), "at": block.lines[0].at},
                )
                for block in plan.logs
                if block.lines
            ],
            "job_files": [
                _keep(file_key(one.job, one.attempt, one.number), file_document(one)) for one in plan.files
            ],
        }
        for collection, updates in writes.items():
            if updates:
                await self._database[collection].bulk_write(updates, ordered=False, session=session)
        for wanted in plan.replays:
            await replay(self._database, session, wanted)
        for withdrawal in plan.withdrawals:
            await withdraw(self._database, session, withdrawal)
        if plan.forgotten_runners:
            condition = {"_id": {"$in": list(plan.forgotten_runners)}}
            await self._database.runners.delete_many(condition, session=session)
        if plan.forgotten_replicas:
            condition = {"_id": {"$in": list(plan.forgotten_replicas)}}
            await self._database.replicas.delete_many(condition, session=session)


async def _guarded(
    collection: AsyncCollection[Document],
    writes: Sequence[InsertOne[Document] | UpdateOne],
    session: AsyncClientSession,
) -> None:
    """All of them; raises CollisionError if one has changed since the decision.

    In order, inserts first: a duplicate key ends the transaction, and anything sent in it after that would be
    answered as if the transaction only had to be retried, for ever.
    """
    if not writes:
        return
    inserts_first = sorted(writes, key=lambda write: isinstance(write, UpdateOne))
    try:
        result = await collection.bulk_write(inserts_first, ordered=True, session=session)
    except BulkWriteError as error:
        if all(one["code"] == DUPLICATE_KEY for one in error.details["writeErrors"]):
            message = f"{collection.name}: it is there already"
            raise CollisionError(message) from error
        raise
    if result.matched_count + result.inserted_count != len(writes):
        message = f"{collection.name}: it was changed meanwhile"
        raise CollisionError(message)


def _cannot_add(error: BulkWriteError) -> bool:
    return any(one["code"] in CANNOT_ADD for one in error.details["writeErrors"])


def _increment(delta: StatisticsDelta) -> UpdateOne:
    counts = {"jobs": delta.jobs, "files": delta.files, "bytes": delta.bytes}
    counts |= {f"statuses.{status.value}": number for status, number in delta.statuses.items()}
    names = {"plugin": delta.plugin, "tab": delta.tab.value}
    return UpdateOne(
        {"_id": statistics_id(delta.plugin, delta.tab)}, {"$inc": counts, "$setOnInsert": names}, upsert=True
    )


def _replace(key: str, fields: Document) -> UpdateOne:
    return UpdateOne({"_id": key}, {"$set": _bson(fields)}, upsert=True)


def _keep(key: str, fields: Document) -> UpdateOne:
    """Insert once; repeating it changes nothing."""
    return UpdateOne({"_id": key}, {"$setOnInsert": _bson(fields)}, upsert=True)


def _bson(value: Any) -> Any:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, dict):
        return {str(key): _bson(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_bson(item) for item in value]
    return value
