"""What all messages share: frozen, versioned, unknown fields rejected; and how their bytes are read."""

from typing import Literal, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from taskmanager.errors import InvalidMessageError
from taskmanager.model.jobs import Record

T = TypeVar("T")


class AttemptReference(Record):
    """Identifies one attempt of one job."""

    job: str
    attempt: int


class Message(Record):
    """A message as it is published.

    What checks it is built when it is first needed: each service knows a part of the messages only.
    """

    model_config = ConfigDict(defer_build=True)

    v: Literal[1] = 1

    def encode(self) -> bytes:
        """JSON bytes."""
        return self.model_dump_json(exclude_none=True).encode()


def decode(adapter: TypeAdapter[T], body: bytes) -> T:
    """The message in a body; raises InvalidMessageError with the first problem."""
    try:
        return adapter.validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        reason = f"{error.error_count()} problem(s), the first at {where}: {first['msg']}"
        raise InvalidMessageError(reason, body) from error
