"""Dead letters as the API shows them."""

from datetime import datetime

from pydantic import Field

from taskmanager.model.control import Settlement
from taskmanager.model.jobs import Record
from taskmanager.model.registry import DeadLetter
from taskmanager_gateway.http.views import CommandView


class DeadLetterSummary(Record):
    """A message to the scheduler that it could not use."""

    id: str = Field(description="The same for letters with the same content and origin.")
    copies: int = Field(description="How many there are of it; what is done is done with all.")
    queue: str = Field(description="The inbox that it was taken out of.")
    cause: str = Field(
        description="Why, in RabbitMQ's word: `rejected` (by the scheduler), `delivery_limit`, `expired`, "
        "`maxlen`."
    )
    died: datetime | None
    key: str = Field(description="The routing key under which it was published.")
    user: str | None = Field(description="The broker user who published it.")
    kind: str | None = Field(description="The type of message; null if it cannot be read.")
    objection: str | None = Field(
        description="Why the scheduler would refuse it again as it is today; null if it would not, or if "
        "only carrying it out would show it."
    )
    bytes: int
    sha256: str = Field(description="Of its body, as in the scheduler's log.")
    settlement: Settlement | None = Field(description="What is about to be done with it.")

    @classmethod
    def of(cls, letter: DeadLetter) -> "DeadLetterSummary":
        """The public form of a letter, without its text."""
        return cls.model_construct(**{name: getattr(letter, name) for name in cls.model_fields})


class DeadLetterView(DeadLetterSummary):
    """A dead letter with its text."""

    text: str = Field(description="The beginning of its body, at most 16,384 characters.")

    @classmethod
    def of(cls, letter: DeadLetter) -> "DeadLetterView":
        """The public form of a letter."""
        return cls.model_construct(**{name: getattr(letter, name) for name in cls.model_fields})


class DeadLetterListView(Record):
    """The oldest dead letters, at most 100."""

    dead_letters: list[DeadLetterSummary]


class DeadLetterCommandView(CommandView):
    """The command is stored; the scheduler carries it out within seconds."""
