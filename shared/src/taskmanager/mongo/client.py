"""Opening the database, and the project's errors for pymongo's."""

import contextlib
from collections.abc import Iterator
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
"""How long a call waits for a writable primary before it says that there is none."""
SOCKET_MILLISECONDS = 30_000
AUTHENTICATION_FAILED = frozenset({13, 18, 8000})


def connect(url: str) -> tuple[AsyncMongoClient[Document], Database]:
    """A client and the database the URL names.

    It connects when first used. Raises PermanentError for a bad URL.
    """
    try:
        client: AsyncMongoClient[Document] = AsyncMongoClient(
            url,
            tz_aware=True,
            serverSelectionTimeoutMS=SELECTION_MILLISECONDS,
            connectTimeoutMS=SELECTION_MILLISECONDS,
            socketTimeoutMS=SOCKET_MILLISECONDS,
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
    """Raise PermanentError for refused credentials, StoreUnavailableError for all else the server says.

    A server that refuses a write (no primary, disk full, too busy) may take it later: nothing is given up for
    it. What the driver refuses to encode is no matter of the server and passes through.
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


def _short(error: Exception) -> str:
    return f"MongoDB: {str(error).split(', Timeout:', maxsplit=1)[0]}"
