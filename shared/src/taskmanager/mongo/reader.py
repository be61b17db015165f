"""The gateway's reads: typed filters to indexed queries, keyset pages, never a skip and never a count."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from taskmanager.errors import CursorError
from taskmanager.model.jobs import TURN_NEXT, Job
from taskmanager.model.queries import (
    FAILED_LIMIT,
    PLACES_LIMIT,
    POSITION_LIMIT,
    AuditPage,
    AuditQuery,
    JobPage,
    JobQuery,
    Position,
    Sort,
    SortOrder,
    as_listed,
)
from taskmanager.model.registry import InstalledPlugin, LogBlock
from taskmanager.model.states import Status, Tab
from taskmanager.mongo.access.audit import audit_cursor, audit_filter, audit_page
from taskmanager.mongo.access.presets import PresetReads
from taskmanager.mongo.access.reads import AccessReads
from taskmanager.mongo.backup.unfinished import check_finished
from taskmanager.mongo.base import cursors
from taskmanager.mongo.base.all_plugins import in_each, plugins_with_jobs
from taskmanager.mongo.base.client import Document, connect, translated_errors
from taskmanager.mongo.base.documents import LISTED, from_document
from taskmanager.mongo.base.filters import job_filter
from taskmanager.mongo.base.indexes import (
    ENDED,
    FAILED,
    FAILED_INDEX,
    TURN_INDEX,
    holding,
)
from taskmanager.mongo.base.keyset import KEYS, TURN_KEYS, WARNED_KEYS, places_after
from taskmanager.mongo.base.unreadable import page_from, readable, readable_one
from taskmanager.mongo.dead_letters import DeadLetterReads
from taskmanager.mongo.error_groups import ErrorGroupReads
from taskmanager.mongo.figures import FiguresReads
from taskmanager.mongo.files import FileReads
from taskmanager.mongo.notes.documents import NoteReads
from taskmanager.mongo.notifications.store import NotificationReads
from taskmanager.mongo.operations.reads import OperationReads
from taskmanager.mongo.partitions import check_partitions
from taskmanager.mongo.processes.reads import ProcessReads
from taskmanager.mongo.replicas import ReplicaReads
from taskmanager.mongo.reports.reads import ReportReads
from taskmanager.mongo.runners import RunnerReads
from taskmanager.mongo.search.jobs import SearchReads

QUERY_MILLISECONDS = 5_000
POSITION_MILLISECONDS = 500
"""The most time the database may spend on a position or a count."""

_TURN: TypeAdapter[int] = TypeAdapter(Annotated[int, Field(ge=0, le=TURN_NEXT, strict=True)])


class MongoReader(
    DeadLetterReads,
    ErrorGroupReads,
    FiguresReads,
    FileReads,
    NoteReads,
    NotificationReads,
    OperationReads,
    PresetReads,
    ProcessReads,
    ReplicaReads,
    ReportReads,
    RunnerReads,
    SearchReads,
    AccessReads,
):
    """Implements `taskmanager.ports.readers.JobReader` and, on the same connections, `AccessReader`."""

    def __init__(self, url: str) -> None:
        """Connects when first used."""
        self._client, database = connect(url)
        super().__init__(database)

    async def check_partitions(self, setting: int) -> None:
        """Raise PermanentError if the installation has another number of partitions."""
        await check_partitions(self._database, setting)

    async def check_finished(self) -> None:
        """Raise PermanentError if the database is being restored."""
        await check_finished(self._database)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def ping(self) -> None:
        """See the port."""
        with translated_errors():
            await self._database.command("ping")

    async def job(self, job_id: str) -> Job | None:
        """See the port."""
        with translated_errors():
            document = await self._database.jobs.find_one({"_id": job_id})
        return readable_one("jobs", from_document, document)

    async def jobs_by_id(self, job_ids: Sequence[str]) -> Mapping[str, Job]:
        """See the port."""
        with translated_errors():
            documents = await self._database.jobs.find({"_id": {"$in": list(job_ids)}}).to_list()
        return {job.id: job for job in readable("jobs", from_document, documents)}

    async def jobs(self, query: JobQuery) -> JobPage:
        """See the port."""
        keys = sort_keys(query)
        places = places_after(keys, read_cursor(query)) if query.cursor else [{}]
        with translated_errors():
            condition = await self._page_condition(query, places)
            page, cursor = await page_from(
                "jobs",
                lambda: self._database.jobs.find(condition, LISTED, max_time_ms=QUERY_MILLISECONDS).sort(
                    keys
                ),
                query.limit,
                partial(_checked_cursor, query),
            )
        jobs = map(as_listed, readable("jobs", from_document, page))
        return JobPage(jobs=tuple(jobs), next_cursor=cursor)

    async def _page_condition(self, query: JobQuery, places: list[Document]) -> Document:
        """In a form that an index serves in the order of the query: by plugin, or by a term."""
        condition = job_filter(query)
        if query.plugin is not None:
            condition[plugin_field(query)] = condition["plugin"]
        if (
            query.ids is not None
            or query.plugin is not None
            or (query.sort is Sort.CREATED and "$and" in condition)
        ):
            return {"$and": [condition, {"$or": places}]}
        names = query.plugins if query.plugins is not None else await plugins_with_jobs(self._database)
        return in_each(names or [""], condition, places, plugin_field(query))

    async def active_by_unique(self, unique: str) -> Job | None:
        """See the port."""
        with translated_errors():
            document = await self._database.jobs.find_one(holding([unique]))
        return readable_one("jobs", from_document, document)

    async def position(self, job: Job) -> Position:
        """See the port. The index gives the order; only jobs ahead of this one are read."""
        with translated_errors():
            ahead = await self._database.jobs.count_documents(
                jobs_ahead(job),
                limit=POSITION_LIMIT,
                hint=TURN_INDEX,
                maxTimeMS=POSITION_MILLISECONDS,
            )
        return Position(ahead=ahead, capped=ahead == POSITION_LIMIT)

    async def places(self, jobs: Sequence[Job]) -> Mapping[str, int]:
        """See the port. The ids are read off the index in its order, up to the last turn of these."""
        waiting = [job for job in jobs if job.status is Status.STARTED]
        if not waiting:
            return {}
        up_to = {**_waiting(waiting[0]), "turn": {"$gte": min(job.turn for job in waiting)}}
        with translated_errors():
            found = self._database.jobs.find(up_to, {"_id": 1}, max_time_ms=POSITION_MILLISECONDS)
            documents = (
                await found.sort(TURN_KEYS)
                .hint(TURN_INDEX)
                .limit(PLACES_LIMIT)
                .batch_size(PLACES_LIMIT)
                .to_list()
            )
        wanted = {job.id for job in waiting}
        return {one["_id"]: place for place, one in enumerate(documents, 1) if one["_id"] in wanted}

    async def failed_since(self, plugin: str, since: datetime) -> int:
        """See the port. The index holds hardly any others, however many jobs were cancelled."""
        ended = {"plugin": plugin, "tab": Tab.ERROR.value, "finished": {"$gt": since}}
        with translated_errors():
            return await self._database.jobs.count_documents(
                {**ended, **FAILED, "status": Status.ERROR.value},
                limit=FAILED_LIMIT,
                hint=FAILED_INDEX,
                maxTimeMS=POSITION_MILLISECONDS,
            )

    async def with_files(self, plugin: str, tab: Tab) -> int:
        """See the port."""
        ended = {} if tab is Tab.QUEUE else ENDED
        known = {"plugin": plugin, "tab": tab.value, **ended, "files": {"$gt": 0}}
        with translated_errors():
            return await self._database.jobs.count_documents(known, maxTimeMS=POSITION_MILLISECONDS)

    async def audit(self, query: AuditQuery) -> AuditPage:
        """See the port."""
        wanted = audit_filter(query)
        with translated_errors():
            found = await page_from(
                "audit",
                lambda: self._database.audit.find(wanted, max_time_ms=QUERY_MILLISECONDS).sort(
                    [("at", -1), ("_id", -1)]
                ),
                query.limit,
                audit_cursor,
            )
        return audit_page(*found)

    async def log(
        self, job_id: str, *, after: tuple[int, int] = (0, 0), limit: int = 100
    ) -> Sequence[LogBlock]:
        """See the port."""
        later = [{"attempt": {"$gt": after[0]}}, {"attempt": after[0], "seq": {"$gt": after[1]}}]
        with translated_errors():
            cursor = self._database.job_logs.find({"job": job_id, "$or": later}, {"_id": 0, "at": 0})
            documents = await cursor.sort([("attempt", 1), ("seq", 1)]).limit(limit).to_list()
        return readable("job_logs", LogBlock.model_validate, documents)

    async def plugins(self) -> Sequence[InstalledPlugin]:
        """See the port."""
        with translated_errors():
            documents = await self._database.plugins.find({}, {"_id": 0}).sort("_id", 1).to_list()
        return readable("plugins", InstalledPlugin.model_validate, documents)


def jobs_ahead(job: Job) -> Document:
    """The waiting jobs of its plugin that start before `job`; one index range for each alternative."""
    waits = _waiting(job)
    same: Document = {**waits, "turn": job.turn}
    return {
        "$or": [
            {**waits, "turn": {"$gt": job.turn}},
            {**same, "queued_at": {"$lt": job.queued_at}},
            {**same, "queued_at": job.queued_at, "_id": {"$lt": job.id}},
        ]
    }


def _waiting(job: Job) -> Document:
    return {"plugin": job.plugin, "tab": Tab.QUEUE.value, "status": Status.STARTED.value}


def sort_keys(query: JobQuery) -> list[tuple[str, int]]:
    """Fields and directions of the query's order."""
    sign = 1 if query.order is SortOrder.ASC else -1
    keys = WARNED_KEYS if _by_warned_end(query) else KEYS[query.sort]
    return [(field, direction * sign) for field, direction in keys]


def plugin_field(query: JobQuery) -> str:
    """The plugin field of the index that serves the query."""
    return "warned.plugin" if _by_warned_end(query) else "plugin"


def _by_warned_end(query: JobQuery) -> bool:
    return bool(query.warnings) and query.sort is Sort.FINISHED


def write_cursor(query: JobQuery, document: Document) -> str:
    """Where the page ended, bound to the order of the query."""
    return cursors.write(query.sort, query.order, *(document[field] for field, _ in KEYS[query.sort]))


def _checked_cursor(query: JobQuery, document: Document) -> str:
    """The same; raises ValueError for a document without the fields of a cursor."""
    cursor = write_cursor(query, document)
    read_cursor(query.model_copy(update={"cursor": cursor}))
    return cursor


def read_cursor(query: JobQuery) -> list[Any]:
    """The values of a cursor; raises CursorError if it was not made for this order."""
    try:
        sort, order, *values = cursors.read(query.cursor or "")
        typed = [_typed(field, value) for (field, _), value in zip(KEYS[query.sort], values, strict=True)]
    except (ValueError, TypeError, OverflowError) as error:
        message = "cursor is not one of this list: take it from next_cursor"
        raise CursorError(message) from error
    if (sort, order) != (query.sort, query.order):
        message = f"cursor belongs to sort={sort} order={order}: begin without a cursor"
        raise CursorError(message)
    return typed


def _typed(field: str, value: Any) -> Any:
    if field in {"queued_at", "finished", "created"}:
        return cursors.read_moment(value)
    if field == "turn":
        return _TURN.validate_python(value)
    if not isinstance(value, str):
        message = f"{field} is no text"
        raise TypeError(message)
    return value
