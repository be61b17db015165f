"""Reports between values and documents, and what delivery reads and writes of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession

from taskmanager.model.reports import (
    BACKLOG_LIMIT,
    REPLAY_LIMIT,
    Backlog,
    InstallationHealth,
    Replay,
    Report,
    ReportKind,
    ReportState,
    Withdrawal,
)
from taskmanager.mongo.base.client import Database, Document, translated_errors, without_key
from taskmanager.mongo.base.unreadable import readable
from taskmanager.ports.report_store import Among

PENDING = {"state": ReportState.PENDING.value}
UNTOLD = [ReportState.PENDING.value, ReportState.GIVEN_UP.value]
"""States of reports that Goobi does not have yet and may still get."""
_DELIVERY = {"state", "attempts", "since", "next_try", "last_answer", "delivered_at", "rev"}
"""The only fields of a report that ever change."""


def report_document(report: Report) -> Document:
    """All fields except the id."""
    fields = report.model_dump(mode="python", exclude={"id", "callback_url"})
    url = str(report.callback_url) if report.callback_url is not None else None
    return {**fields, "callback_url": url}


def report_of(document: Document) -> Report:
    """The report behind a document."""
    return Report.model_validate({"id": document["_id"], **without_key(document)})


def of_installations(among: Among) -> Document:
    """A filter; the name None also covers jobs that have only a callback."""
    return {"goobi.installation": {"$nin" if among.others else "$in": list(among.names)}}


async def backlog(database: Database, among: Among) -> Backlog:
    """Counted up to the limit; raises StoreUnavailableError."""
    own = of_installations(among)
    given_up = {"state": ReportState.GIVEN_UP.value, **own}
    with translated_errors():
        pending = await database.reports.count_documents({**PENDING, **own}, limit=BACKLOG_LIMIT)
        lost = await database.reports.count_documents(given_up, limit=BACKLOG_LIMIT)
        oldest = await database.reports.find_one({**PENDING, **own}, {"created": 1}, sort=[("created", 1)])
    return Backlog(
        pending=pending,
        capped=pending >= BACKLOG_LIMIT,
        given_up=lost,
        oldest=oldest["created"] if oldest else None,
    )


async def replay(database: Database, session: AsyncClientSession, wanted: Replay) -> None:
    """Part of a transaction; a report that is delivered or withdrawn is left as it is."""
    if wanted.report is not None:
        meant: Document = {"_id": wanted.report, "state": {"$in": UNTOLD}}
    else:
        own = of_installations(Among(wanted.installations))
        cursor = database.reports.find(
            {"state": ReportState.GIVEN_UP.value, **own}, {"_id": 1}, session=session
        )
        oldest = await cursor.sort([("created", 1), ("_id", 1)]).limit(REPLAY_LIMIT).to_list()
        meant = {"_id": {"$in": [document["_id"] for document in oldest]}}
    again = {"state": ReportState.PENDING.value, "since": wanted.at, "next_try": wanted.at}
    await database.reports.update_many(meant, {"$set": again, "$inc": {"rev": 1}}, session=session)


class MongoReports:
    """Implements `taskmanager.ports.report_store.ReportStore`."""

    def __init__(self, database: Database) -> None:
        """Shares the store's connections, but does not wait for its transactions."""
        self._database = database

    async def due(self, among: Among, *, now: datetime, limit: int) -> Sequence[Report]:
        """See the port."""
        wanted = {**PENDING, **of_installations(among), "next_try": {"$lte": now}}
        return await self._find(wanted, [("next_try", 1), ("_id", 1)], limit)

    async def pending_of(self, jobs: Sequence[str]) -> Sequence[Report]:
        """See the port."""
        return await self._find({**PENDING, "job": {"$in": list(jobs)}}, [("job", 1), ("seq", 1)], 0)

    async def traces(self, jobs: Sequence[str]) -> Mapping[str, str]:
        """See the port."""
        traced = {"_id": {"$in": list(jobs)}, "traceparent": {"$exists": True}}
        with translated_errors():
            documents = await self._database.jobs.find(traced, {"traceparent": 1}).to_list()
        return {document["_id"]: document["traceparent"] for document in documents}

    async def settle(self, report: Report) -> bool:
        """See the port."""
        fields = report.model_dump(mode="python", include=_DELIVERY)
        with translated_errors():
            result = await self._database.reports.update_one(
                {"_id": report.id, "rev": report.rev - 1}, {"$set": fields}
            )
        return result.matched_count == 1

    async def postpone(self, job: str, until: datetime) -> None:
        """See the port."""
        with translated_errors():
            await self._database.reports.update_many({**PENDING, "job": job}, {"$max": {"next_try": until}})

    async def note_health(self, health: InstallationHealth) -> None:
        """See the port."""
        fields = health.model_dump(mode="python", exclude={"name"})
        change = UpdateOne({"_id": health.name}, {"$set": fields}, upsert=True)
        with translated_errors():
            await self._database.installations.bulk_write([change])

    async def undelivered(self, among: Among) -> Backlog:
        """See the port."""
        return await backlog(self._database, among)

    async def _find(self, wanted: Document, order: list[tuple[str, Any]], limit: int) -> list[Report]:
        with translated_errors():
            documents = await self._database.reports.find(wanted).sort(order).limit(limit).to_list()
        found = readable("reports", report_of, documents)
        if len(found) < len(documents):
            await self._give_up({document["_id"] for document in documents} - {one.id for one in found})
        return found

    async def _give_up(self, unreadable: set[str]) -> None:
        """Unreadable reports cannot be delivered; left pending, they would block the others for ever."""
        settled = {"state": ReportState.GIVEN_UP.value, "next_try": None}
        with translated_errors():
            await self._database.reports.update_many({"_id": {"$in": list(unreadable)}}, {"$set": settled})


async def withdraw(database: Database, session: AsyncClientSession, wanted: Withdrawal) -> None:
    """Part of a transaction: the job's step is no longer to be set to error."""
    meant = {
        "job": wanted.job,
        "seq": {"$lt": wanted.below},
        "kind": ReportKind.ERROR_STEP.value,
        "state": {"$in": UNTOLD},
    }
    gone = {"state": ReportState.WITHDRAWN.value, "next_try": None, "withdrawn_at": wanted.at}
    await database.reports.update_many(meant, {"$set": gone, "$inc": {"rev": 1}}, session=session)
