"""Brings an archive into a database, and compares what is then stored with what the archive holds."""

from collections.abc import Mapping
from datetime import datetime

from bson.raw_bson import RawBSONDocument

from taskmanager.errors import PermanentError
from taskmanager.mongo.access.writes import session_keys
from taskmanager.mongo.backup.archive import ArchiveReader, Total
from taskmanager.mongo.backup.documents_digest import DocumentsDigest, split
from taskmanager.mongo.backup.saving import KEYS
from taskmanager.mongo.backup.unfinished import MARK, set_mark
from taskmanager.mongo.base.client import Database, translated_errors
from taskmanager.mongo.base.raw import as_raw, collection_names, raw_batches

_NOT_THE_MARK = {"_id": {"$ne": MARK}}


class LoadError(PermanentError):
    """The database must not be restored to, or does not hold what was restored."""


async def filled(database: Database) -> list[str]:
    """The collections that hold something, in order; raises StoreUnavailableError."""
    with translated_errors():
        names = await collection_names(database)
        return [name for name in names if await database[name].find_one(_NOT_THE_MARK, {"_id": 1})]


async def plugins_of(database: Database) -> list[str]:
    """The names of all plugins that are installed; raises StoreUnavailableError."""
    with translated_errors():
        return [document["_id"] async for document in database.plugins.find({}, {"_id": 1})]


async def empty(database: Database, taken: datetime) -> None:
    """Mark the database as being restored and remove all its collections; raises StoreUnavailableError."""
    await set_mark(database, taken)
    with translated_errors():
        for name in await collection_names(database):
            if name == "settings":
                await database.settings.delete_many(_NOT_THE_MARK)
            else:
                await database.drop_collection(name)


async def load(database: Database, archive: ArchiveReader) -> None:
    """Store everything in an empty database; raises ArchiveError, StoreUnavailableError.

    The header must have been read. If the archive has the keys, they take the place of those that are there.
    """
    with translated_errors():
        for block in archive.blocks():
            documents = [RawBSONDocument(one) for one in split(block.documents)]
            if block.collection == KEYS:
                for key in documents:
                    await as_raw(session_keys(database)).replace_one({"_id": key["_id"]}, key, upsert=True)
            else:
                await as_raw(database[block.collection]).insert_many(documents, ordered=False)


async def verify(database: Database, totals: Mapping[str, Total]) -> None:
    """Read everything back; raises LoadError if it is not what the archive holds, StoreUnavailableError."""
    with translated_errors():
        for name, total in totals.items():
            stored = session_keys(database) if name == KEYS else database[name]
            digest = DocumentsDigest()
            async for documents in raw_batches(stored, _NOT_THE_MARK):
                digest.add(documents)
            if Total.of(digest) != total:
                raise LoadError(f"the database has {Total.of(digest)} of {name}, and the backup has {total}")
