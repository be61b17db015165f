"""All error responses: one table of kinds, as RFC 9457 problem documents.

Clients may rely on `type`; titles and details are for people. A type contains no host name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import ErrorDetails, to_json
from starlette.responses import Response

from taskmanager.errors import TaskManagerError
from taskmanager.model.reasons import PROSE, Code, Reason, ReasonValue
from taskmanager.model.reasons.coded_text import reason_of
from taskmanager_gateway.codes import english, faults, problems

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 2
SHOWN_ERRORS = 20
SHOWN_CHARACTERS = 300
CONTROL_CHARACTER = "control_character"
"""Our own error type in pydantic."""


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """What all problems of one type have in common."""

    name: str
    status: int
    title: str

    @property
    def type(self) -> str:
        """The stable identifier of the type, a URN."""
        return f"urn:taskmanager:problem:{self.name}"


NOT_AUTHENTICATED = ProblemKind("not-authenticated", 401, "Authentication is required")
FRESH_LOG_IN = ProblemKind("fresh-log-in", 401, "Your log-in is too old for this")
FORBIDDEN = ProblemKind("forbidden", 403, "You do not have permission to do this")
CSRF = ProblemKind("csrf", 403, "The request was not sent from a page of this log-in")
TOO_MANY_TRIES = ProblemKind("too-many-tries", 429, "Too many failed log-ins")
MISDIRECTED = ProblemKind("misdirected", 400, "The request is addressed to another host, or to none")
TOO_MANY_STREAMS = ProblemKind("too-many-streams", 429, "Too many event streams are open")
INVALID_REQUEST = ProblemKind("invalid-request", 422, "The request has wrong or missing fields")
MALFORMED_BODY = ProblemKind("malformed-body", 422, "The body is not valid JSON")
INVALID_PARAMETERS = ProblemKind("invalid-parameters", 422, "The plugin does not accept these parameters")
PATH_REFUSED = ProblemKind("path-refused", 422, "A path cannot be used")
KEY_REUSED = ProblemKind("idempotency-key-reused", 422, "The Idempotency-Key was used for another request")
WRONG_PROOF = ProblemKind("wrong-proof", 422, "The password or the code is wrong")
WEAK_PASSWORD = ProblemKind("weak-password", 422, "The password is not good enough")
INVALID_CURSOR = ProblemKind("invalid-cursor", 422, "The cursor does not belong to this list")
UNKNOWN_PLUGIN = ProblemKind("unknown-plugin", 404, "No such plugin is installed")
UNKNOWN_JOB_TYPE = ProblemKind("unknown-job-type", 404, "No plugin handles this job type")
UNKNOWN_TEMPLATE = ProblemKind("unknown-template", 404, "The plugin has no such template")
UNKNOWN_RUNNER = ProblemKind("unknown-runner", 404, "No such runner")
UNKNOWN_PLACE = ProblemKind("unknown-place", 404, "No such place")
UNKNOWN_REPORT = ProblemKind("unknown-report", 404, "No such report")
UNKNOWN_DEAD_LETTER = ProblemKind("unknown-dead-letter", 404, "No such dead letter")
UNKNOWN_PRESET = ProblemKind("unknown-preset", 404, "No such preset")
UNKNOWN_RULE = ProblemKind("unknown-rule", 404, "No such rule of notifications")
UNKNOWN_NOTE = ProblemKind("unknown-note", 404, "No such note")
UNKNOWN_OPERATION = ProblemKind("unknown-operation", 404, "No such operation")
UNKNOWN_USER = ProblemKind("unknown-user", 404, "No such user")
UNKNOWN_SESSION = ProblemKind("unknown-session", 404, "No such log-in")
UNKNOWN_TOKEN = ProblemKind("unknown-token", 404, "No such token")
UNKNOWN_JOB = ProblemKind("unknown-job", 404, "No such job")
NOT_FOUND = ProblemKind("not-found", 404, "There is nothing at this address")
METHOD_NOT_ALLOWED = ProblemKind("method-not-allowed", 405, "This address does not accept this method")
BODY_TIMEOUT = ProblemKind("body-timeout", 408, "The body did not arrive in time")
NOT_ACCEPTING = ProblemKind("plugin-not-accepting", 409, "The plugin is not accepting new jobs")
NOT_POSSIBLE = ProblemKind("not-possible", 409, "This cannot be done in its present state")
UNREADABLE = ProblemKind("unreadable", 409, "The stored record cannot be read")
BODY_TOO_LARGE = ProblemKind("body-too-large", 413, "The body is too large")
UNSUPPORTED_MEDIA_TYPE = ProblemKind("unsupported-media-type", 415, "The body is not in a supported format")
INTERNAL_ERROR = ProblemKind("internal-error", 500, "Internal error")
BROKER_UNAVAILABLE = ProblemKind("broker-unavailable", 503, "Jobs cannot be accepted at present")
STORE_UNAVAILABLE = ProblemKind("store-unavailable", 503, "The database is not responding")
SCHEDULER_UNAVAILABLE = ProblemKind("scheduler-unavailable", 503, "The scheduler does not answer")
PLUGINS_UNKNOWN = ProblemKind("plugins-unknown", 503, "The gateway does not know the plugins yet")
PLUGIN_UNUSABLE = ProblemKind("plugin-unusable", 503, "The plugin declares an unusable parameter schema")
FILE_SYSTEM_SLOW = ProblemKind("file-system-slow", 503, "The file system is not responding")
NO_PICTURE = ProblemKind("no-picture", 404, "There is no such picture")
PICTURE_CHANGING = ProblemKind("picture-changing", 409, "The picture is being written")
PICTURE_UNREADABLE = ProblemKind("picture-unreadable", 422, "The picture cannot be shown")
PICTURES_MISSING = ProblemKind("pictures-missing", 501, "This gateway shows no pictures")
PICTURES_BUSY = ProblemKind("pictures-busy", 503, "Too many pictures are being read")

KINDS = tuple(value for value in list(globals().values()) if isinstance(value, ProblemKind))


class FieldError(BaseModel):
    """One wrong field."""

    model_config = ConfigDict(frozen=True)

    field: str = Field(examples=["goobi.process_id"])
    message: str = Field(examples=["this field is required"])
    code: str = Field(examples=["fault.missing"])
    parameters: dict[str, ReasonValue]

    @classmethod
    def of(cls, field: str, told: Reason) -> "FieldError":
        """An error for that field, with `told` as its reason."""
        return cls(field=field, message=shortened(english(told)), code=told.code, parameters=told.parameters)

    @classmethod
    def of_text(cls, field: str, text: str) -> "FieldError":
        """The same for a text, with the code of the text if it has one."""
        return cls.of(field, reason_of(text) or PROSE(text=shortened(text)))

    @property
    def told(self) -> Reason:
        """The reason."""
        return Reason(code=self.code, parameters=self.parameters)


def _is_absent(value: object) -> bool:
    return value is None


class ProblemDocument(BaseModel):
    """An RFC 9457 problem. Some types have more members, such as `errors`, `known`, `job`, `limit_bytes`."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=[UNKNOWN_PLUGIN.type])
    title: str = Field(examples=[UNKNOWN_PLUGIN.title])
    status: int = Field(examples=[UNKNOWN_PLUGIN.status])
    detail: str = Field(examples=["There is no plugin 'jp3'. Use one of: jp2, shell."])
    code: str = Field(examples=["problem.unknown_plugin"])
    parameters: dict[str, ReasonValue] = Field(examples=[{"plugin": "jp3", "known": "jp2, shell"}])
    errors: list[FieldError] | None = Field(default=None, exclude_if=_is_absent)
    known: list[str] | None = Field(default=None, exclude_if=_is_absent)
    job: str | None = Field(default=None, exclude_if=_is_absent)


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem to answer a request with."""

    kind: ProblemKind
    told: Reason
    extensions: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The members of the JSON document."""
        kind = self.kind
        members = {"type": kind.type, "title": kind.title, "status": kind.status, "detail": self.detail}
        code = {"code": self.told.code, "parameters": self.told.parameters}
        return {**members, **code, **self.extensions}

    @property
    def detail(self) -> str:
        """The English sentence of the reason."""
        return english(self.told)

    def response(self) -> Response:
        """The HTTP response; every 503 says when to try again."""
        headers = dict(self.headers)
        if self.kind.status == 503:  # noqa: PLR2004 - a status code speaks for itself
            headers.setdefault("Retry-After", str(RETRY_AFTER_SECONDS))
        return Response(to_json(self.document()), self.kind.status, headers, MEDIA_TYPE)


class ProblemError(TaskManagerError):
    """Ends a request with a problem as its answer."""

    def __init__(
        self, kind: ProblemKind, told: Reason, headers: Mapping[str, str] | None = None, **extensions: Any
    ) -> None:
        """`extensions` become members of the problem document, `headers` are those of the response."""
        super().__init__(english(told))
        self.problem = Problem(kind, told, extensions, headers or {})

    @classmethod
    def of(cls, problem: Problem) -> "ProblemError":
        """The error that ends a request with this problem."""
        return cls(problem.kind, problem.told, problem.headers, **problem.extensions)


def body_too_large(limit_bytes: int) -> ProblemError:
    """The problem for a body that exceeds the limit of its route."""
    return ProblemError(BODY_TOO_LARGE, problems.BODY_TOO_LARGE(limit=limit_bytes), limit_bytes=limit_bytes)


def field_problem(kind: ProblemKind, errors: list[FieldError]) -> ProblemError:
    """The problem that lists wrong fields, at most `SHOWN_ERRORS` of them."""
    first = errors[0]
    told = problems.FIELD(field=first.field, fault=first.told, count=len(errors) - 1 or None)
    return ProblemError(kind, told, errors=errors[:SHOWN_ERRORS])


def validation_problem(errors: list[ErrorDetails], *, skip: int = 0) -> ProblemError:
    """The problem for pydantic's errors; `skip` leading parts of each location are not the client's."""
    if errors[0]["type"] == "json_invalid":
        return malformed_body(errors[0]["msg"].removeprefix("Invalid JSON: "))
    return field_problem(INVALID_REQUEST, [_field_error(error, skip) for error in errors])


def malformed_body(reason: Reason | str) -> ProblemError:
    """The problem for a body that is not valid JSON."""
    return ProblemError(MALFORMED_BODY, problems.BAD_JSON(fault=reason))


def _field_error(error: ErrorDetails, skip: int) -> FieldError:
    location = error["loc"][skip:]
    return FieldError.of(".".join(map(str, location or error["loc"][:1])) or "body", _fault(error))


def _fault(error: ErrorDetails) -> Reason:
    """The reason for an error: a code for common errors, else pydantic's message, which has no code."""
    code = _CODES.get(error["type"])
    if code is None:
        text = error["msg"].removeprefix("Value error, ")
        return PROSE(text=shortened(text[:1].lower() + text[1:]))
    context = error.get("ctx", {})
    if code is faults.NOT_ALLOWED:
        return code(allowed=_one_of(context["expected"]))
    return code(**{name: context[key] for name, key in _CONTEXT.get(error["type"], {}).items()})


def _one_of(expected: str) -> Reason | str:
    """Pydantic's list of values, `'a', 'b' or 'c'`, with its one English word as a code."""
    first, found, last = expected.rpartition(" or ")
    return faults.ONE_OF(first=first, last=last) if found else expected


_CODES: Mapping[str, Code] = {
    "extra_forbidden": faults.NO_SUCH_FIELD,
    "missing": faults.MISSING,
    "string_pattern_mismatch": faults.BAD_NAME,
    "string_too_short": faults.TOO_SHORT,
    "string_too_long": faults.TOO_LONG,
    "enum": faults.NOT_ALLOWED,
    "literal_error": faults.NOT_ALLOWED,
    CONTROL_CHARACTER: faults.CONTROL_CHARACTER,
}
"""The codes by pydantic's error type."""
_CONTEXT: Mapping[str, Mapping[str, str]] = {
    "string_too_short": {"count": "min_length"},
    "string_too_long": {"count": "max_length"},
}
"""For pydantic's error type: parameter -> its name in pydantic's context."""


def shortened(text: str) -> str:
    """A text that may quote the client's input, cut to a readable length."""
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
