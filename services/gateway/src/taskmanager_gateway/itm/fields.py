"""Reads calls of ITM's interface: each value under any of its historical names, or 17 values by position.

Knows no plugin, and nothing about what the values mean here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from pydantic import JsonValue
from pydantic_core import from_json, to_json

from taskmanager.model.jobs import LINKS_MOST
from taskmanager.model.reasons import Reason
from taskmanager_gateway.codes import faults
from taskmanager_gateway.http.problems import (
    INVALID_REQUEST,
    FieldError,
    ProblemError,
    field_problem,
    malformed_body,
)
from taskmanager_gateway.submissions.chains import error_of_link

FORM = "application/x-www-form-urlencoded"
MEDIA_TYPES = ("application/json", "text/json", "text/plain", FORM)
"""The accepted media types; anything but a form is read as JSON."""
MOST_FORM_FIELDS = 200
SHOWN = 200

NAMES: Mapping[str, tuple[str, ...]] = {
    "job_type": ("jobtype",),
    "process": ("goobiId", "processId"),
    "step": ("stepId", "postOCR"),
    "source": ("sourceDir", "source"),
    "destination": ("targetDir", "destination"),
    "template": ("templatename", "template"),
    "priority": ("priority",),
    "title": ("title",),
    "title_prefix": ("titleprefix",),
    "process_title": ("goobiTitle", "processTitle"),
    "callback_url": ("callbackUrl",),
    "unique": ("unique",),
    "installation": ("installation",),
    "preset": ("preset",),
}
"""Value -> the names it is sent under; of several the first wins. Case is ignored."""

SHOWN_NAMES = {
    "plugin": "jobtype",
    "source": "sourceDir",
    "destination": "targetDir",
    "template": "templatename",
    "callback_url": "callbackUrl",
    "goobi.process_id": "goobiId",
    "goobi.step_id": "stepId",
    "goobi.process_title": "goobiTitle",
    "goobi.installation": "installation",
}
"""Fields of a specification -> the names callers of this interface know."""

POSITIONS = (
    "url",
    "sourceDir",
    "targetDir",
    "language",
    "fontType",
    "priority",
    "postOCR",
    "title",
    "templatename",
    "jobtype",
    "goobiId",
    "serverType",
    "value13",
    "value14",
    "value15",
    "language",
    "returnError",
)
"""The 17 values of the TaskClient library. What some were for is unknown: those are named by number."""

_OF_THE_CLIENT = frozenset({"url", "returnerror"})
"""Values that only the calling program itself needed."""
_PARAMETERS = "parameters"
_AFTER = "after"
_INHERITED = frozenset({"process", "step", "priority", "process_title", "installation"})
"""What the jobs that follow have from the first one unless they say otherwise."""
_CANONICAL = {name.casefold(): value for value, names in NAMES.items() for name in names}


@dataclass(frozen=True, slots=True)
class ItmCall:
    """One call as texts; None: missing or empty. `others` keep the names and types they were sent with."""

    job_type: str | None = None
    process: str | None = None
    step: str | None = None
    source: str | None = None
    destination: str | None = None
    template: str | None = None
    priority: str | None = None
    title: str | None = None
    title_prefix: str | None = None
    process_title: str | None = None
    callback_url: str | None = None
    unique: str | None = None
    installation: str | None = None
    preset: str | None = None
    """The name of a preset, for template and parameters that the call does not give."""
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)
    others: Mapping[str, JsonValue] = field(default_factory=dict)
    after: tuple["ItmCall", ...] = ()
    """The calls for the jobs that follow in a chain."""


def read_call(body: bytes, media_type: str) -> ItmCall:
    """Parse the call in a body; raises ProblemError if it is not a call or has values of a wrong type."""
    text = _decoded(body)
    document = _form(text) if media_type == FORM else _json(text)
    given = _positional(document) if isinstance(document, list) else document
    if not isinstance(given, dict):
        raise wrong("body", faults.NO_CALL())
    return _call(_not_empty(given))


def _decoded(body: bytes) -> str:
    """Decode as UTF-8, or else as Latin-1, the default of Apache's HttpClient, which callers use."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("latin-1")


def _json(text: str) -> Any:
    try:
        return from_json(text)
    except ValueError as error:
        raise malformed_body(str(error)) from error


def _form(text: str) -> dict[str, Any]:
    try:
        document: dict[str, Any] = dict(_pairs(text))
    except ValueError as error:
        raise malformed_body(faults.NO_FORM(error=str(error))) from error
    if _PARAMETERS in document:
        document[_PARAMETERS] = _json(document[_PARAMETERS])
    return document


def _pairs(text: str) -> list[tuple[str, str]]:
    """Names and values of a form; percent-encoded bytes are in one of the same two encodings."""
    try:
        return parse_qsl(text, strict_parsing=True, errors="strict", max_num_fields=MOST_FORM_FIELDS)
    except UnicodeDecodeError:
        return parse_qsl(
            text, strict_parsing=True, encoding="latin-1", errors="strict", max_num_fields=MOST_FORM_FIELDS
        )


def _positional(values: list[Any]) -> dict[str, Any]:
    if len(values) != len(POSITIONS):
        raise wrong("body", faults.NOT_SO_MANY_VALUES(wanted=len(POSITIONS), number=len(values)))
    named: dict[str, Any] = {}
    for name, value in zip(POSITIONS, values, strict=True):
        if value not in (None, ""):
            named.setdefault(name, value)
    return named


def _call(given: dict[str, Any]) -> ItmCall:
    texts: dict[str, tuple[int, str]] = {}
    others: dict[str, JsonValue] = {}
    parameters: Any = {}
    after: tuple[ItmCall, ...] = ()
    for name, value in given.items():
        key = name.casefold()
        if key == _PARAMETERS:
            parameters = value
        elif key == _AFTER and isinstance(value, list):
            after = _chain(given, value)
        elif key in _CANONICAL:
            _take(texts, name, value)
        elif key not in _OF_THE_CLIENT:
            others[name] = value
    if not isinstance(parameters, dict):
        raise wrong(_PARAMETERS, faults.NO_OBJECT())
    found = {value: text for value, (_, text) in texts.items()}
    return ItmCall(**found, parameters=parameters, others=others, after=after)


def _chain(given: Mapping[str, Any], links: list[Any]) -> tuple[ItmCall, ...]:
    """The calls for the jobs that follow this one; each says what differs from it."""
    if not 1 <= len(links) < LINKS_MOST or not all(isinstance(link, dict) for link in links):
        raise wrong(_AFTER, faults.NO_LINKS(most=LINKS_MOST - 1))
    inherited = {
        name: value for name, value in given.items() if _CANONICAL.get(name.casefold()) in _INHERITED
    }
    calls = []
    for number, link in enumerate(links, start=1):
        own = {_CANONICAL.get(name.casefold()) for name in link}
        kept = {name: value for name, value in inherited.items() if _CANONICAL[name.casefold()] not in own}
        try:
            calls.append(_call({**kept, **_not_empty(link)}))
        except ProblemError as error:
            raise error_of_link(error, number) from error
    return tuple(calls)


def _not_empty(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None and value != ""}


def _take(texts: dict[str, tuple[int, str]], name: str, value: Any) -> None:
    """Of several names for one value, the one listed first in `NAMES` wins."""
    canonical = _CANONICAL[name.casefold()]
    rank = [known.casefold() for known in NAMES[canonical]].index(name.casefold())
    text = _text(name, value)
    if text and (canonical not in texts or rank < texts[canonical][0]):
        texts[canonical] = (rank, text)


def _text(name: str, value: Any) -> str:
    """The value as text, from a text or a number; some callers write 4711 as 4711.0."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise wrong(name, faults.NO_TEXT(value=to_json(value).decode()[:SHOWN]))


def wrong(name: str, what: Reason) -> ProblemError:
    """The problem for one field, under the caller's name for it."""
    return field_problem(INVALID_REQUEST, [FieldError.of(name, what)])
