"""Writes everything that one moment of the database holds into an archive, block by block."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import BinaryIO

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import OperationFailure

from taskmanager import __version__
from taskmanager.errors import TemporaryError
from taskmanager.mongo.access.writes import session_keys
from taskmanager.mongo.backup.archive import ArchiveWriter, Block, Header, Total
from taskmanager.mongo.backup.unfinished import check_finished
from taskmanager.mongo.base.client import Database, translated_errors
from taskmanager.mongo.base.raw import collection_names, raw_batches

KEYS = "keys"
"""The name under which the collection of another database stands in the archive; no collection has it."""
_SNAPSHOT_GONE = frozenset({239, 246})
"""SnapshotTooOld and SnapshotUnavailable: the server no longer has that moment."""


class SnapshotGoneError(TemporaryError):
    """The database no longer has the moment the backup is of."""


async def time_of(database: Database) -> datetime:
    """The time by the database's clock; raises StoreUnavailableError."""
    with translated_errors():
        answer = await database.command("hello", codec_options=database.codec_options)  # aware, in UTC
    found: datetime = answer["localTime"]
    return found


async def save(database: Database, file: BinaryIO, *, keys: bool) -> tuple[Header, dict[str, Total]]:
    """Write a backup; the services may go on meanwhile.

    All collections are read in one snapshot of what a majority of the members has. Raises PermanentError
    while a restore is unfinished, SnapshotGoneError, StoreUnavailableError.
    """
    await check_finished(database)
    header = Header(database.name, await time_of(database), __version__, keys)
    archive = ArchiveWriter(file, header)
    async with _snapshot(database) as session:
        names = await collection_names(database)
        totals = {name: await _collection(database, name, session, archive) for name in names}
        if keys:
            async for documents in raw_batches(session_keys(database), session=session):
                archive.block(Block(KEYS, documents))
            totals[KEYS] = archive.total(KEYS)
    archive.end()
    return header, totals


async def _collection(
    database: Database, name: str, session: AsyncClientSession, archive: ArchiveWriter
) -> Total:
    async for documents in raw_batches(database[name], session=session):
        archive.block(Block(name, documents))
    return archive.total(name)


@asynccontextmanager
async def _snapshot(database: Database) -> AsyncIterator[AsyncClientSession]:
    with translated_errors():
        try:
            async with database.client.start_session(snapshot=True) as session:
                yield session
        except OperationFailure as error:
            if error.code not in _SNAPSHOT_GONE:
                raise
            message = (
                "the database no longer has the moment the backup is of: raise "
                "minSnapshotHistoryWindowInSeconds (docs/backup.md), and make no backup during a migration"
            )
            raise SnapshotGoneError(message) from error
