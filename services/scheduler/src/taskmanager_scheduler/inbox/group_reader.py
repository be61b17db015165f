"""Turns deliveries of the inbox into groups of messages. Knows no store and no effects."""

import asyncio
import hashlib
from collections import deque
from collections.abc import Sequence

import structlog

from taskmanager.errors import InvalidMessageError, TaskManagerError
from taskmanager.messages import Inbound, Submissions, decode_inbox
from taskmanager.ports.broker import Delivery, Subscription
from taskmanager_scheduler.inbox.senders import Senders
from taskmanager_scheduler.metrics import DEAD_LETTERS

GROUP_BYTES = 2 * 1024 * 1024
"""The size limit of a group: logs and files must be stored within the time a transaction may take."""

log = structlog.get_logger(__name__)

InboxMessage = tuple[Delivery, Inbound]


class NotBelievedError(TaskManagerError):
    """The sender is not entitled to send this message."""


QUOTE_NOTHING = (InvalidMessageError, NotBelievedError)
"""Errors whose text contains nothing of a message's content."""


class GroupReader:
    """Takes deliveries as they arrive and returns them in groups, in order."""

    def __init__(self, group_limit: int, senders: Senders) -> None:
        """A group is full with `group_limit` messages or submissions; `senders` says which are believed."""
        self._senders = senders
        self._group_limit = group_limit
        self._arrived: deque[Delivery] = deque()
        self._some = asyncio.Event()
        self._subscription: Subscription | None = None

    def attach(self, subscription: Subscription) -> None:
        """Set the subscription the deliveries come from."""
        self._subscription = subscription

    def deliver(self, delivery: Delivery) -> None:
        """Take one delivery from the broker."""
        self._arrived.append(delivery)
        self._some.set()

    async def next_group(self) -> Sequence[InboxMessage]:
        """The next messages; empty if none of them can be used. Waits for at least one delivery."""
        await self._some.wait()
        group: list[InboxMessage] = []
        bytes_taken = parts = 0
        while self._arrived and parts < self._group_limit:
            bytes_taken += len(self._arrived[0].body)
            if group and bytes_taken > GROUP_BYTES:
                break
            delivery = self._arrived.popleft()
            if (message := self._readable(delivery)) is not None:
                group.append((delivery, message))
                parts += len(message.submissions) if isinstance(message, Submissions) else 1
        if not self._arrived:
            self._some.clear()
        return group

    def _readable(self, delivery: Delivery) -> Inbound | None:
        """The message; None if it is not ours any more, or has become a dead letter."""
        if self._subscription is not None and not self._subscription.holds(delivery):
            return None  # it is redelivered, here or to another scheduler that may already have it
        try:
            message = decode_inbox(delivery.body)
        except InvalidMessageError as error:
            self.dead_letter(delivery, "unreadable", error)
            return None
        if doubt := self._senders.doubt(message, delivery.key, delivery.user):
            self.dead_letter(delivery, "not believed", NotBelievedError(doubt))
            return None
        return message

    def acknowledge(self, messages: Sequence[InboxMessage]) -> None:
        """Acknowledge this group and everything before it; nothing if it is empty."""
        if messages and self._subscription is not None:
            self._subscription.ack(messages[-1][0], multiple=True)

    def dead_letter(self, delivery: Delivery, reason: str, error: Exception) -> None:
        """Reject the message to the dead-letter queue, counted and logged.

        The log omits the body and any error that may quote it, since it may be confidential; the queue has
        it.
        """
        DEAD_LETTERS.labels(reason).inc()
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
