"""Notes, for the API and the pages alike: who sees a thing sees its notes, who operates leaves some."""

from collections.abc import Sequence

from taskmanager.messages import AddNote, RemoveNote
from taskmanager.model.access import Principal, Right
from taskmanager.model.queries import ProcessQuery
from taskmanager.model.user_content.notes import Note, NoteOn
from taskmanager.ports.readers import JobReader
from taskmanager_gateway.access.plugin_scope import allow, allow_right
from taskmanager_gateway.codes import problems
from taskmanager_gateway.commands.service import Author, CommandDone, CommandPending, CommandService
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.problems import UNKNOWN_NOTE, ProblemError
from taskmanager_gateway.jobs.finder import JobFinder
from taskmanager_gateway.processes.reading import ProcessReading


class NoteService:
    """Every method may raise ProblemError for what is out of reach, and StoreUnavailableError."""

    def __init__(
        self, reader: JobReader, finder: JobFinder, processes: ProcessReading, commanding: CommandService
    ) -> None:
        """`finder` and `processes` say what is within reach."""
        self._reader, self._finder, self._processes = reader, finder, processes
        self._commanding = commanding

    async def all(self, on: NoteOn, key: str, who: Principal) -> Sequence[Note]:
        """The newest notes on a thing, the newest first."""
        await self._plugin(on, key, who)
        return await from_store(self._reader.notes(on, key))

    async def add(self, on: NoteOn, key: str, text: str, author: Author) -> CommandDone | CommandPending:
        """Leave a note."""
        allow_right(author.principal, Right.OPERATE)
        plugin = await self._plugin(on, key, author.principal)
        return await self._commanding.command(AddNote(on=on, key=key, text=text, plugin=plugin), author)

    async def remove(self, note_id: str, author: Author) -> CommandDone | CommandPending:
        """Remove a note, whoever left it; the audit keeps its text."""
        allow_right(author.principal, Right.OPERATE)
        note = None if "\0" in note_id else await from_store(self._reader.note(note_id))
        if note is None:
            raise _unknown()
        plugin = await self._plugin(note.on, note.key, author.principal)
        order = RemoveNote(note=note.id, on=note.on, key=note.key, plugin=plugin)
        return await self._commanding.command(order, author)

    async def _plugin(self, on: NoteOn, key: str, who: Principal) -> str | None:
        """The plugin that the thing belongs to, if to one; raises ProblemError if it is out of reach."""
        match on:
            case NoteOn.JOB:
                return (await self._finder.find(key, who)).plugin
            case NoteOn.PLUGIN:
                allow(who, key)
                return key
            case NoteOn.PROCESS:
                await self._reach(key, who)
                return None

    async def _reach(self, key: str, who: Principal) -> None:
        """Who is restricted to some plugins sees a process with a job of one of them."""
        installation, slash, process = key.partition("/")
        if not (slash and process.isdecimal()):
            raise _unknown()
        if who.unrestricted:
            return
        names = self._processes.names(installation or None)
        query = ProcessQuery(process=int(process), installations=names, limit=1)
        if not (await self._processes.page(query, who)).jobs:
            raise _unknown()


def _unknown() -> ProblemError:
    return ProblemError(UNKNOWN_NOTE, problems.NO_NOTE())
