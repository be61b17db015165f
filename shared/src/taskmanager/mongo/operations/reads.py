"""The gateway's reads of operations: what one would apply to, and how others went."""

from collections.abc import Sequence

import pymongo.errors

from taskmanager.model.operations import (
    EXAMPLES,
    PREVIEW_LIMIT,
    RUNNING,
    Failure,
    JobFilter,
    Operation,
    OperationPage,
    OperationQuery,
    Preview,
)
from taskmanager.mongo.base import cursors
from taskmanager.mongo.base.all_plugins import over_all_plugins
from taskmanager.mongo.base.client import Database, Document, translated_errors
from taskmanager.mongo.base.documents import from_document
from taskmanager.mongo.base.filters import jobs_meant
from taskmanager.mongo.base.unreadable import page_from, readable, readable_one
from taskmanager.mongo.operations.writes import operation_of

QUERY_MILLISECONDS = 5_000
COUNTS = ((PREVIEW_LIMIT, 2_000), (1_000, 500))
"""How far a preview counts, and in how many milliseconds; the next pair is used if the time was too short."""


class OperationReads:
    """The part of `taskmanager.ports.readers.JobReader` about operations."""

    def __init__(self, database: Database) -> None:
        """Reads from this database."""
        self._database = database

    async def preview(self, chosen: JobFilter) -> Preview:
        """See the port."""
        with translated_errors():
            condition = await over_all_plugins(self._database, jobs_meant(chosen))
            cursor = self._database.jobs.find(condition, max_time_ms=QUERY_MILLISECONDS)
            examples = readable("jobs", from_document, await cursor.limit(EXAMPLES).to_list())
            count, exact = await self._count(condition)
        return Preview(count=max(count, len(examples)), exact=exact, examples=tuple(examples))

    async def _count(self, condition: Document) -> tuple[int, bool]:
        """The number of jobs, and whether it is exact."""
        for limit, milliseconds in COUNTS:
            try:
                count = await self._database.jobs.count_documents(
                    condition, limit=limit, maxTimeMS=milliseconds
                )
            except pymongo.errors.ExecutionTimeout:
                continue
            return count, count < limit
        return 0, False

    async def operation(self, operation_id: str) -> Operation | None:
        """See the port."""
        with translated_errors():
            document = await self._database.operations.find_one({"_id": operation_id})
        return readable_one("operations", operation_of, document)

    async def operations(self, query: OperationQuery) -> OperationPage:
        """See the port."""
        condition = _state(query)
        if query.cursor is not None:
            at, last = cursors.read_moment_and_id(query.cursor)
            condition["$or"] = [{"asked.at": {"$lt": at}}, {"asked.at": at, "_id": {"$lt": last}}]
        with translated_errors():
            shown, cursor = await page_from(
                "operations",
                lambda: self._database.operations.find(condition, max_time_ms=QUERY_MILLISECONDS).sort(
                    [("asked.at", -1), ("_id", -1)]
                ),
                query.limit,
                _cursor,
            )
        operations = tuple(readable("operations", operation_of, shown))
        return OperationPage(operations=operations, next_cursor=cursor)

    async def failures(self, operation_id: str, *, after: int = 0, limit: int = 100) -> Sequence[Failure]:
        """See the port."""
        condition = {"operation": operation_id, "number": {"$gt": after}}
        with translated_errors():
            cursor = self._database.operation_failures.find(condition, {"_id": 0})
            documents = await cursor.sort([("number", 1)]).limit(limit).to_list()
        return readable("operation_failures", Failure.model_validate, documents)


def _state(query: OperationQuery) -> Document:
    """Those at work are few and have an index; nearly all others have ended."""
    states = [state.value for state in RUNNING]
    if query.running is None:
        return {}
    return {"open": True, "state": {"$in": states}} if query.running else {"state": {"$nin": states}}


def _cursor(document: Document) -> str:
    return cursors.write_moment_and_id(document["asked"]["at"], document["_id"])
