"""Rules of notifications as the API shows them."""

from datetime import datetime

from pydantic import Field

from taskmanager.model.jobs import Attribution, Record
from taskmanager.model.notifications.deliveries import Delivery, DeliveryState
from taskmanager.model.notifications.events import Event
from taskmanager.model.notifications.rules import Rule, RuleTerms
from taskmanager_gateway.http.views import CommandView


class RuleView(RuleTerms):
    """A rule; `misfit` says why its channel cannot take what it sends, or is null."""

    id: str
    changed: Attribution
    misfit: str | None

    @classmethod
    def of(cls, rule: Rule, misfit: str | None) -> "RuleView":
        """The public form; the values are not validated again."""
        return cls.model_construct(**dict(rule), misfit=misfit)


class RuleListView(Record):
    """All rules within reach, by name."""

    rules: list[RuleView]


class ChannelView(Record):
    """A channel that rules may name. Its addresses and secrets are the administrator's."""

    name: str
    kind: str


class ChannelListView(Record):
    """All channels, by name."""

    channels: list[ChannelView]


class DeliveryView(Record):
    """One message: what it told of, and how it went."""

    id: str
    created: datetime
    state: DeliveryState
    attempts: int
    next_try: datetime | None
    ended: datetime | None
    last_answer: str | None = Field(description="Why it was not accepted, or what was answered when it was.")
    events: tuple[Event, ...]

    @classmethod
    def of(cls, delivery: Delivery) -> "DeliveryView":
        """The public form."""
        return cls.model_construct(**{name: getattr(delivery, name) for name in cls.model_fields})


class DeliveryListView(Record):
    """The last messages of a rule, the newest first; `waiting` events are in no message yet."""

    rule: str
    waiting: int
    deliveries: list[DeliveryView]


class RuleCommandView(CommandView):
    """The result of a command for a rule."""
