"""What a job is: the specification from request to document, and the stored state around it.

Knows no broker, no database and no rule about how a job moves (see the scheduler's `transitions`).
"""

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AnyHttpUrl,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    model_validator,
)

from taskmanager.model.printable import printable
from taskmanager.model.reasons import PROSE, Reason, absent
from taskmanager.model.reasons.coded_text import CodedText, coded, coded_texts, reason_of
from taskmanager.model.states import Status, Tab

PRIORITY_LOWEST = 0
PRIORITY_HIGHEST = 10
PRIORITY_DEFAULT = 5
TURN_NEXT = PRIORITY_HIGHEST + 1
"""The turn of a job that an operator has put next: ahead of all priorities."""
HISTORY_LIMIT = 50
"""How many entries of a job's history are kept; the oldest ones after the first are dropped."""
WARNINGS_KEPT = 20
"""How many warning texts of an attempt are kept with the job, from the first on."""
WARNING_CHARACTERS = 300
"""How many characters of a warning are kept with the job."""

PluginName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
"""Lower-case letters, digits and hyphens: it becomes part of queue names and access patterns."""

Priority = Annotated[int, Field(ge=PRIORITY_LOWEST, le=PRIORITY_HIGHEST, strict=True)]
"""0 to 10; a higher number is taken first."""

Number = Annotated[int, Field(ge=0, le=2**63 - 1)]
"""A number from Goobi, within what the store can hold (a signed 64-bit integer)."""

InstallationName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
"""The name of a Goobi installation in the settings: lower-case letters, digits and hyphens."""

LINKS_MOST = 20
"""How many jobs a chain has at most."""

Chain = Annotated[tuple[str, ...], Field(default=(), max_length=LINKS_MOST, exclude_if=lambda jobs: not jobs)]
"""The ids of the jobs of a chain in their order, each of which starts when the one before it is done. Empty
for a job that belongs to none, and then left out so that older services can read the rest."""

TraceParent = Annotated[str, StringConstraints(pattern=r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")]
"""The trace of a submission, as W3C's Trace Context writes it."""

_SHORT = 500
ShortText = Annotated[str, StringConstraints(max_length=_SHORT)]
PathText = Annotated[str, StringConstraints(min_length=1, max_length=4096)]


def _printable(value: Any) -> Any:
    """The text made valid UTF-8: texts about files quote file names, which may hold any byte."""
    return printable(value) if isinstance(value, str) else value


def _printable_name(value: Any) -> Any:
    told = _printable(value)
    return told[:_SHORT] if isinstance(told, str) else told


def _printable_facts(value: Any) -> Any:
    return {name: _printable(fact) for name, fact in value.items()} if isinstance(value, dict) else value


FileName = Annotated[ShortText, BeforeValidator(_printable_name)]
FileText = Annotated[str, BeforeValidator(_printable)]
Reasons = Annotated[tuple[Reason | None, ...], Field(default=(), exclude_if=lambda reasons: not any(reasons))]
"""The reasons of the texts in a neighbouring field, in the same order: None for a plain text; empty if all
are plain, and then left out so that older services can read the rest."""
FileFacts = Annotated[dict[str, JsonValue], BeforeValidator(_printable_facts)]


_new, _set = object.__new__, object.__setattr__


class Record(BaseModel):
    """A frozen value that rejects unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def altered(self, **fields: object) -> Self:
        """A copy with these values, which are valid and therefore not checked.

        In half the time of making a record from all its values, or of `model_copy`, which copies what records
        do not have: unknown fields and private ones.
        """
        made = _new(type(self))
        values = self.__dict__.copy()
        values.update(fields)
        _set(made, "__dict__", values)
        _set(made, "__pydantic_fields_set__", self.__pydantic_fields_set__)
        _set(made, "__pydantic_extra__", None)
        _set(made, "__pydantic_private__", None)
        return made


class GoobiReference(Record):
    """Where a job comes from in Goobi workflow."""

    process_id: Number
    step_id: Number | None = None
    process_title: ShortText | None = None
    installation: InstallationName | None = None
    """The configured installation; None: the default one."""


class JobSpec(Record):
    """What is to be done: the one specification used in request, message and document."""

    plugin: PluginName
    template: ShortText | None = None
    source: PathText | None = None
    destination: PathText | None = None
    priority: Priority = PRIORITY_DEFAULT
    title: ShortText = ""
    goobi: GoobiReference | None = None
    project: ShortText | None = None
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    callback_url: AnyHttpUrl | None = None
    unique: ShortText | None = None
    extra: dict[str, JsonValue] | None = None
    """What the sender gave that is neither a field here nor a parameter of the plugin; kept for inspection
    only. The ITM-compatible interface puts the fields of older callers here.
    """

    @property
    def work_title(self) -> str:
        """What folders are named after: the title of the process, else of the job; may be empty."""
        return (self.goobi.process_title if self.goobi else None) or self.title

    def fingerprint(self) -> str:
        """SHA-256 of the canonical JSON: equal for equal specifications, in whatever order they were sent."""
        from pydantic_core import to_json  # noqa: PLC0415 - only gateways that use idempotency keys need it

        return hashlib.sha256(to_json(_sorted(self.model_dump(mode="json")))).hexdigest()


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value


class Progress(Record):
    """How far the current attempt has come; `percent` is 0 to 100, by files."""

    percent: Annotated[int, Field(ge=0, le=100)] = 0
    files_done: int = 0
    files_total: int = 0
    current_file: str | None = None


class JobError(Record):
    """Why a job failed: a message for the operator, and a traceback for the plugin's author.

    `temporary`: according to the plugin, the same job may succeed later.
    """

    message: str
    reason: Reason | None = Field(default=None, exclude_if=absent)
    """What the message says; None for plain text, such as that of exceptions and other programs."""
    kind: str
    temporary: bool = False
    traceback: str | None = None

    @classmethod
    def of(cls, text: str, kind: str, *, temporary: bool = False, traceback: str | None = None) -> "JobError":
        """The error with this text as its message, and with the reason of the text if it has one."""
        return cls(message=text, reason=reason_of(text), kind=kind, temporary=temporary, traceback=traceback)

    @property
    def text(self) -> str:
        """The message, with its reason if it has one."""
        return coded(self.message, self.reason)

    @property
    def cause(self) -> Reason | str:
        """The error as a parameter of another reason."""
        return self.reason or self.message

    @property
    def told(self) -> Reason:
        """The reason; a plain message becomes the parameter of one."""
        return self.reason or PROSE(text=self.message)


class FileState(StrEnum):
    """What became of one file of a job's source."""

    DONE = "done"
    FAILED = "failed"
    LEFT_OUT = "left out"
    """The plugin does not take such files."""


class FileRecord(Record):
    """One file of a job's source, and what the plugin made of it.

    `results` are names below the destination. `facts` describe the source and `result_facts` the results, as
    short values in the plugin's own terms (`{"size": "2480 x 3508", "bits": 8}`). `bytes` and `result_bytes`
    are file sizes; `seconds` is wall-clock time.
    """

    name: FileName
    state: FileState
    results: tuple[FileName, ...] = ()
    facts: FileFacts = Field(default_factory=dict)
    result_facts: FileFacts = Field(default_factory=dict)
    bytes: Number = 0
    result_bytes: Number = 0
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    warnings: tuple[FileText, ...] = ()
    error: FileText | None = None
    warning_reasons: Reasons = ()
    error_reason: Reason | None = Field(default=None, exclude_if=absent)

    @model_validator(mode="before")
    @classmethod
    def _with_reasons(cls, given: Any) -> Any:
        """Store the reasons of coded texts as well."""
        if not isinstance(given, dict):
            return given
        error, warnings = given.get("error"), given.get("warnings") or ()
        found: dict[str, Any] = {}
        if isinstance(error, CodedText):
            found["error_reason"] = reason_of(error)
        if any(isinstance(text, CodedText) for text in warnings):
            found["warning_reasons"] = tuple(map(reason_of, warnings))
        return {**given, **found}

    @property
    def warning_texts(self) -> tuple[str, ...]:
        """The warnings, each with its reason if it has one."""
        return coded_texts(self.warnings, self.warning_reasons)

    @property
    def error_text(self) -> str | None:
        """The error, with its reason if it has one."""
        return None if self.error is None else coded(self.error, self.error_reason)


class LogLine(Record):
    """One line of a job's log."""

    at: datetime
    level: Literal["debug", "info", "warning", "error"]
    text: str


class Warnings(Record):
    """How many log lines of an attempt were warnings, and the texts of the first ones."""

    count: Annotated[int, Field(ge=1)]
    texts: Annotated[tuple[str, ...], Field(max_length=WARNINGS_KEPT)] = ()
    reasons: Reasons = ()


class Attribution(Record):
    """Who did something, when and why."""

    by: str
    at: datetime
    reason: str = ""


class Interruption(Attribution):
    """Who stopped something, when and why. `reason` is an operator's own words; the scheduler gives `why`.

    A scheduler of an earlier version, or one that writes for an earlier version, put its own reason into
    `reason`, in English.
    """

    why: Reason | None = Field(default=None, exclude_if=absent)

    @property
    def told(self) -> Reason | None:
        """Why it was stopped, if anything is known."""
        return self.why or (PROSE(text=self.reason) if self.reason else None)


class CancelMethod(StrEnum):
    """How a cancelled job ended."""

    AT_ONCE = "at once"
    """It was not running."""
    COOPERATIVE = "cooperatively"
    """At a checkpoint, or because it ended by itself."""
    SIGTERM = "SIGTERM"
    SIGKILL = "SIGKILL"


class HistoryEntry(Record):
    """One thing that happened to a job."""

    at: datetime
    status: Status
    attempt: int
    what: Reason | None = Field(default=None, exclude_if=absent)
    note: str = ""
    """Plain text used in place of a reason: written by an earlier version, or for one."""
    runner: str | None = None
    report: str | None = None
    """The report to Goobi that this entry concerns; its state says whether Goobi has received it."""

    @property
    def told(self) -> Reason:
        """What happened."""
        return self.what or PROSE(text=self.note)


def neighbour(chain: tuple[str, ...], job: str, steps: int) -> str | None:
    """The job that many places behind this one in its chain, before it if negative; None if there is none."""
    place = chain.index(job) + steps if chain else -1
    return chain[place] if 0 <= place < len(chain) else None


def unset(value: object) -> bool:
    """Whether a field is left out, so that older services can read the rest."""
    return value is None


class Job(Record):
    """The stored state of a job. `rev` grows with every write and guards it."""

    id: str
    spec: JobSpec
    client: str
    status: Status
    priority: Priority
    created: datetime
    queued_at: datetime
    started_at: datetime | None = None
    finished: datetime | None = None
    files: int = 0
    bytes: int = 0
    progress: Progress = Progress()
    dispatch: int = 1
    attempt: int = 0
    seq: int = 0
    crashes: int = 0
    """Consecutive attempts that ended without an answer."""
    failures: int = 0
    """Consecutive attempts that failed for a reason the plugin calls temporary."""
    not_before: datetime | None = None
    """When a job that is backing off gets its next ticket."""
    owner: str | None = None
    claim_id: str | None = None
    lease: datetime | None = None
    ticket_due: datetime | None = None
    error: JobError | None = None
    warnings: int = 0
    """How many log lines of its last attempt were warnings; known once the attempt has ended."""
    warning_texts: tuple[str, ...] = ()
    """The texts of the first warnings."""
    warning_reasons: Reasons = ()
    """The reasons of those texts."""
    put_next: Attribution | None = None
    """Set when an operator has put it ahead of all others; of several such jobs the first one put goes first.
    """
    held: Attribution | None = None
    """An operator's hold; a running job pauses as soon as it can."""
    restored: datetime | None = Field(default=None, exclude_if=unset)
    """The moment of the backup in which the job had not ended. It may have ended since, so it is held until
    an operator releases or cancels it."""
    cancel: Attribution | None = None
    """An operator's cancel; `cancelled` says how it took effect."""
    cancelled: CancelMethod | None = None
    history: tuple[HistoryEntry, ...] = ()
    traceparent: TraceParent | None = Field(default=None, exclude_if=absent)
    """The trace that its submission belongs to."""
    chain: Chain = ()
    """The jobs of its chain, itself included."""
    follows: str | None = Field(default=None, exclude_if=unset)
    """The job of its chain that it waits for, in PAUSED, until that is done or an operator releases it."""
    rev: int = 0

    @property
    def plugin(self) -> str:
        """The plugin in whose queue the job waits."""
        return self.spec.plugin

    @property
    def turn(self) -> int:
        """The first key of the starting order, highest first: the priority, unless the job was put next."""
        return TURN_NEXT if self.put_next is not None else self.priority

    @property
    def cancelling(self) -> bool:
        """Whether a cancel was requested and has not taken effect yet."""
        return self.cancel is not None and not self.status.final

    @property
    def trace_id(self) -> str | None:
        """The id of the trace that its submission belongs to."""
        return None if self.traceparent is None else self.traceparent[3:35]

    @property
    def next_in_chain(self) -> str | None:
        """The job that starts when this one is done."""
        return neighbour(self.chain, self.id, 1)

    @property
    def closes_its_step(self) -> bool:
        """Whether the work that Goobi's step asked for is complete when this job is done."""
        return self.next_in_chain is None

    @property
    def tab(self) -> Tab:
        """The list that shows the job."""
        return self.status.tab
