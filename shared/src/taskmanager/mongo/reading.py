"""Lists of documents: one that cannot be read is left out, told and counted, and the rest is shown."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import structlog
from pydantic import ValidationError

from taskmanager.metrics import UNREADABLE_DOCUMENTS
from taskmanager.mongo.client import Document

T = TypeVar("T")

log = structlog.get_logger(__name__)


def each_readable(
    collection: str, documents: Iterable[Document], make: Callable[[Document], T]
) -> Iterator[T]:
    """What `make` makes of each document of the collection that it understands."""
    for document in documents:
        try:
            made = make(document)
        except (ValidationError, KeyError, TypeError) as error:
            UNREADABLE_DOCUMENTS.labels(collection).inc()
            log.error(  # noqa: TRY400 - the document is at fault, not the code that reads it
                "document_unreadable",
                collection=collection,
                id=str(document.get("_id")),
                why=str(error)[:300],
            )
        else:
            yield made
