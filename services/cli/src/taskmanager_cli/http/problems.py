"""From an error response to the sentence and the exit code an operator gets."""

from collections.abc import Mapping
from typing import Any

from taskmanager_cli.errors import CommandError, NotAllowedError, RefusedError, UnreachableError, UsageError

UNAUTHORIZED, FORBIDDEN, NOT_FOUND, PRECONDITION_FAILED = 401, 403, 404, 412
REDIRECTS = range(300, 400)
SERVER_ERRORS = range(500, 600)
SHOWN_FIELDS = 5

_ADVICE: Mapping[int, str] = {
    UNAUTHORIZED: "Give a valid token: TASKMANAGER_TOKEN, --token-file or a profile.",
    PRECONDITION_FAILED: "It was changed in the meantime: look at it again, then repeat the command.",
}
"""What is said after the server's own sentence, which names everything else that can be done."""


def problem_of(status: int, headers: Mapping[str, str], document: Any) -> CommandError:
    """The error for a response that is none of 2xx; `document` is its JSON, None if it has none.

    Statuses of proxies, which send no problem document, get a sentence as well.
    """
    if status in REDIRECTS:
        target = headers.get("location", "another place")
        return UsageError(f"The address only leads to {target}: use that address of the gateway.")
    parts = [_said(status, document), *_fields(document), _ADVICE.get(status), _when(headers)]
    return _kind(status)(" ".join(part for part in parts if part))


def _kind(status: int) -> type[CommandError]:
    if status in {UNAUTHORIZED, FORBIDDEN}:
        return NotAllowedError
    return UnreachableError if status in SERVER_ERRORS else RefusedError


def _said(status: int, document: Any) -> str:
    if isinstance(document, dict) and isinstance(detail := document.get("detail"), str) and detail:
        return detail if detail.endswith((".", "!", "?")) else f"{detail}."
    if status == NOT_FOUND:
        return "There is no TaskManager at this address (404): check the address."
    return f"The server answered {status} without saying why."


def _fields(document: Any) -> list[str]:
    """The invalid fields that the sentence itself, which names the first one, leaves out."""
    errors = document.get("errors") if isinstance(document, dict) else None
    if not isinstance(errors, list):
        return []
    return [f"{one['field']}: {one['message']}." for one in errors[1 : SHOWN_FIELDS + 1]]


def _when(headers: Mapping[str, str]) -> str | None:
    seconds = headers.get("retry-after", "")
    return f"Try again in {seconds} s." if seconds.isdecimal() else None
