"""The gateway's reads of reports and of how deliveries to each installation went."""

from collections.abc import Sequence

from taskmanager.model.reports import Backlog, InstallationHealth, Report, ReportPage, ReportQuery
from taskmanager.mongo.base import cursors
from taskmanager.mongo.base.client import Database, Document, translated_errors, without_key
from taskmanager.mongo.base.unreadable import page_from, readable, readable_one
from taskmanager.mongo.reports.writes import backlog, of_installations, report_of
from taskmanager.ports.report_store import Among

QUERY_MILLISECONDS = 5_000


class ReportReads:
    """The part of `taskmanager.ports.readers.JobReader` about reports."""

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
            shown, cursor = await page_from(
                "reports",
                lambda: self._database.reports.find(wanted, max_time_ms=QUERY_MILLISECONDS).sort(
                    [("created", -1), ("_id", -1)]
                ),
                query.limit,
                _cursor,
            )
        return ReportPage(reports=tuple(readable("reports", report_of, shown)), next_cursor=cursor)

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
        created, report = cursors.read_moment_and_id(query.cursor)
        wanted["$or"] = [{"created": {"$lt": created}}, {"created": created, "_id": {"$lt": report}}]
    return wanted


def _cursor(document: Document) -> str:
    return cursors.write_moment_and_id(document["created"], document["_id"])
