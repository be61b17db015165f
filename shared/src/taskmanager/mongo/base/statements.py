"""The statements of a transaction, sent as the database's own commands.

The driver's bulk API sends the same commands, with a tenth more processor time for each transaction.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import BulkWriteError

from taskmanager.mongo.base.client import Database, Document

MOST = 1_000
"""How many statements a command has at most, to stay far below the 48 MB of a message."""

WORTH_A_COMMAND = 8
"""So many new documents are made by a command of their own.

MongoDB 6.0 asks for each index whether it is there, by reading its catalogue: once for each document that an
update makes, once for all documents of an insert. That saves half of what a new job costs, 0.03 ms; one more
command costs 0.2 ms.
"""

Statement = Document
"""One statement of an update command."""


def add(document: Document) -> Statement:
    """Make this document, of those that have a `rev`; a duplicate key is an error, as for an insert.

    None has the `rev` 0, so none is found and replaced. Thus new and changed documents share a command.
    """
    return {"q": {"_id": document["_id"], "rev": 0}, "u": document, "upsert": True}


def change(where: Document, how: Document) -> Statement:
    """Change the document that this condition finds, if there is one."""
    return {"q": where, "u": how}


def add_or_change(key: str, how: Document) -> Statement:
    """Change the document with this key; make it if there is none."""
    return {"q": {"_id": key}, "u": how, "upsert": True}


def by_revision(documents: Iterable[tuple[str, Document]]) -> tuple[list[Document], list[Statement]]:
    """New documents, and the changes of others, from their keys and all their fields.

    A document of `rev` 1 is new; every other one is changed only if the stored `rev` is the one before.
    """
    new, changes = list[Document](), list[Statement]()
    for key, fields in documents:
        if fields["rev"] == 1:
            new.append({"_id": key, **fields})
        else:
            changes.append(change({"_id": key, "rev": fields["rev"] - 1}, {"$set": fields}))
    return new, changes


async def write(
    database: Database,
    session: AsyncClientSession,
    collection: str,
    new: Sequence[Document],
    changes: Sequence[Statement],
) -> int:
    """Make the new documents, then change others; returns how many of the others were found.

    Raises BulkWriteError for the first that cannot be carried out, which ends the transaction.
    """
    if changes and len(new) < WORTH_A_COMMAND:
        return await update(database, session, collection, [*map(add, new), *changes])
    for start in range(0, len(new), MOST):
        some = new[start : start + MOST]
        await _sent(database, session, {"insert": collection, "documents": some, "ordered": True})
    return await update(database, session, collection, changes)


async def update(
    database: Database, session: AsyncClientSession, collection: str, statements: Sequence[Statement]
) -> int:
    """In order; returns how many of the documents were found.

    Raises BulkWriteError for the first that cannot be carried out, which ends the transaction.
    """
    found = 0
    for start in range(0, len(statements), MOST):
        some = statements[start : start + MOST]
        answer = await _sent(database, session, {"update": collection, "updates": some, "ordered": True})
        found += answer["n"] - len(answer.get("upserted", ()))
    return found


async def _sent(database: Database, session: AsyncClientSession, command: Document) -> dict[str, Any]:
    """The answer to a command; the driver raises what concerns the command as a whole."""
    answer = await database.command(command, session=session)
    if errors := answer.get("writeErrors"):
        raise BulkWriteError({"writeErrors": errors})
    return answer
