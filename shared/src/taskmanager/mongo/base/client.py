"""Opens the database, and translates pymongo's errors to the project's."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pymongo.errors
from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient, ReadPreference, WriteConcern
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.read_concern import ReadConcern

from taskmanager.errors import PermanentError, StoreUnavailableError

Document = dict[str, Any]
Database = AsyncDatabase[Document]

SELECTION_MILLISECONDS = 3_000
"""How long a call waits for a writable primary before it fails."""
SOCKET_LIMIT = timedelta(seconds=10)
"""How long a call waits for an answer: everything is done in pages, none of which takes seconds."""
TRANSACTION_LIMIT = timedelta(seconds=10)
"""How long a transaction is retried before its caller gets an error; the driver would continue for 120 s."""
AUTHENTICATION_FAILED = frozenset({13, 18, 8000})


def without_key(document: Document) -> Document:
    """All fields except `_id`, for models with another name for their key."""
    return {name: value for name, value in document.items() if name != "_id"}


def connect(
    url: str, *, socket_limit: timedelta | None = SOCKET_LIMIT
) -> tuple[AsyncMongoClient[Document], Database]:
    """A client and the database the URL names.

    It connects when first used. `socket_limit` None is for calls that may take long, such as making an index.
    Raises PermanentError for a bad URL.
    """
    socket_milliseconds = int(socket_limit.total_seconds() * 1000) if socket_limit else None
    try:
        client: AsyncMongoClient[Document] = AsyncMongoClient(
            url,
            tz_aware=True,
            serverSelectionTimeoutMS=SELECTION_MILLISECONDS,
            connectTimeoutMS=SELECTION_MILLISECONDS,
            socketTimeoutMS=socket_milliseconds,
            appname="taskmanager",
        )
        name = client.get_default_database().name
    except pymongo.errors.PyMongoError as error:
        message = f"MONGODB_URL cannot be used (it must name a database): {error}"
        raise PermanentError(message) from error
    database = client.get_database(
        name,
        codec_options=CodecOptions(tz_aware=True),
        write_concern=WriteConcern("majority", j=True),
        read_concern=ReadConcern("majority"),
        read_preference=ReadPreference.PRIMARY,
    )
    return client, database


@contextlib.contextmanager
def translated_errors() -> Iterator[None]:
    """Raise PermanentError for refused credentials, StoreUnavailableError for all other server errors.

    A server that refuses a write (no primary, disk full, too busy) may accept it later: such an error is
    never treated as final. Errors of the driver's encoding do not come from the server and pass through.
    """
    try:
        yield
    except pymongo.errors.OperationFailure as error:
        if error.code in AUTHENTICATION_FAILED:
            message = f"MongoDB refuses access: {error.details or error}"
            raise PermanentError(message) from error
        raise StoreUnavailableError(_short(error)) from error
    except (pymongo.errors.ConnectionFailure, pymongo.errors.WaitQueueTimeoutError) as error:
        raise StoreUnavailableError(_short(error)) from error


@contextlib.asynccontextmanager
async def bounded(limit: timedelta = TRANSACTION_LIMIT) -> AsyncIterator[None]:
    """`translated_errors`, and StoreUnavailableError when the time is up."""
    try:
        with translated_errors():
            async with asyncio.timeout(limit.total_seconds()):
                yield
    except TimeoutError as error:
        raise StoreUnavailableError(f"MongoDB: not done within {limit.total_seconds():g} s") from error


def _short(error: Exception) -> str:
    return f"MongoDB: {str(error).split(', Timeout:', maxsplit=1)[0]}"
