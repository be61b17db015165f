"""What a soak leaves behind, as plain values: the material of every check. Knows no server and no client."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Commit:
    """One changed document, in the order of the database's own log.

    `transaction` is the same for all changes that were stored together.
    """

    transaction: str
    collection: str
    key: str
    before: Document | None
    after: Document


@dataclass(frozen=True, slots=True)
class RunLine:
    """What a job recorded about itself: `start`, `effect` or `end`."""

    what: str
    job: str
    attempt: int
    plugin: str
    pid: int
    at: float


@dataclass(frozen=True, slots=True)
class Submitted:
    """A submission as the client made it; `job` is the id in the response, None if there was none."""

    number: int
    key: str | None
    unique: str | None
    job: str | None
    outcome: str = ""
    spec: Document = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Obeyed:
    """An operator's command that was answered with 2xx."""

    command: str
    action: str
    subject: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Folder:
    """A process folder before and at the end: relative names and contents."""

    before: Mapping[str, str]
    after: Mapping[str, str]
    sources: Mapping[str, str]
    """Input files: stem and content."""
    changed: float = 0.0
    """Seconds since the epoch: the last change of anything that lies in the results' folder."""


@dataclass(frozen=True, slots=True)
class Started:
    """A job of the quiet phase: what determines its turn, and when it started."""

    job: str
    priority: int
    queued_at: datetime
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Heard:
    """A report that Goobi received: its kind, the process, and the time."""

    kind: str
    process: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Rest:
    """The system at rest."""

    jobs: Mapping[str, Document]
    statistics: Sequence[Document] = ()
    reports: Sequence[Document] = ()
    audit: Sequence[Document] = ()
    operations: Mapping[str, Document] = field(default_factory=dict)
    unacknowledged: Mapping[str, int] = field(default_factory=dict)
    """Queue -> unacknowledged tickets."""


@dataclass(slots=True)
class Verdict:
    """One row of the table: an invariant, how often it was checked, and where it did not hold."""

    invariant: str
    says: str
    checked: int = 0
    violations: list[str] = field(default_factory=list)

    def check(self, true: object, otherwise: str) -> None:
        """Check once."""
        self.checked += 1
        if not true:
            self.violations.append(otherwise)
