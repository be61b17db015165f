"""The header in which a caller names the person it acts for; the name is not verified."""

from starlette.datastructures import Headers

from taskmanager_gateway.codes import faults
from taskmanager_gateway.http.problems import INVALID_REQUEST, FieldError, field_problem

ACTOR_HEADER = "Taskmanager-Actor"
ACTOR_LENGTH = 100


def named_actor(headers: Headers) -> str | None:
    """The name, or None without the header. Raises ProblemError for a name that cannot be displayed."""
    actor = headers.get(ACTOR_HEADER)
    if actor is None:
        return None
    name = _text(actor).strip()
    if 1 <= len(name) <= ACTOR_LENGTH and name.isprintable():
        return name
    raise field_problem(INVALID_REQUEST, [FieldError.of(ACTOR_HEADER, faults.UNPRINTABLE(most=ACTOR_LENGTH))])


def _text(header: str) -> str:
    """Decode a header as UTF-8, which clients send; the server reads Latin-1 (RFC 9110, 5.5)."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header
