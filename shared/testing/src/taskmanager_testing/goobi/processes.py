"""What the fake Goobi stores: processes with their steps, journal, properties and files. Knows no HTTP."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class StepStatus(StrEnum):
    """The status words of Goobi's core REST interface."""

    LOCKED = "steplocked"
    """Waiting for an earlier step."""
    OPEN = "stepopen"
    IN_WORK = "stepinwork"
    DONE = "stepdone"
    ERROR = "steperror"
    DEACTIVATED = "stepdeactivated"
    IN_FLIGHT = "stepinflight"
    """Handed to one of Goobi's own queues."""


class LogType(StrEnum):
    """The types of a journal entry."""

    ERROR = "error"
    WARN = "warn"
    INFO = "info"
    DEBUG = "debug"
    USER = "user"
    STATUS = "status"
    FILE = "file"
    IMPORTANT = "important"


@dataclass
class Step:
    """One step of a process.

    Attributes:
        order: steps of a lower order are done first; those of the same order are open at the same time.
        validation_fails: the step's validation plugin refuses to let it be closed.
        closings: how often a close took the step from another status to done.
        close_requests: how often a close was carried out, including repetitions.
    """

    id: int
    title: str
    order: int = 1
    status: StepStatus = StepStatus.LOCKED
    validation_fails: bool = False
    closings: int = 0
    close_requests: int = 0


@dataclass
class JournalEntry:
    """One entry of the process log."""

    id: int
    at: datetime
    type: LogType
    user: str
    message: str
    filename: str | None = None


@dataclass
class Property:
    """One property of a process."""

    id: int
    name: str
    value: str


@dataclass
class Process:
    """One process. `files` are by folder (`media`, `master`, ...) and name."""

    id: int
    title: str
    steps: list[Step] = field(default_factory=list)
    journal: list[JournalEntry] = field(default_factory=list)
    properties: list[Property] = field(default_factory=list)
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)


class EventKind(StrEnum):
    """What can happen to a process from outside."""

    JOURNAL = "journal entry"
    CLOSED = "step closed"
    CLOSED_AGAIN = "step closed again"
    OPENED = "step opened"
    ERROR = "step in error"
    STORED = "status stored"
    PROBLEM = "problem reported"
    PROPERTY = "property"
    FILE = "file"
    CALLBACK = "OCR callback"


@dataclass(frozen=True)
class Event:
    """One thing that happened, in order; `text` is for people."""

    number: int
    at: datetime
    kind: EventKind
    process_id: int | None
    step_id: int | None
    text: str
