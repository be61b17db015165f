"""The identity of a submission: its client, its key, and the job id derived from both."""

from collections.abc import Sequence
from dataclasses import dataclass

import uuid_utils

from taskmanager.model.access import Principal
from taskmanager.model.jobs import JobSpec
from taskmanager_gateway.access.auth_context import AuthContext
from taskmanager_gateway.codes import faults
from taskmanager_gateway.http.problems import INVALID_REQUEST, FieldError, field_problem

KEY_HEADER = "Idempotency-Key"
KEY_LENGTH = 255
NAMESPACE = uuid_utils.UUID("6f0d2a0e-6f0b-5c0c-9c57-2f6c3f0c7a11")
"""Never to be changed: another namespace would give a repeated submission another id."""


def checked_key(key: str | None) -> str | None:
    """The key, if it is valid; raises ProblemError."""
    if key is None or (1 <= len(key) <= KEY_LENGTH and key.isascii() and key.isprintable()):
        return key
    raise field_problem(INVALID_REQUEST, [FieldError.of(KEY_HEADER, faults.NOT_ASCII(most=KEY_LENGTH))])


@dataclass(frozen=True, slots=True)
class Submission:
    """A requested job, with the id it gets if it is accepted."""

    job: str
    spec: JobSpec
    client: str
    """Whose the key is: for a token the token itself, whoever uses it."""
    key: str | None
    who: Principal
    after: tuple["Submission", ...] = ()
    """The jobs that follow it, each when the one before it is done."""

    @classmethod
    def of(
        cls, spec: JobSpec, by: AuthContext, key: str | None, after: Sequence[JobSpec] = ()
    ) -> "Submission":
        """The id is a UUIDv7 or, with a key, a UUIDv5 of client and key, so a repeat names the same job.

        So do the ids of those that follow, with their number and content: equal chains are the same jobs.
        """
        behind = tuple(
            cls(_id(by, key, f"\0{number}\0{one.fingerprint()}"), one, by.client, key, by.principal)
            for number, one in enumerate(after, start=1)
        )
        return cls(_id(by, key), spec, by.client, key, by.principal, behind)

    @property
    def jobs(self) -> tuple["Submission", ...]:
        """This job and those that follow it."""
        return (self, *self.after)

    @property
    def chain(self) -> tuple[str, ...]:
        """The ids of this job and those that follow it; none if it is alone."""
        return tuple(one.job for one in self.jobs) if self.after else ()


def _id(by: AuthContext, key: str | None, which: str = "") -> str:
    if key is None:
        return str(uuid_utils.uuid7())
    return str(uuid_utils.uuid5(NAMESPACE, f"{by.client}\0{key}{which}"))
