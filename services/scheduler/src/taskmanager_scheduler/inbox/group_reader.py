"""Turns deliveries of the inbox into groups of messages. Knows no store and no effects."""

import asyncio
import hashlib
from collections import deque
from collections.abc import Sequence
from datetime import timedelta

from taskmanager.errors import InvalidMessageError
from taskmanager.messages import Inbound, Submissions, Submit
from taskmanager.ports.broker import Delivery, Subscription
from taskmanager.process.logs import get_logger
from taskmanager_scheduler.effects.early_tickets import EarlyTickets
from taskmanager_scheduler.effects.ticket_blocks import BlockSizes
from taskmanager_scheduler.inbox.in_hand import InHand
from taskmanager_scheduler.inbox.senders import NotBelievedError, Senders
from taskmanager_scheduler.metrics import DEAD_LETTERS

GATHER = timedelta(milliseconds=3)
"""How long a message that finds the inbox idle waits for others.

When a slot is free, the claim of a job comes this soon after its submission, and the next claim of a slot
this soon after the end of its last job: both then share a commit. While a commit is under way, others gather
anyway.
"""

GROUP_BYTES = 2 * 1024 * 1024
"""The size limit of a group: logs and files must be stored within the time a transaction may take."""

log = get_logger(__name__)

InboxMessage = tuple[Delivery, Inbound]


QUOTE_NOTHING = (InvalidMessageError, NotBelievedError)
"""Errors whose text contains nothing of a message's content."""


def submissions_of(message: Inbound) -> Sequence[Submit]:
    """The jobs that it submits."""
    return message.submissions if isinstance(message, Submissions) else ()


def _parts(message: Inbound) -> int:
    """How much of a group it takes up."""
    return max(1, len(submissions_of(message)))


class GroupReader:
    """Reads deliveries as they arrive and returns them in groups, in order."""

    def __init__(
        self, group_limit: int, senders: Senders, early: EarlyTickets, block_sizes: BlockSizes
    ) -> None:
        """A group is full with `group_limit` messages or submissions.

        `senders` says which are believed, `early` sends the tickets of new jobs, as many in one message as
        `block_sizes` hears the runners want.
        """
        self._block_sizes = block_sizes
        self._senders = senders
        self._early = early
        self._group_limit = group_limit
        self._arrived: deque[tuple[Delivery, Inbound | None]] = deque()
        """A message is read on arrival while a group has places left; a backlog is kept as it came."""
        self._read = 0
        """How many messages or submissions of those that arrived have been read."""
        self._some = asyncio.Event()
        self._subscription: Subscription | None = None
        self.in_hand = InHand()

    def attach(self, subscription: Subscription) -> None:
        """Set the subscription the deliveries come from."""
        self._subscription = subscription

    def deliver(self, delivery: Delivery) -> None:
        """Take one delivery from the broker."""
        self.in_hand.arrived(delivery)
        if self._read >= self._group_limit or (self._arrived and self._arrived[-1][1] is None):
            self._arrived.append((delivery, None))
        elif (message := self._readable(delivery)) is not None:
            self._arrived.append((delivery, message))
            self._read += _parts(message)
        if self._arrived:
            self._some.set()

    async def next_group(self) -> Sequence[InboxMessage]:
        """The next messages; empty if none of them can be used. Waits for at least one delivery."""
        if not self._arrived:
            await self._some.wait()
            await asyncio.sleep(GATHER.total_seconds())
        group: list[InboxMessage] = []
        bytes_taken = parts = 0
        while self._arrived and parts < self._group_limit:
            bytes_taken += len(self._arrived[0][0].body)
            if group and bytes_taken > GROUP_BYTES:
                break
            delivery, message = self._next()
            if message is not None:
                group.append((delivery, message))
                parts += _parts(message)
        if not self._arrived:
            self._some.clear()
        return group

    def _next(self) -> tuple[Delivery, Inbound | None]:
        """The next delivery and its message; None if that is of no use."""
        delivery, message = self._arrived.popleft()
        if message is not None:
            self._read -= _parts(message)
        if self._subscription is not None and not self._subscription.holds(delivery):
            self.in_hand.settled([delivery])
            if (
                message is not None
            ):  # it is redelivered, here or to another scheduler that may already have it
                self._early.settled(submissions_of(message))
            return delivery, None
        return delivery, message or self._readable(delivery)

    def _readable(self, delivery: Delivery) -> Inbound | None:
        """The message, whose tickets are then under way; None if it has become a dead letter."""
        try:
            message = self._senders.read(delivery.body, delivery.key, delivery.user)
        except InvalidMessageError as error:
            self.dead_letter(delivery, "unreadable", error)
            return None
        except NotBelievedError as error:
            self.dead_letter(delivery, "not believed", error)
            return None
        self._block_sizes.heard(message)
        self._early.arrived(submissions_of(message))
        return message

    def acknowledge(self, messages: Sequence[InboxMessage]) -> None:
        """Acknowledge this group and everything before it; nothing if it is empty."""
        for _, message in messages:
            self._early.settled(submissions_of(message))
        self.in_hand.settled(delivery for delivery, _ in messages)
        if messages and self._subscription is not None:
            self._subscription.ack(messages[-1][0], multiple=True)

    def dead_letter(
        self, delivery: Delivery, reason: str, error: Exception, message: Inbound | None = None
    ) -> None:
        """Reject the delivery, of this message if it is known, to the dead-letter queue; counted and logged.

        The log omits the body and any error that may quote it, since it may be confidential; the queue has
        it.
        """
        DEAD_LETTERS.labels(reason).inc()
        self.in_hand.settled([delivery])
        if message is not None:
            self._early.settled(submissions_of(message))
        digest = hashlib.sha256(delivery.body).hexdigest()
        log.error(
            "dead_letter",
            reason=reason,
            key=delivery.key,
            error=str(error) if isinstance(error, QUOTE_NOTHING) else type(error).__name__,
            bytes=len(delivery.body),
            sha256=digest,
        )
        if self._subscription is not None:
            self._subscription.reject(delivery)
