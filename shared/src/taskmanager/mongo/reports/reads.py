"""The gateway's reads of reports and of how deliveries to each installation went."""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime

from taskmanager.errors import CursorError
from taskmanager.model.reports import Backlog, InstallationHealth, Report, ReportPage, ReportQuery
from taskmanager.mongo.client import Database, Document, translated_errors, without_key
from taskmanager.mongo.reports.writes import backlog, of_installations, report_of
from taskmanager.mongo.unreadable import last_cursor, readable, readable_one
from taskmanager.ports.report_store import Among

QUERY_MILLISECONDS = 5_000


class ReportReads:
    """The part of `taskmanager.ports.readers.JobReader` that is about reports."""

    _database: Database

    async def report(self, report_id: str) -> Report | None:
        """See the port."""
        with translated_errors():
            document = await self._database.reports.find_one({"_id": report_id})
        return readable_one("reports", report_of, document)

    async def reports(self, query: ReportQuery) -> ReportPage:
        """See the port."""
        wanted = _wanted(query)
        with translated_errors():
            cursor = self._database.reports.find(wanted, max_time_ms=QUERY_MILLISECONDS)
            documents = await cursor.sort([("created", -1), ("_id", -1)]).limit(query.limit + 1).to_list()
        shown = documents[: query.limit]
        return ReportPage(
            reports=tuple(readable("reports", report_of, shown)),
            next_cursor=last_cursor(_write_cursor, shown) if len(documents) > query.limit else None,
        )

    async def backlog(self, installations: Sequence[str | None]) -> Backlog:
        """See the port."""
        return await backlog(self._database, Among(tuple(installations)))

    async def installations_health(self) -> Sequence[InstallationHealth]:
        """See the port."""
        with translated_errors():
            documents = await self._database.installations.find({}).sort("_id", 1).to_list()
        return readable("installations", _health_of, documents)


def _health_of(document: Document) -> InstallationHealth:
    return InstallationHealth.model_validate({"name": document["_id"], **without_key(document)})


def _wanted(query: ReportQuery) -> Document:
    wanted: Document = {}
    if query.state is not None:
        wanted["state"] = query.state.value
    if query.kind is not None:
        wanted["kind"] = query.kind.value
    if query.job is not None:
        wanted["job"] = query.job
    if query.installations is not None:
        wanted |= of_installations(Among(query.installations))
    if query.cursor is not None:
        created, report = _read_cursor(query.cursor)
        wanted["$or"] = [{"created": {"$lt": created}}, {"created": created, "_id": {"$lt": report}}]
    return wanted


def _write_cursor(document: Document) -> str:
    values = [document["created"].isoformat(), document["_id"]]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        created, report = json.loads(base64.urlsafe_b64decode(cursor))
        moment = datetime.fromisoformat(created).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise CursorError("cursor is not one of this list: take it from next_cursor") from error
    if not isinstance(report, str):
        raise CursorError("cursor names no report: take it from next_cursor")
    return moment, report
