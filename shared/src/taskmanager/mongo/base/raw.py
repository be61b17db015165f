"""Documents as bytes that nobody decodes."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, cast

from bson.raw_bson import RawBSONDocument
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection

from taskmanager.mongo.base.client import Database, Document


async def raw_batches(
    collection: AsyncCollection[Document],
    chosen: Mapping[str, Any] | None = None,
    session: AsyncClientSession | None = None,
) -> AsyncIterator[bytes]:
    """All documents of a collection as the server gives them, 16 MB at most; raises pymongo's errors."""
    async for documents in collection.find_raw_batches(chosen or {}, session=session):
        yield cast("bytes", documents)  # pymongo gives this cursor the type of one of documents


async def collection_names(database: Database) -> list[str]:
    """All collections but the server's own, in order; raises pymongo's errors."""
    return sorted(await database.list_collection_names(filter={"name": {"$not": {"$regex": "^system\\."}}}))


def as_raw(collection: AsyncCollection[Document]) -> AsyncCollection[RawBSONDocument]:
    """The same collection, which takes and gives such documents."""
    options = collection.codec_options.with_options(document_class=RawBSONDocument)
    return collection.with_options(codec_options=options)
