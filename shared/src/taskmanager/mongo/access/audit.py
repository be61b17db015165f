"""The audit between queries and documents: filters, cursors and pages; opens no connection."""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime

from taskmanager.errors import CursorError
from taskmanager.model.queries import AuditPage, AuditQuery
from taskmanager.model.registry import AuditEntry
from taskmanager.mongo.client import Document, without_key
from taskmanager.mongo.unreadable import last_cursor, readable


def audit_filter(query: AuditQuery) -> Document:
    """What a page holds, from typed fields only; raises CursorError for a cursor nobody gave out."""
    names = ("job", "plugin", "runner", "subject")
    filters = {name: getattr(query, name) for name in names}
    found: Document = {name: value for name, value in filters.items() if value is not None}
    if query.plugins is not None:
        found["plugin"] = {"$in": [name for name in query.plugins if query.plugin in {None, name}]}
    if query.cursor is not None:
        at, entry = _read_cursor(query.cursor)
        found["$or"] = [{"at": {"$lt": at}}, {"at": at, "_id": {"$lt": entry}}]
    return found


def audit_page(documents: Sequence[Document], limit: int) -> AuditPage:
    """A page of at most `limit` entries; one document more says that there is another page."""
    shown = documents[:limit]
    return AuditPage(
        entries=tuple(readable("audit", audit_entry, shown)),
        next_cursor=last_cursor(_write_cursor, list(shown)) if len(documents) > limit else None,
    )


def audit_entry(document: Document) -> AuditEntry:
    """The entry behind a document."""
    return AuditEntry.model_validate({"id": document["_id"], **without_key(document)})


def _write_cursor(document: Document) -> str:
    values = [document["at"].isoformat(), document["_id"]]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        at, entry = json.loads(base64.urlsafe_b64decode(cursor))
        moment = datetime.fromisoformat(at).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        message = "cursor is not one of the audit: take it from next_cursor"
        raise CursorError(message) from error
    if not isinstance(entry, str):
        message = "cursor is not one of the audit: it names no entry"
        raise CursorError(message)
    return moment, entry
