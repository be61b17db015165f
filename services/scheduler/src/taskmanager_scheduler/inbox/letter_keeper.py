"""Shows the dead letters to the gateways, through the store, and settles those that operators decided on.

Only the scheduler that has the home's inbox does so. The letters stay in their queue until they are settled;
the store has what is shown of them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from taskmanager.errors import TemporaryError, UnroutableMessageError
from taskmanager.messages import Redelivered
from taskmanager.messages.topology import Topology
from taskmanager.model.control import LetterAction, Settlement
from taskmanager.model.registry import LETTERS_LIMIT, DeadLetter
from taskmanager.ports.broker import FoundLetter, Publisher
from taskmanager.ports.dead_letter_store import DeadLetterStore
from taskmanager.process.lifecycle import every
from taskmanager.process.logs import get_logger
from taskmanager_scheduler.inbox.letters import letter_of, opened
from taskmanager_scheduler.inbox.senders import Senders

log = get_logger(__name__)


class LetterQueue(Protocol):
    """The queue of dead letters; every call may raise TemporaryError."""

    async def waiting(self) -> int:
        """How many wait."""

    async def go_through(self, remove: Callable[[FoundLetter], Awaitable[bool]], most: int) -> None:
        """Show at most so many, the oldest first, and remove those for which `remove` says so."""


@dataclass
class _Look:
    """How many letters were seen, those that remain, by id, and the ids of those that must."""

    seen: int = 0
    left: dict[str, DeadLetter] = field(default_factory=dict)
    not_possible: set[str] = field(default_factory=set)


class LetterKeeper:
    """Looks for changes in the queue and for orders, and does what is to be done."""

    def __init__(  # noqa: PLR0913 - wiring
        self,
        queue: LetterQueue,
        store: DeadLetterStore,
        publisher: Publisher,
        topology: Topology,
        senders: Mapping[str, Senders],
        *,
        active: Callable[[], bool],
        interval: timedelta,
    ) -> None:
        """`senders` says for each inbox whom it believes; `active` whether it is this scheduler's turn."""
        self._queue, self._store, self._publisher, self._topology = queue, store, publisher, topology
        self._senders, self._active, self._interval = senders, active, interval
        self._inboxes = {inbox.name: number for number, inbox in enumerate(topology.inboxes)}
        self._waiting: int | None = None
        """How many waited at the last look; None: look in any case."""

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop`; what fails is left to the next look."""
        await every(self._interval, self._try_once, stop)

    async def _try_once(self) -> None:
        try:
            await self.run_once()
        except TemporaryError as error:
            self._waiting = None
            log.warning("dead_letters_not_looked_at", error=str(error))

    async def run_once(self) -> None:
        """Look once; raises TemporaryError."""
        if not self._active():
            self._waiting = None
            return
        orders, waiting = await self._store.ordered(), await self._queue.waiting()
        if waiting == self._waiting and not orders:
            return
        self._waiting = None
        # no more than there were: one that is sent back in vain comes behind them, and is not sent back again
        most = min(waiting, LETTERS_LIMIT)
        look = await self._settle(orders, most)
        if look.seen < most:
            return  # somebody else has fetched the rest
        await self._store.keep(list(look.left.values()), not_possible=look.not_possible)
        self._waiting = None if orders else waiting

    async def _settle(self, orders: Mapping[str, Settlement], most: int) -> "_Look":
        look = _Look()
        left, not_possible = look.left, look.not_possible

        async def settled(found: FoundLetter) -> bool:
            look.seen += 1
            original = opened(found)
            letter = letter_of(original, self._senders)
            order = orders.get(letter.id)
            if order is not None:
                if order.action is LetterAction.DROP or await self._sent_back(original):
                    log.warning("dead_letter_settled", letter=letter.id, action=order.action, by=order.by)
                    return True
                not_possible.add(letter.id)
            copies = left[letter.id].copies if letter.id in left else 0
            left[letter.id] = letter.model_copy(update={"copies": copies + 1})
            return False

        await self._queue.go_through(settled, most)
        return look

    async def _sent_back(self, letter: FoundLetter) -> bool:
        """Publish it to its inbox once more; False if there is no such inbox. Raises TemporaryError.

        If this scheduler dies before the letter is removed it is sent twice, which every message may be.
        """
        number = self._inboxes.get(letter.queue)
        if number is None:
            log.error("dead_letter_of_no_inbox", queue=letter.queue)
            return False
        message = Redelivered.of(letter.body, letter.key, letter.user)
        key = self._topology.tick_key_of(number)
        try:
            await self._publisher.publish(self._topology.events, key, message.encode(), mandatory=True)
        except UnroutableMessageError as error:
            log.error("dead_letter_not_sent_back", queue=letter.queue, error=str(error))  # noqa: TRY400
            return False
        return True
