"""Dead letters: reading them, sending some back, dropping some."""

import asyncio
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
        if not self.possible(found, action):
            raise ProblemError(NOT_POSSIBLE, problems.OF_NO_INBOX(queue=found.queue or "?"))
        return await self._commanding.command(SettleDeadLetter(letter=letter, action=action), author)

    def possible(self, letter: DeadLetter, action: LetterAction) -> bool:
        """Whether this can be done with the letter: only one from an inbox of today can go back."""
        return action is LetterAction.DROP or letter.queue in self._inboxes

    async def settle_all(
        self, letters: Sequence[str], action: LetterAction, author: Author
    ) -> CommandDone | CommandPending:
        """Do this with each of them, by a command of its own, so that the audit names each.

        Those that are gone, or with which it is not possible, are passed over. The result is that of the
        command that got least far. Raises ProblemError if none is left, or if a command could not be sent;
        others may have been.
        """
        known = {one.id: one for one in await self.all(author.principal)}
        left = [one for one in dict.fromkeys(letters) if one in known and self.possible(known[one], action)]
        if not left:
            raise ProblemError(UNKNOWN_DEAD_LETTER, problems.NO_DEAD_LETTER(letter=letters[0][:100]))
        orders = [SettleDeadLetter(letter=one, action=action) for one in left]
        results = await asyncio.gather(
            *(self._commanding.command(order, author) for order in orders), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result
        done = [result for result in results if not isinstance(result, BaseException)]
        return next((one for one in done if isinstance(one, CommandPending)), done[0])
