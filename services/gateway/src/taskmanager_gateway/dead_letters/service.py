"""Dead letters: reading them, sending one back, dropping one."""

from collections.abc import Sequence

from taskmanager.messages import SettleDeadLetter
from taskmanager.messages.topology import Topology
from taskmanager.model.access import Principal
from taskmanager.model.control import LetterAction
from taskmanager.model.registry import DeadLetter
from taskmanager.ports.readers import JobReader
from taskmanager_gateway.access.plugin_scope import allow_all
from taskmanager_gateway.codes import access, problems
from taskmanager_gateway.commands.service import Author, CommandDone, CommandPending, CommandService
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.problems import NOT_POSSIBLE, UNKNOWN_DEAD_LETTER, ProblemError


class DeadLetterService:
    """Reads dead letters and has them settled. Every method may raise StoreUnavailableError.

    All of it concerns all plugins: callers restricted to some get a ProblemError.
    """

    def __init__(self, reader: JobReader, commanding: CommandService, topology: Topology) -> None:
        """`topology` names the inboxes to which a letter can be sent back."""
        self._reader, self._commanding = reader, commanding
        self._inboxes = {inbox.name for inbox in topology.inboxes}

    async def all(self, who: Principal) -> Sequence[DeadLetter]:
        """The oldest ones."""
        allow_all(who, access.DEAD_LETTERS())
        return await from_store(self._reader.dead_letters())

    async def find(self, letter: str, who: Principal) -> DeadLetter:
        """The letter; raises ProblemError if there is none."""
        allow_all(who, access.DEAD_LETTERS())
        found = None if "\0" in letter else await from_store(self._reader.dead_letter(letter))
        if found is None:
            raise ProblemError(UNKNOWN_DEAD_LETTER, problems.NO_DEAD_LETTER(letter=letter[:100]))
        return found

    async def settle(self, letter: str, action: LetterAction, author: Author) -> CommandDone | CommandPending:
        """Send it back to its inbox or drop it; raises ProblemError if it came from no inbox of today."""
        found = await self.find(letter, author.principal)
        if action is LetterAction.REQUEUE and found.queue not in self._inboxes:
            raise ProblemError(NOT_POSSIBLE, problems.OF_NO_INBOX(queue=found.queue or "?"))
        return await self._commanding.command(SettleDeadLetter(letter=letter, action=action), author)
