"""The scheduler's writes: load what a group needs, let a pure function decide, write all or nothing.

Each job is written under its `rev`: if another scheduler was quicker, nothing is written and the whole group
is decided anew.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from pymongo import InsertOne, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession

from taskmanager.clock import whole_milliseconds
from taskmanager.crash import Point, reach
from taskmanager.errors import StoreUnavailableError
from taskmanager.jobs import Job
from taskmanager.mongo.client import Database, Document, connect, translated_errors
from taskmanager.mongo.documents import changed_fields, from_document, to_document
from taskmanager.mongo.keyset import TURN_KEYS, after_key
from taskmanager.mongo.migrations import OWNED
from taskmanager.mongo.operations import OperationWrites
from taskmanager.operations import Listing, Operation
from taskmanager.registry import InstalledPlugin, RunnerState, TabStatistics
from taskmanager.states import Status, Tab
from taskmanager.store import Needs, Plan, Snapshot, StatisticsDelta

PlanT = TypeVar("PlanT", bound=Plan)


class MongoStore:
    """Implements `taskmanager.store.Store`."""

    def __init__(self, url: str) -> None:
        """Connects when first used."""
        self._client, self._database = connect(url)
        self._operations = OperationWrites(self._database)

    @property
    def database(self) -> Database:
        """For migrations."""
        return self._database

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.close()

    async def time(self) -> datetime:
        """The database's clock."""
        with translated_errors():
            answer = await self._database.command("hello", codec_options=self._database.codec_options)
        moment: datetime = answer["localTime"]
        return whole_milliseconds(moment)

    async def apply(self, needs: Needs, decide: Callable[[Snapshot], PlanT]) -> PlanT:
        """See the port."""
        with translated_errors():
            async with self._client.start_session() as session:
                return await session.with_transaction(lambda current: self._once(current, needs, decide))

    async def _once(
        self, session: AsyncClientSession, needs: Needs, decide: Callable[[Snapshot], PlanT]
    ) -> PlanT:
        plan = decide(await self._snapshot(session, needs))
        await self._write_jobs(session, plan.jobs)
        await self._write_statistics(session, plan.statistics)
        await self._write_rest(session, plan)
        await self._operations.write_failures(session, plan.failures)
        await self._operations.write(session, plan.operations)
        reach(Point.SCHEDULER_BEFORE_COMMIT)
        return plan

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
            cursor = self._database.jobs.find(condition).sort(TURN_KEYS).limit(limit)
            return [from_document(document) for document in await cursor.to_list()]

    async def plugins(self) -> Sequence[InstalledPlugin]:
        """See the port."""
        with translated_errors():
            documents = await self._database.plugins.find({}, {"_id": 0}).to_list()
        return [InstalledPlugin.model_validate(document) for document in documents]

    async def open_operations(self) -> Sequence[Operation]:
        """See the port."""
        return await self._operations.open()

    async def list_jobs(self, operation: Operation, *, page: int) -> Listing:
        """See the port."""
        return await self._operations.list_jobs(operation, page=page)

    async def _snapshot(self, session: AsyncClientSession, needs: Needs) -> Snapshot:
        pages = await self._operations.load_pages(session, needs.pages)
        jobs = await self._find_jobs(session, needs, [job for ids in pages.values() for job in ids])
        return Snapshot(
            jobs={job.id: job for job in jobs},
            holders=await self._holders(session, jobs),
            plugins=await self._load(session, "plugins", needs.plugins, InstalledPlugin),
            runners=await self._load(session, "runners", needs.runners, RunnerState, key="id"),
            statistics=await self._load_statistics(session, needs.plugins),
            operations=await self._operations.load(session, needs.operations),
            pages=pages,
        )

    async def _find_jobs(
        self, session: AsyncClientSession, needs: Needs, listed: Sequence[str]
    ) -> list[Job]:
        alternatives: list[Document] = []
        if needs.jobs or listed:
            alternatives.append({"_id": {"$in": [*needs.jobs, *listed]}})
        if needs.uniques:
            alternatives.append({"spec.unique": {"$in": list(needs.uniques)}, "tab": Tab.QUEUE.value})
        if needs.runners:
            alternatives.append({"owner": {"$in": list(needs.runners)}})
        if needs.leases_before:
            alternatives.append({**OWNED, "lease": {"$lt": needs.leases_before}})
        if needs.tickets_before:
            alternatives.append({"ticket_due": {"$lte": needs.tickets_before}})
        found: dict[str, Job] = {}
        for alternative in alternatives:
            cursor = self._database.jobs.find(alternative, session=session)
            bounded = cursor.limit(needs.limit) if needs.limit else cursor
            found |= {document["_id"]: from_document(document) for document in await bounded.to_list()}
        return list(found.values())

    async def _holders(self, session: AsyncClientSession, jobs: Sequence[Job]) -> dict[str, str]:
        """Who holds the unique keys of these jobs; ended jobs need another look."""
        keys = {job.spec.unique for job in jobs if job.spec.unique and job.status.final}
        found = {job.spec.unique: job.id for job in jobs if job.spec.unique and job.tab is Tab.QUEUE}
        if missing := keys - found.keys():
            condition = {"spec.unique": {"$in": list(missing)}, "tab": Tab.QUEUE.value}
            cursor = self._database.jobs.find(condition, {"spec.unique": 1}, session=session)
            found |= {document["spec"]["unique"]: document["_id"] for document in await cursor.to_list()}
        return found

    async def _load(
        self,
        session: AsyncClientSession,
        collection: str,
        ids: frozenset[str],
        kind: Any,
        key: str | None = None,
    ) -> dict[str, Any]:
        if not ids:
            return {}
        cursor = self._database[collection].find({"_id": {"$in": list(ids)}}, session=session)
        return {
            document["_id"]: kind.model_validate(_without_id(document, key))
            for document in await cursor.to_list()
        }

    async def _load_statistics(
        self, session: AsyncClientSession, plugins: frozenset[str]
    ) -> dict[tuple[str, Tab], TabStatistics]:
        if not plugins:
            return {}
        ids = [statistics_id(plugin, tab) for plugin in plugins for tab in Tab]
        documents = await self._database.statistics.find(
            {"_id": {"$in": ids}}, {"_id": 0}, session=session
        ).to_list()
        found = [TabStatistics.model_validate(document) for document in documents]
        return {(one.plugin, one.tab): one for one in found}

    async def _write_jobs(self, session: AsyncClientSession, pairs: Sequence[tuple[Job | None, Job]]) -> None:
        writes: list[InsertOne[Document] | UpdateOne] = []
        for before, after in pairs:
            if before is None:
                writes.append(InsertOne(to_document(after)))
            else:
                guard = {"_id": before.id, "rev": before.rev}
                writes.append(UpdateOne(guard, {"$set": changed_fields(before, after)}))
        if not writes:
            return
        result = await self._database.jobs.bulk_write(writes, ordered=False, session=session)
        if result.matched_count + result.inserted_count != len(writes):
            message = "another scheduler changed a job of this group"
            raise StoreUnavailableError(message)

    async def _write_statistics(self, session: AsyncClientSession, deltas: Sequence[StatisticsDelta]) -> None:
        writes = [_increment(delta) for delta in deltas]
        if writes:
            await self._database.statistics.bulk_write(writes, ordered=False, session=session)

    async def _write_rest(self, session: AsyncClientSession, plan: Plan) -> None:
        writes: dict[str, list[UpdateOne]] = {
            "plugins": [_replace(plugin.name, plugin.model_dump(mode="python")) for plugin in plan.plugins],
            "runners": [
                _replace(one.id, one.model_dump(mode="python", exclude={"id", "alive"}))
                for one in plan.runners
            ],
            "reports": [
                _keep(f"{report.job}:{report.seq}", report.model_dump(mode="python"))
                for report in plan.reports
            ],
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
        }
        for collection, updates in writes.items():
            if updates:
                await self._database[collection].bulk_write(updates, ordered=False, session=session)
        if plan.forgotten_runners:
            condition = {"_id": {"$in": list(plan.forgotten_runners)}}
            await self._database.runners.delete_many(condition, session=session)


def statistics_id(plugin: str, tab: Tab) -> str:
    """The key of a statistics document."""
    return f"{plugin}:{tab.value}"


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
    """Insert once; a repetition changes nothing."""
    return UpdateOne({"_id": key}, {"$setOnInsert": _bson(fields)}, upsert=True)


def _bson(value: Any) -> Any:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, dict):
        return {str(key): _bson(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_bson(item) for item in value]
    return value


def _without_id(document: Document, key: str | None) -> Document:
    identifier = document.pop("_id")
    return {**document, key: identifier} if key else document
