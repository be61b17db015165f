"""What a submission is called: who asks, under which key, and the job id that follows from both."""

from dataclasses import dataclass

import uuid_utils
from starlette.requests import Request

from taskmanager.jobs import JobSpec
from taskmanager_gateway.problems import INVALID_REQUEST, FieldError, field_problem

KEY_HEADER = "Idempotency-Key"
KEY_LENGTH = 255
NAMESPACE = uuid_utils.UUID("6f0d2a0e-6f0b-5c0c-9c57-2f6c3f0c7a11")
"""Fixed for ever: another namespace would give a repeated submission another id."""
ANONYMOUS = "anonymous"


async def client_of(_request: Request) -> str:
    """Who asks. Until clients prove who they are there is only one."""
    return ANONYMOUS


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
