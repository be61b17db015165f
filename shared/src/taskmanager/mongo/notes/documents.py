"""Notes between values and documents: what a command writes, and what gateways read."""

from collections.abc import Sequence

from pymongo.asynchronous.client_session import AsyncClientSession

from taskmanager.model.user_content.notes import NOTES_SHOWN, Note, NoteOn
from taskmanager.mongo.base.client import Database, Document, translated_errors, without_key
from taskmanager.mongo.base.statements import add_or_change, update
from taskmanager.mongo.base.unreadable import readable, readable_one
from taskmanager.ports.store import Plan


def note_of(document: Document) -> Note:
    """The note behind a document."""
    return Note.model_validate({"id": document["_id"], **without_key(document)})


async def write_notes(database: Database, session: AsyncClientSession, plan: Plan) -> None:
    """Part of a transaction; repeating it changes nothing."""
    made = [
        add_or_change(
            note.id, {"$setOnInsert": {**note.model_dump(mode="json", exclude={"id"}), "at": note.at}}
        )
        for note in plan.notes
    ]
    await update(database, session, "notes", made)
    if plan.removed_notes:
        await database.notes.delete_many({"_id": {"$in": list(plan.removed_notes)}}, session=session)


class NoteReads:
    """The part of `taskmanager.ports.readers.JobReader` about notes."""

    _database: Database

    async def notes(self, on: NoteOn, key: str) -> Sequence[Note]:
        """See the port."""
        wanted = {"on": on.value, "key": key}
        with translated_errors():
            found = self._database.notes.find(wanted).sort([("at", -1), ("_id", -1)]).limit(NOTES_SHOWN)
            documents = await found.to_list()
        return readable("notes", note_of, documents)

    async def note(self, note_id: str) -> Note | None:
        """See the port."""
        with translated_errors():
            document = await self._database.notes.find_one({"_id": note_id})
        return readable_one("notes", note_of, document)
