"""The outbox: what a rule is to be told, bundled into messages, and how each message went. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import NAMESPACE_OID, uuid5

from pydantic import Field

from taskmanager.model.jobs import Record
from taskmanager.model.notifications.events import Event
from taskmanager.model.notifications.rules import Pace, Rule

KEPT = timedelta(days=30)
"""How long what was sent, or given up, is kept."""
GIVE_UP_AFTER = timedelta(days=3)
"""How long a message is tried before it is given up."""
BUNDLED_MOST = 200
"""How many events one message tells of."""
A_MINUTE_MOST = 10
"""How many messages a rule sends a minute; what is more comes together in the next one."""
MINUTE = timedelta(minutes=1)


class Notice(Record):
    """One event that one rule is to tell."""

    id: str
    rule: str
    event: Event
    due: datetime

    @classmethod
    def of(cls, rule: Rule, event: Event, now: datetime) -> "Notice":
        """What becomes of an event that the rule wants; the same event makes the same notice."""
        return cls(id=f"{rule.id} {event.id}", rule=rule.id, event=event, due=rule.due(now))


class DeliveryState(StrEnum):
    """How far a message has come."""

    PENDING = "pending"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


class Delivery(Record):
    """One message of a rule: which events it tells of is settled before it is first sent, and never changes.

    `rev` grows with every write and guards it.
    """

    id: str
    rule: str
    events: tuple[Event, ...]
    created: datetime
    state: DeliveryState = DeliveryState.PENDING
    attempts: int = 0
    next_try: datetime | None
    last_answer: str | None = None
    """Why it was not accepted, or what was said when it was; short and without secrets."""
    ended: datetime | None = None
    rev: int = Field(default=1)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A message to make, and the notices that it tells of."""

    delivery: Delivery
    notices: tuple[str, ...]


def bundle(rule: Rule, waiting: Sequence[Notice], sent: int, now: datetime) -> Bundle | None:
    """The next message for notices that are due, the oldest first; None: there is none now.

    `sent` messages of the rule were made within the last minute. One event has a message of its own while the
    rule sends at once and few; otherwise all that is due is put together.
    """
    if not waiting or sent >= A_MINUTE_MOST:
        return None
    alone = rule.pace is Pace.AT_ONCE and sent + len(waiting) <= A_MINUTE_MOST
    told = waiting[:1] if alone else waiting[:BUNDLED_MOST]
    key = " ".join(notice.id for notice in told)
    made = Delivery(
        id=str(uuid5(NAMESPACE_OID, key)),
        rule=rule.id,
        events=tuple(notice.event for notice in told),
        created=now,
        next_try=now,
    )
    return Bundle(made, tuple(notice.id for notice in told))
