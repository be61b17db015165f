"""Tasks for Goobi and their results: values shared by dialects, transport and delivery."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from taskmanager.model.log_types import LogType

ANSWER_LIMIT = 300
"""Characters of an answer that are kept."""
OK = 200
REDIRECTS = range(300, 400)
UNAUTHORIZED = 401
NOT_FOUND = 404
GATEWAY_ERRORS = frozenset({502, 503, 504})
"""Sent by a proxy when the Goobi behind it is unavailable."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """Write an entry to the process log. `author` has its own field or, lacking that, precedes `text`."""

    process_id: int
    step_id: int | None
    type: LogType
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class CloseStep:
    """Close the step and move the workflow on."""

    process_id: int
    step_id: int


@dataclass(frozen=True, slots=True)
class ErrorStep:
    """Set the step to error."""

    process_id: int
    step_id: int


@dataclass(frozen=True, slots=True)
class Callback:
    """Call the callback address of a job."""

    url: str
    job_type: str


Task = LogEntry | CloseStep | ErrorStep | Callback


@dataclass(frozen=True, slots=True)
class GoobiCall:
    """An HTTP request. `path` is relative to the installation's address, or an absolute URL."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer from Goobi; `text` is truncated. `location` is the target of a redirect."""

    status: int
    text: str = ""
    location: str = ""


class Fate(StrEnum):
    """What an answer means for the task."""

    DONE = "done"
    AGAIN = "again"
    """Not accepted this time."""
    REFUSED = "refused"
    """Goobi understood the task and will never accept it."""
    AWAY = "away"
    """Nothing there accepts tasks at present."""
    LOOK = "look"
    """It depends on the current state: look it up and judge by the result."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The fate and a short reason."""

    fate: Fate
    words: str


class GoobiDialect(Protocol):
    """One of Goobi's interfaces. Pure."""

    def call(self, task: Task) -> GoobiCall:
        """The request that performs the task."""

    def judge(self, task: Task, answer: Answer) -> Judgement:
        """What the answer means for the task."""

    def look(self, task: Task) -> GoobiCall | None:
        """The request that shows whether the task is already done, if there is one."""

    def seen(self, task: Task, answer: Answer) -> bool | None:
        """Whether the answer to `look` shows the task as done; None if it does not say."""


_TAGS = re.compile(r"<(style|script)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)


def in_brief(text: str) -> str:
    """The text, or the text of a page, shortened to one line: without tags and repeated whitespace."""
    plain = " ".join(_TAGS.sub(" ", text).split())
    return plain if len(plain) <= ANSWER_LIMIT else f"{plain[:ANSWER_LIMIT]}..."


def is_page(text: str) -> bool:
    """Whether this is a web page: a login form or a proxy's page instead of an answer from Goobi."""
    return re.match(r"\s*<(!doctype\s+html|html)\b", text, re.IGNORECASE) is not None


def refused_access(answer: Answer) -> Judgement | None:
    """The judgement that is the same for every dialect and task; None for all other answers."""
    if answer.status in REDIRECTS:
        return Judgement(
            Fate.AGAIN, f"{answer.status}: redirects to {answer.location}, which is not followed"
        )
    if answer.status in GATEWAY_ERRORS:
        return Judgement(Fate.AWAY, described(answer))
    if answer.status == UNAUTHORIZED:
        return Judgement(
            Fate.AGAIN, f"401: Goobi refuses the token or this machine's address. {_said(answer)}"
        )
    return None


def described(answer: Answer) -> str:
    """Status and text on one short line."""
    return f"{answer.status}: {_said(answer)}" if answer.text else str(answer.status)


def _said(answer: Answer) -> str:
    return in_brief(answer.text)
