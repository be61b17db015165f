"""Errors that are probably one: of one kind, with messages that differ only in names and numbers. Pure."""

import hashlib
import re
from datetime import datetime

from taskmanager.model.jobs import JobError, Record

CHARACTERS = 2_000
"""How much of a message is compared."""
_BLANK = "…"
_VARYING = (
    (re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|«[^»\n]*»|„[^“\n]*“"), _BLANK),  # what is quoted
    (re.compile(r"(?<![\w/])(?:/[^\s/:,;()]+)+/?"), _BLANK),  # paths
    (re.compile(r"\b[\w.-]+\.[A-Za-z]\w{1,4}\b"), _BLANK),  # names of files
    (re.compile(r"\b(?=\w*\d)[0-9a-f]{8,}(?:-[0-9a-f]{4,})*\b", re.IGNORECASE), "#"),  # ids
    (re.compile(r"\d+(?:[.,:]\d+)*"), "#"),
    (re.compile(r"\s+"), " "),
)


def cleaned(message: str) -> str:
    """The message without what differs between two jobs that fail in the same way."""
    text = message[:CHARACTERS]
    for pattern, instead in _VARYING:
        text = pattern.sub(instead, text)
    return text.strip()


def fingerprint(error: JobError) -> str:
    """The same for errors of the same kind whose messages say the same."""
    said = cleaned(error.message).casefold()
    return hashlib.sha256(f"{error.kind}\0{said}".encode()).hexdigest()[:16]


class ErrorGroup(Record):
    """Jobs in error with one fingerprint: how many, since when, and of what."""

    group: str
    """The fingerprint."""
    error: JobError
    """That of the last job, without its traceback."""
    job: str
    """The last job."""
    jobs: int
    first: datetime
    last: datetime
    plugins: tuple[str, ...]
    processes: int
    """How many processes of Goobi."""
