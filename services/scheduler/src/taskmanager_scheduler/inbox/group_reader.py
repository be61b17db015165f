"""Turns deliveries of the inbox into groups of messages. Knows no store and no effects."""

import asyncio
import hashlib
from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from itertools import islice

from taskmanager.errors import InvalidMessageError, TaskManagerError
from taskmanager.messages import Inbound, decode_inbox
from taskmanager.ports.broker import Delivery, Subscription
from taskmanager.process.logs import get_logger
from taskmanager_scheduler.inbox.senders import Senders
from taskmanager_scheduler.metrics import DEAD_LETTERS

GATHER = timedelta(milliseconds=3)
"""How long the first message of a group waits for others.

When a slot is free, the claim of a job comes this soon after its submission, and the next claim of a slot
this soon after the end of its last job: both then share a commit.
"""

GROUP_BYTES = 2 * 1024 * 1024
"""The size limit of a group: logs and files must be stored within the time a transaction may take."""

log = get_logger(__name__)

InboxMessage = tuple[Delivery, Inbound]


class NotBelievedError(TaskManagerError):
    """The sender is not entitled to send this message."""


QUOTE_NOTHING = (InvalidMessageError, NotBelievedError)
"""Errors whose text contains nothing of a message's content."""


class GroupReader:
    """Takes deliveries as they arrive and returns them in groups, in order."""

    def __init__(self, group_limit: int, senders: Senders) -> None:
        """`group_limit` is the maximum number of messages in a group; `senders` says which are believed."""
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
        if len(self._arrived) < self._group_limit:
            await asyncio.sleep(GATHER.total_seconds())
        group = [self._arrived.popleft() for _ in range(self._next_size())]
        if not self._arrived:
            self._some.clear()
        return self._readable(group)

    def _next_size(self) -> int:
        """As many as fit into a group, but at least one."""
        size = 0
        for number, delivery in enumerate(islice(self._arrived, self._group_limit)):
            size += len(delivery.body)
            if size > GROUP_BYTES and number:
                return number
        return min(len(self._arrived), self._group_limit)

    def _readable(self, group: Sequence[Delivery]) -> list[InboxMessage]:
        messages = []
        for delivery in group:
            if self._subscription is not None and not self._subscription.holds(delivery):
                continue  # it is redelivered, here or to another scheduler that may already have it
            try:
                message = decode_inbox(delivery.body)
            except InvalidMessageError as error:
                self.dead_letter(delivery, "unreadable", error)
                continue
            if doubt := self._senders.doubt(message, delivery.key, delivery.user):
                self.dead_letter(delivery, "not believed", NotBelievedError(doubt))
            else:
                messages.append((delivery, message))
        return messages

    def acknowledge(self, messages: Sequence[InboxMessage]) -> None:
        """Acknowledge this group and everything before it."""
        if self._subscription is not None:
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
