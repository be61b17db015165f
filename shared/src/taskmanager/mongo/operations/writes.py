"""The scheduler's writes of operations: documents, listed jobs, and the jobs that could not be changed."""

import uuid
from collections.abc import Sequence

from pymongo import InsertOne, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.operations import Failure, Listing, Operation, page_key
from taskmanager.model.states import Tab
from taskmanager.mongo.base.all_plugins import over_all_plugins
from taskmanager.mongo.base.client import Database, Document, translated_errors
from taskmanager.mongo.base.filters import jobs_of
from taskmanager.mongo.base.keyset import TURN_KEYS
from taskmanager.mongo.base.unreadable import readable

LIST_MILLISECONDS = 25_000
"""A listing that takes longer is abandoned and started again later."""
PAGES_AT_ONCE = 20


def operation_of(document: Document) -> Operation:
    """The operation behind a document."""
    fields = {name: value for name, value in document.items() if name not in {"_id", "open"}}
    return Operation.model_validate({"id": document["_id"], **fields})


class OperationWrites:
    """The part of `MongoStore` about operations."""

    def __init__(self, database: Database) -> None:
        """Writes to this database."""
        self._database = database

    async def load(self, ids: frozenset[str]) -> tuple[dict[str, Operation], frozenset[str]]:
        """Those of these operations that are stored, and the ids of those that cannot be read."""
        if not ids:
            return {}, frozenset()
        cursor = self._database.operations.find({"_id": {"$in": list(ids)}})
        documents = await cursor.to_list()
        found = {one.id: one for one in readable("operations", operation_of, documents)}
        return found, frozenset(document["_id"] for document in documents) - found.keys()

    async def load_pages(self, keys: frozenset[str]) -> dict[str, tuple[str, ...]]:
        """The job ids listed on these pages."""
        if not keys:
            return {}
        cursor = self._database.operation_pages.find({"_id": {"$in": list(keys)}})
        return {document["_id"]: tuple(document["ids"]) for document in await cursor.to_list()}

    async def write(
        self, session: AsyncClientSession, pairs: Sequence[tuple[Operation | None, Operation]]
    ) -> None:
        """Each under its `rev`; raises StoreUnavailableError if another scheduler was faster."""
        for before, after in pairs:
            document = _document(after)
            if before is None:
                await self._database.operations.insert_one({"_id": after.id, **document}, session=session)
                continue
            guard = {"_id": before.id, "rev": before.rev}
            result = await self._database.operations.update_one(guard, {"$set": document}, session=session)
            if result.matched_count != 1:
                message = f"another scheduler changed operation {before.id}"
                raise StoreUnavailableError(message)

    async def write_failures(self, session: AsyncClientSession, failures: Sequence[Failure]) -> None:
        """Each once."""
        writes = [
            UpdateOne(
                {"_id": f"{one.operation}:{one.number}"},
                {"$setOnInsert": one.model_dump(mode="python")},
                upsert=True,
            )
            for one in failures
        ]
        if writes:
            await self._database.operation_failures.bulk_write(writes, ordered=False, session=session)

    async def open(self) -> Sequence[Operation]:
        """Those with something left to do, oldest first."""
        with translated_errors():
            cursor = self._database.operations.find({"open": True}).sort([("asked.at", 1), ("_id", 1)])
            return readable("operations", operation_of, await cursor.to_list())

    async def list_jobs(self, operation: Operation, *, page: int) -> Listing:
        """See `taskmanager.ports.store.Store`. Reads a snapshot, so that no job is listed twice."""
        listing, pages, total = uuid.uuid4().hex, 0, 0
        with translated_errors():
            condition = await over_all_plugins(self._database, jobs_of(operation))
            async with self._database.client.start_session(snapshot=True) as session:
                cursor = self._database.jobs.find(
                    condition, {"_id": 1}, session=session, max_time_ms=LIST_MILLISECONDS
                )
                if condition.get("tab") == Tab.QUEUE.value:
                    cursor = cursor.sort(TURN_KEYS).allow_disk_use(allow_disk_use=True)
                while found := await cursor.to_list(page * PAGES_AT_ONCE):
                    ids = [document["_id"] for document in found]
                    pages += await self._write_pages(operation, listing, pages, _cut(ids, page))
                    total += len(ids)
        return Listing(id=listing, pages=pages, total=total)

    async def _write_pages(
        self, operation: Operation, listing: str, first: int, pages: Sequence[list[str]]
    ) -> int:
        writes = [
            InsertOne[Document](
                {
                    "_id": page_key(listing, first + number),
                    "operation": operation.id,
                    "at": operation.asked.at,
                    "ids": ids,
                }
            )
            for number, ids in enumerate(pages)
        ]
        await self._database.operation_pages.bulk_write(writes, ordered=False)
        return len(pages)


def _cut(ids: list[str], page: int) -> list[list[str]]:
    return [ids[start : start + page] for start in range(0, len(ids), page)]


def _document(operation: Operation) -> Document:
    """All fields except the id."""
    return {**operation.model_dump(mode="python", exclude={"id"}), "open": operation.open}
