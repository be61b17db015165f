"""What the services need from a broker."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from taskmanager.errors import TaskManagerError


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One of many messages to publish."""

    key: str
    body: bytes
    priority: int = 0


class Publisher(Protocol):
    """Publishes with confirms. Implementations inherit `publish`."""

    @property
    def ready(self) -> bool:
        """Whether a publish can be expected to succeed: connected and not blocked by an alarm."""

    async def publish(
        self,
        exchange: str,
        key: str,
        body: bytes,
        *,
        priority: int = 0,
        persistent: bool = True,
        mandatory: bool = False,
    ) -> None:
        """Return once the broker has accepted the message.

        Raises BrokerUnavailableError (not connected or blocked; UnconfirmedError if refused or not confirmed
        in time: the outcome is then unknown and a repetition must be harmless) and, if `mandatory`,
        UnroutableMessageError.
        """
        message = Outgoing(key, body, priority)
        outcomes = await self.publish_all(exchange, [message], persistent=persistent, mandatory=mandatory)
        if (error := outcomes[0]) is not None:
            raise error

    async def publish_all(
        self, exchange: str, messages: Sequence[Outgoing], *, persistent: bool = True, mandatory: bool = False
    ) -> list[TaskManagerError | None]:
        """Publish all in this order, and return once nothing more is to be learned about any of them.

        For each message the error that `publish` would raise, or None if the broker has accepted it.
        """


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message delivered by the broker. `generation` is the channel it belongs to.

    Tags are valid only on their channel.
    """

    body: bytes
    key: str
    tag: int
    generation: int
    redelivered: bool = False
    user: str | None = None
    """The publisher's user, if the message names it: the broker checks that it is the user logged in."""
    priority: int = 0
    """The priority that the message was published with."""
    sent_at: float | None = None
    """When it was published, by the publisher's clock, in seconds since 1970; None: it does not say."""


@dataclass(frozen=True, slots=True)
class FoundLetter:
    """A dead letter as it lies in its queue: what was published, and where and why it died."""

    body: bytes
    key: str
    user: str | None = None
    queue: str = ""
    cause: str = ""
    died: datetime | None = None


class Subscription(Protocol):
    """A queue being consumed; survives reconnects. Late acknowledgements for a lost channel are dropped.

    A message from a private queue is settled by its delivery: acknowledging it does nothing.
    """

    @property
    def ready(self) -> bool:
        """Whether messages are being delivered."""

    def holds(self, delivery: Delivery) -> bool:
        """Whether the message is still ours; after its channel is lost the broker delivers it again."""

    def ack(self, delivery: Delivery, *, multiple: bool = False) -> None:
        """Acknowledge the message (with `multiple` also all before it)."""

    def reject(self, delivery: Delivery) -> None:
        """Refuse an unusable message: it becomes a dead letter if the queue has a dead-letter exchange."""


class Lanes(Protocol):
    """A plugin's ticket queue, consumed by lanes that hold few tickets each; a closed lane gets none."""

    on_ticket: Callable[[int, Delivery], None]

    def open(self, lane: int, tickets: int = 1, *, yields: bool = False) -> None:
        """Request tickets for this lane, at most so many at a time. Does nothing if it is open like that.

        A lane that `yields` gets a ticket only while no other lane of any runner can take it.
        """

    def close(self, lane: int) -> None:
        """Request no more. A delivered ticket stays the lane's until it is acknowledged or given back."""

    def closing(self, lane: int) -> bool:
        """Whether the lane is being closed, if only to be opened for another number: more may still come.

        What is given back meanwhile returns to the queue when that is over.
        """

    def holds(self, delivery: Delivery) -> bool:
        """Whether the ticket is still ours; once its channel is lost the broker delivers it to anyone."""

    def ack(self, delivery: Delivery) -> None:
        """Acknowledge the ticket: it is used up."""

    def give_back(self, delivery: Delivery) -> None:
        """Return the ticket to its place in the queue. Close the lane first, or it comes straight back."""
