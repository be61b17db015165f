"""The audit between queries and documents: filters, cursors and pages; opens no connection."""

from taskmanager.model.queries import AuditPage, AuditQuery
from taskmanager.model.registry import AuditEntry
from taskmanager.mongo.base import cursors
from taskmanager.mongo.base.client import Document, without_key
from taskmanager.mongo.base.unreadable import readable


def audit_filter(query: AuditQuery) -> Document:
    """The filter for a page, from typed fields only; raises CursorError for an invalid cursor."""
    names = ("job", "plugin", "runner", "subject")
    filters = {name: getattr(query, name) for name in names}
    found: Document = {name: value for name, value in filters.items() if value is not None}
    if query.plugins is not None:
        found["plugin"] = {"$in": [name for name in query.plugins if query.plugin in {None, name}]}
    if query.cursor is not None:
        at, entry = cursors.read_moment_and_id(query.cursor)
        found["$or"] = [{"at": {"$lt": at}}, {"at": at, "_id": {"$lt": entry}}]
    return found


def audit_page(shown: list[Document], cursor: str | None) -> AuditPage:
    """The page of these documents; `cursor` is that of the next page."""
    return AuditPage(entries=tuple(readable("audit", audit_entry, shown)), next_cursor=cursor)


def audit_entry(document: Document) -> AuditEntry:
    """The entry behind a document."""
    return AuditEntry.model_validate({"id": document["_id"], **without_key(document)})


def audit_cursor(document: Document) -> str:
    """The cursor of the page that begins after this document."""
    return cursors.write_moment_and_id(document["at"], document["_id"])
