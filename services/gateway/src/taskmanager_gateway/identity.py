"""What a submission is called: who asks, under which key, and the job id that follows from both."""

from dataclasses import dataclass
from typing import Annotated

import uuid_utils
from fastapi import Header
from starlette.requests import Request

from taskmanager.jobs import JobSpec
from taskmanager_gateway.problems import INVALID_REQUEST, FieldError, field_problem

KEY_HEADER = "Idempotency-Key"
KEY_LENGTH = 255
NAMESPACE = uuid_utils.UUID("6f0d2a0e-6f0b-5c0c-9c57-2f6c3f0c7a11")
"""Fixed for ever: another namespace would give a repeated submission another id."""
ANONYMOUS = "anonymous"
ACTOR_HEADER = "Taskmanager-Actor"
ACTOR_LENGTH = 100


async def client_of(_request: Request) -> str:
    """Who asks. Until clients prove who they are there is only one."""
    return ANONYMOUS


async def actor_of(
    actor: Annotated[
        str | None,
        Header(
            alias=ACTOR_HEADER,
            description=f"Who asks, for the audit: 1 to {ACTOR_LENGTH} printable characters, UTF-8. "
            "Unauthenticated: until there is a log-in, anybody may write any name here.",
        ),
    ] = None,
) -> str:
    """Who commands, by their own word; raises ProblemError for a name that cannot be shown."""
    if actor is None:
        return ANONYMOUS
    name = _text(actor).strip()
    if 1 <= len(name) <= ACTOR_LENGTH and name.isprintable():
        return name
    message = f"1 to {ACTOR_LENGTH} printable characters are expected"
    raise field_problem(INVALID_REQUEST, [FieldError(field=ACTOR_HEADER, message=message)])


def _text(header: str) -> str:
    """A header as UTF-8, which clients send; the server reads Latin-1 (RFC 9110, 5.5)."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header


def checked_key(key: str | None) -> str | None:
    """The key if it may be one; raises ProblemError."""
    if key is None or (1 <= len(key) <= KEY_LENGTH and key.isascii() and key.isprintable()):
        return key
    message = f"1 to {KEY_LENGTH} printable ASCII characters are expected"
    raise field_problem(INVALID_REQUEST, [FieldError(field=KEY_HEADER, message=message)])


@dataclass(frozen=True, slots=True)
class Wish:
    """A job somebody wants, under the id it has if it is accepted."""

    job: str
    spec: JobSpec
    client: str
    key: str | None

    @classmethod
    def of(cls, spec: JobSpec, client: str, key: str | None) -> "Wish":
        """UUIDv7 without a key; with one a UUIDv5 of client and key, so that a repeat names the same job."""
        if key is None:
            return cls(str(uuid_utils.uuid7()), spec, client, key)
        return cls(str(uuid_utils.uuid5(NAMESPACE, f"{client}\0{key}")), spec, client, key)
