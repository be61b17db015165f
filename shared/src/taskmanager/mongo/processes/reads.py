"""The jobs of one process over all plugins, by the index of terms, which has them in this order."""

from taskmanager.model.queries import JobPage, ProcessQuery, as_listed
from taskmanager.mongo.base import cursors
from taskmanager.mongo.base.client import Database, Document, translated_errors
from taskmanager.mongo.base.documents import LISTED, from_document, term
from taskmanager.mongo.base.keyset import after_key
from taskmanager.mongo.base.unreadable import page_from, readable

MILLISECONDS = 2_000
NEWEST = [("created", -1), ("_id", -1)]


class ProcessReads:
    """The part of `taskmanager.ports.readers.JobReader` about processes."""

    _database: Database

    async def jobs_of_process(self, query: ProcessQuery) -> JobPage:
        """See the port."""
        after = after_key(NEWEST, list(cursors.read_moment_and_id(query.cursor))) if query.cursor else {}
        wanted = {**process_filter(query), **after}
        with translated_errors():
            page, cursor = await page_from(
                "jobs",
                lambda: self._database.jobs.find(wanted, LISTED, max_time_ms=MILLISECONDS).sort(NEWEST),
                query.limit,
                _cursor,
            )
        jobs = map(as_listed, readable("jobs", from_document, page))
        return JobPage(jobs=tuple(jobs), next_cursor=cursor)


def process_filter(query: ProcessQuery) -> Document:
    """The jobs meant; null also matches a reference without an installation."""
    found: Document = {
        "terms": term("process", query.process),
        "spec.goobi.installation": {"$in": list(query.installations)},
    }
    if query.step is not None:
        found["spec.goobi.step_id"] = query.step
    if query.plugins is not None:
        found["plugin"] = {"$in": list(query.plugins)}
    return found


def _cursor(document: Document) -> str:
    return cursors.write_moment_and_id(document["created"], document["_id"])
