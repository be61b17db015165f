"""What watching and sending read and write, on the store's connections but beside its transactions."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime

from pymongo.asynchronous.client_session import AsyncClientSession

from taskmanager.model.jobs import Job
from taskmanager.model.notifications.deliveries import Bundle, Delivery, DeliveryState, Notice
from taskmanager.model.notifications.rules import RULES_MOST, Rule
from taskmanager.model.notifications.watching import Watched
from taskmanager.model.operations import Operation
from taskmanager.model.states import Status, Tab
from taskmanager.mongo.base.all_plugins import plugins_with_jobs
from taskmanager.mongo.base.client import Database, Document, bounded, translated_errors, without_key
from taskmanager.mongo.base.documents import LISTED, from_document
from taskmanager.mongo.base.indexes import FAILED, FAILED_INDEX
from taskmanager.mongo.base.statements import update
from taskmanager.mongo.base.unreadable import readable, readable_or_none
from taskmanager.mongo.notifications.documents import (
    DELIVERIES,
    NOTICES,
    RULES,
    STATE,
    delivery_document,
    delivery_of,
    notice_of,
    notice_statement,
    rule_of,
)
from taskmanager.mongo.operations.writes import operation_of

MILLISECONDS = 5_000
WATCHED = "watched"


class MongoNotifications:
    """Implements `taskmanager.ports.notification_store.NotificationStore`."""

    def __init__(self, database: Database) -> None:
        """Writes to this database."""
        self._database = database

    async def rules(self) -> Sequence[Rule]:
        """See the port."""
        return await _all_rules(self._database)

    async def watched(self) -> Watched | None:
        """See the port."""
        with translated_errors():
            document = await self._database[STATE].find_one({"_id": WATCHED})
        return readable_or_none(STATE, lambda one: Watched.model_validate(without_key(one)), document)

    async def note(self, watched: Watched, notices: Sequence[Notice], *, first: bool) -> bool:
        """See the port."""

        async def write(session: AsyncClientSession) -> bool:
            state = self._database[STATE]
            fields = watched.model_dump(mode="python")
            if first:
                await state.replace_one({"_id": WATCHED}, fields, upsert=True, session=session)
            else:
                older = {"_id": WATCHED, "rev": watched.rev - 1}
                if not (await state.replace_one(older, fields, session=session)).matched_count:
                    return False
            await update(self._database, session, NOTICES, [notice_statement(one) for one in notices])
            return True

        return await self._together(write)

    async def failed_jobs(self, after: tuple[datetime, str], *, until: datetime, limit: int) -> Sequence[Job]:
        """See the port. One range of the index for each plugin."""
        at, job_id = after
        later: list[Document] = [
            {"finished": {"$gt": at, "$lte": until}},
            {"finished": at, "_id": {"$gt": job_id}},
        ]
        with translated_errors():
            names = await plugins_with_jobs(self._database)
            common = {"tab": Tab.ERROR.value, **FAILED, "status": Status.ERROR.value}
            wanted = {"$or": [{**common, "plugin": name, **place} for name in names for place in later]}
            if not names:
                return []
            found = self._database.jobs.find(wanted, LISTED, hint=FAILED_INDEX, max_time_ms=MILLISECONDS)
            documents = await found.sort([("finished", 1), ("_id", 1)]).limit(limit).to_list()
        return readable("jobs", from_document, documents)

    async def operations_ended(self, after: datetime, *, until: datetime, limit: int) -> Sequence[Operation]:
        """See the port."""
        wanted = {"finished": {"$gt": after, "$lte": until}}
        with translated_errors():
            found = self._database.operations.find(wanted).sort("finished", 1).limit(limit)
            documents = await found.to_list()
        return readable("operations", operation_of, documents)

    async def with_work(self, now: datetime) -> frozenset[str]:
        """See the port. Both are read off an index."""
        pending = {"state": DeliveryState.PENDING.value, "next_try": {"$lte": now}}
        with translated_errors():
            waiting = await self._database[NOTICES].distinct("rule", {"due": {"$lte": now}})
            tried = await self._database[DELIVERIES].distinct("rule", pending)
        return frozenset({*waiting, *tried})

    async def forget(self, rules: Collection[str]) -> None:
        """See the port."""
        gone = {"rule": {"$in": list(rules)}}
        with translated_errors():
            await self._database[NOTICES].delete_many(gone)
            await self._database[DELIVERIES].delete_many(gone)

    async def waiting(self, rule: str, now: datetime, limit: int) -> Sequence[Notice]:
        """See the port."""
        wanted = {"rule": rule, "due": {"$lte": now}}
        with translated_errors():
            found = self._database[NOTICES].find(wanted).sort([("due", 1), ("_id", 1)]).limit(limit)
            documents = await found.to_list()
        return readable(NOTICES, notice_of, documents)

    async def made_since(self, rule: str, since: datetime, limit: int) -> int:
        """See the port."""
        with translated_errors():
            return await self._database[DELIVERIES].count_documents(
                {"rule": rule, "created": {"$gt": since}}, limit=limit
            )

    async def bundle(self, made: Bundle) -> bool:
        """See the port."""

        async def write(session: AsyncClientSession) -> bool:
            gone = {"_id": {"$in": list(made.notices)}}
            taken = await self._database[NOTICES].delete_many(gone, session=session)
            if taken.deleted_count != len(made.notices):
                await session.abort_transaction()  # another scheduler was faster
                return False
            document = {"_id": made.delivery.id, **delivery_document(made.delivery)}
            await self._database[DELIVERIES].insert_one(document, session=session)
            return True

        return await self._together(write)

    async def due(self, rule: str, now: datetime) -> Delivery | None:
        """See the port."""
        wanted = {"rule": rule, "state": DeliveryState.PENDING.value, "next_try": {"$lte": now}}
        with translated_errors():
            document = await self._database[DELIVERIES].find_one(wanted, sort=[("next_try", 1), ("_id", 1)])
        return readable_or_none(DELIVERIES, delivery_of, document)

    async def settle(self, delivery: Delivery) -> bool:
        """See the port."""
        fields = delivery_document(delivery)
        kept = ("state", "attempts", "next_try", "last_answer", "ended", "rev")
        with translated_errors():
            result = await self._database[DELIVERIES].update_one(
                {"_id": delivery.id, "rev": delivery.rev - 1}, {"$set": {name: fields[name] for name in kept}}
            )
        return result.matched_count == 1

    async def _together(self, write: Callable[[AsyncClientSession], Awaitable[bool]]) -> bool:
        async with bounded(), self._database.client.start_session() as session:
            return await session.with_transaction(write, write_concern=self._database.write_concern)


class NotificationReads:
    """The part of `taskmanager.ports.readers.JobReader` about notifications."""

    _database: Database

    async def notification_rules(self) -> Sequence[Rule]:
        """See the port."""
        return await _all_rules(self._database)

    async def deliveries(self, rule: str, limit: int) -> Sequence[Delivery]:
        """See the port."""
        with translated_errors():
            found = self._database[DELIVERIES].find({"rule": rule}).sort([("created", -1), ("_id", -1)])
            documents = await found.limit(limit).to_list()
        return readable(DELIVERIES, delivery_of, documents)

    async def notices_waiting(self, rule: str, limit: int) -> int:
        """See the port."""
        with translated_errors():
            return await self._database[NOTICES].count_documents({"rule": rule}, limit=limit)


async def _all_rules(database: Database) -> Sequence[Rule]:
    with translated_errors():
        found = await database[RULES].find({}).sort("_id", 1).to_list(RULES_MOST)
    return readable(RULES, rule_of, found)
