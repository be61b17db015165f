"""Dead letters as documents: what gateways show of them, and what operators ordered."""

from collections.abc import Collection, Mapping, Sequence

from pymongo import DeleteMany, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession

from taskmanager.model.control import Settlement
from taskmanager.model.registry import LETTERS_LIMIT, DeadLetter
from taskmanager.mongo.base.client import Database, Document, translated_errors, without_key
from taskmanager.mongo.base.unreadable import readable, readable_one

OLDEST_FIRST = [("died", 1), ("_id", 1)]


class DeadLetterReads:
    """The part of `taskmanager.ports.readers.JobReader` about dead letters."""

    _database: Database

    async def dead_letters(self) -> Sequence[DeadLetter]:
        """See the port."""
        with translated_errors():
            found = await self._database.dead_letters.find({}).sort(OLDEST_FIRST).to_list(LETTERS_LIMIT)
        return readable("dead_letters", _letter_of, found)

    async def dead_letter_count(self) -> int:
        """See the port. The store keeps at most `LETTERS_LIMIT` of them."""
        with translated_errors():
            found = await self._database.dead_letters.find({}, {"copies": 1}).to_list(LETTERS_LIMIT)
        return sum(document.get("copies", 1) for document in found)

    async def dead_letter(self, letter: str) -> DeadLetter | None:
        """See the port."""
        with translated_errors():
            document = await self._database.dead_letters.find_one({"_id": letter})
        return readable_one("dead_letters", _letter_of, document)


async def order(database: Database, session: AsyncClientSession, letter: str, wanted: Settlement) -> None:
    """Part of a transaction; a letter that is no longer known is none to settle."""
    change = {"$set": {"settlement": wanted.model_dump(mode="python")}}
    await database.dead_letters.update_one({"_id": letter}, change, session=session)


class MongoDeadLetters:
    """Implements `taskmanager.ports.dead_letter_store.DeadLetterStore`."""

    def __init__(self, database: Database) -> None:
        """Shares the store's connections, but does not wait for its transactions."""
        self._database = database

    async def ordered(self) -> Mapping[str, Settlement]:
        """See the port."""
        with translated_errors():
            found = await self._database.dead_letters.find({"settlement": {"$exists": True}}).to_list()
        letters = readable("dead_letters", _letter_of, found)
        return {one.id: one.settlement for one in letters if one.settlement is not None}

    async def keep(self, letters: Sequence[DeadLetter], *, not_possible: Collection[str] = ()) -> None:
        """See the port."""
        changes: list[DeleteMany | UpdateOne] = [DeleteMany({"_id": {"$nin": [one.id for one in letters]}})]
        for one in letters:
            change: Document = {"$set": one.model_dump(mode="python", exclude={"id", "settlement"})}
            if one.id in not_possible:
                change["$unset"] = {"settlement": ""}
            changes.append(UpdateOne({"_id": one.id}, change, upsert=True))
        with translated_errors():
            await self._database.dead_letters.bulk_write(changes)


def _letter_of(document: Document) -> DeadLetter:
    return DeadLetter.model_validate({"id": document["_id"], **without_key(document)})
