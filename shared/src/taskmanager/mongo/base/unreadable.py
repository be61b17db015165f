"""Stored documents that cannot be read: left out of lists, and a specific error where one is asked for.

Such a document was written by hand, by a newer version, or by another program. Each is counted and logged.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from pymongo.asynchronous.cursor import AsyncCursor

from taskmanager.errors import UnreadableDocumentError
from taskmanager.mongo.base.client import Document
from taskmanager.process.logs import get_logger
from taskmanager.process.metrics import UNREADABLE_DOCUMENTS

T = TypeVar("T")
UNREADABLE = (ValueError, TypeError, KeyError, AttributeError)
"""What a model raises for a document that does not fit it; pydantic's ValidationError is a ValueError."""

log = get_logger(__name__)


def readable(collection: str, read: Callable[[Document], T], documents: Iterable[Document]) -> list[T]:
    """The results of `read` for these documents of a collection, without those it cannot read."""
    found = []
    for document in documents:
        try:
            found.append(read(document))
        except UNREADABLE as error:
            _note(collection, document, error)
    return found


async def first_readable(
    collection: str, read: Callable[[Document], T], cursor: AsyncCursor[Document], limit: int
) -> tuple[list[T], list[Document]]:
    """The first `limit` readable results of a cursor (0: all), and the documents before that were unreadable.

    Unreadable documents do not take up places: a page of nothing else would look like the end and hide the
    rest.
    """
    found: list[T] = []
    unreadable: list[Document] = []
    async with cursor:
        while documents := await cursor.to_list(limit - len(found) if limit else None):
            for document in documents:
                made = readable(collection, read, [document])
                found += made
                unreadable += [] if made else [document]
            if limit and len(found) == limit:
                break
    return found, unreadable


def readable_one(collection: str, read: Callable[[Document], T], document: Document | None) -> T | None:
    """The result of `read` for the document, None for None; raises UnreadableDocumentError."""
    if document is None:
        return None
    try:
        return read(document)
    except UNREADABLE as error:
        _note(collection, document, error)
        message = f"document {str(document.get('_id'))[:80]!r} of {collection} cannot be read"
        raise UnreadableDocumentError(message) from error


def readable_or_none(collection: str, read: Callable[[Document], T], document: Document | None) -> T | None:
    """The result of `read` for the document; None for None, and for one that cannot be read."""
    return next(iter(readable(collection, read, [document] if document else [])), None)


def _note(collection: str, document: Document, error: Exception) -> None:
    UNREADABLE_DOCUMENTS.labels(collection).inc()
    # pydantic would quote values, which may be personal data
    log.warning(
        "unreadable_document", collection=collection, id=document.get("_id"), error=type(error).__name__
    )


async def page_from(
    collection: str,
    find: Callable[[], AsyncCursor[Document]],
    limit: int,
    write_cursor: Callable[[Document], str],
) -> tuple[list[Document], str | None]:
    """The next `limit` documents of a list that `find` reads in order, and the cursor after them.

    The cursor is None at the end. If no document of a page has the fields of a cursor, the page is left out
    and the next documents that have them are read: without a cursor the list would seem to end there.
    """
    documents = await find().limit(limit + 1).to_list()
    if len(documents) <= limit:
        return documents, None
    shown = documents[:limit]
    if (cursor := _last_cursor(write_cursor, shown)) is not None:
        return shown, cursor
    behind, _ = await first_readable(collection, lambda one: (one, write_cursor(one)), find(), limit + 1)
    cursor = behind[limit - 1][1] if len(behind) > limit else None
    return [document for document, _ in behind[:limit]], cursor


def _last_cursor(write: Callable[[Document], str], shown: list[Document]) -> str | None:
    """The cursor after the last of these documents that has the fields of one; None if none has."""
    for document in reversed(shown):
        try:
            return write(document)
        except UNREADABLE:
            continue
    return None
