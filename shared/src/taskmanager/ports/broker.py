"""What the services need of a broker."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


class Publisher(Protocol):
    """Publishes with confirm."""

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
        """Return once the broker has taken the message.

        Raises BrokerUnavailableError (not connected or blocked; UnconfirmedError if it was refused, or there
        was no confirm in time: the outcome is then unknown and a repeat must be harmless) and, if
        `mandatory`, UnroutableMessageError.
        """


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message handed out by the broker. `generation` is the channel it belongs to.

    Tags die with their channel.
    """

    body: bytes
    key: str
    tag: int
    generation: int
    redelivered: bool = False
    user: str | None = None
    """Who published it, if they said so: the broker compares it with the user who is logged in."""


class Subscription(Protocol):
    """A queue being consumed; survives reconnects. Late acknowledgements of a lost channel are dropped.

    What comes from a private queue is taken care of by being delivered: acknowledging it does nothing.
    """

    @property
    def ready(self) -> bool:
        """Whether messages are being delivered."""

    def holds(self, delivery: Delivery) -> bool:
        """Whether the message is still ours; after the loss of its channel the broker gives it out again."""

    def ack(self, delivery: Delivery, *, multiple: bool = False) -> None:
        """The message (with `multiple` also all before it) is taken care of."""

    def reject(self, delivery: Delivery) -> None:
        """The message can't be used: to the dead letters, if the queue has any."""


class Lanes(Protocol):
    """A plugin's ticket queue, consumed one ticket a lane; a closed lane gets none."""

    on_ticket: Callable[[int, Delivery], None]

    def open(self, lane: int) -> None:
        """Ask for one ticket at a time for this lane. Does nothing if it is open."""

    def close(self, lane: int) -> None:
        """Ask for no more. A ticket already handed out stays the lane's until it is acked or given back."""

    def ack(self, delivery: Delivery) -> None:
        """The ticket is used up."""

    def give_back(self, delivery: Delivery) -> None:
        """Return the ticket to its place in the queue. Close the lane first, or it comes straight back."""
