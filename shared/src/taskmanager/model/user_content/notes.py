"""Notes that people leave on a job, a process or a plugin: plain text with name and time."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from taskmanager.model.jobs import Record, ShortText

NOTE_LIMIT = 1_000
"""The most characters of a note."""
NOTES_SHOWN = 20
"""How many notes on one thing are shown, the newest."""


class NoteOn(StrEnum):
    """What a note is on."""

    JOB = "job"
    PROCESS = "process"
    PLUGIN = "plugin"


def _plain(text: str) -> str:
    if any(not character.isprintable() and character != "\n" for character in text):
        raise ValueError("must be plain text: no control characters but line breaks")
    return text


NoteText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=NOTE_LIMIT),
    AfterValidator(_plain),
]
NoteKey = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{0,40}(/[0-9]{1,18})?$", min_length=1)]
"""The id of a job, the name of a plugin, or `INSTALLATION/ID` of a process."""


class Note(Record):
    """One note; its id is that of the command that made it."""

    id: str
    on: NoteOn
    key: NoteKey
    text: NoteText
    by: ShortText
    at: datetime


def process_key(installation: str | None, process: int) -> str:
    """The key of a process; the installation is empty where none is configured."""
    return f"{installation or ''}/{process}"
