"""What is asked of Goobi and what comes of it: values between dialects, transport and delivery."""

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
"""What a proxy says when Goobi behind it is away."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Write this into the process log. `author` is named beside it, or before it where a dialect cannot."""

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
    """Call the address a job brought with it."""

    url: str
    job_type: str


Task = Entry | CloseStep | ErrorStep | Callback


@dataclass(frozen=True, slots=True)
class GoobiCall:
    """An HTTP request. `path` is below the installation's address, or a whole address."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `text` is bounded. `location` is where a redirect points to."""

    status: int
    text: str = ""
    location: str = ""


class Fate(StrEnum):
    """What an answer means for what was asked."""

    DONE = "done"
    AGAIN = "again"
    """Not taken this time."""
    REFUSED = "refused"
    """Goobi understood it and will never take it."""
    AWAY = "away"
    """Nobody takes anything there at present."""
    LOOK = "look"
    """It depends on the state of things: look, and judge by what is found."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The fate and, in a few words, why."""

    fate: Fate
    words: str


class Dialect(Protocol):
    """One of Goobi's interfaces: pure."""

    def call(self, task: Task) -> GoobiCall:
        """The request that has the task done."""

    def judge(self, task: Task, answer: Answer) -> Judgement:
        """What the answer to it means."""

    def look(self, task: Task) -> GoobiCall | None:
        """The request that shows whether the task is done already, if there is one."""

    def seen(self, task: Task, answer: Answer) -> bool | None:
        """Whether it is done, by the answer to `look`; None if the answer does not say."""


_TAGS = re.compile(r"<(style|script)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)


def in_brief(text: str) -> str:
    """A text or page as a short line: tags and repeated blanks left out."""
    plain = " ".join(_TAGS.sub(" ", text).split())
    return plain if len(plain) <= ANSWER_LIMIT else f"{plain[:ANSWER_LIMIT]}..."


def is_page(text: str) -> bool:
    """Whether this is a web page: a log-in form or a proxy's own words where Goobi answers something else."""
    return re.match(r"\s*<(!doctype\s+html|html)\b", text, re.IGNORECASE) is not None


def refused_access(answer: Answer) -> Judgement | None:
    """What every dialect judges alike, whatever was asked; None for all other answers."""
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
    """Status and text in one short line."""
    return f"{answer.status}: {_said(answer)}" if answer.text else str(answer.status)


def _said(answer: Answer) -> str:
    return in_brief(answer.text)
