"""The messages between a runner and its slots: one JSON object per line over a socket.

Knows neither the broker nor the file system. Strings may contain surrogates (file names with arbitrary
bytes): JSON escapes them.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from taskmanager.model.control import DesiredState
from taskmanager.model.jobs import JobError, JobSpec
from taskmanager.plugin_api.existing_results import Existing
from taskmanager_plugin_runner.files.seals import Seal
from taskmanager_plugin_runner.system.processes import processors_of
from taskmanager_plugin_runner.system.slot_users import SlotUser

LINE_BYTES = 16 * 1024 * 1024
"""The longest line allowed; anything longer means that the other side is broken."""

_JOB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")


class SlotStep(StrEnum):
    """The steps a slot can be ordered to take for an attempt."""

    STAGE_IN = "bring"
    """Create the stage next to the destination and bring the input to the workspace."""
    RUN = "run"
    STAGE_OUT = "place"
    CLEAN = "clean"
    """Undo and remove everything the attempt left, in the process folder and in the workspace."""


@dataclass(frozen=True, slots=True)
class SlotOptions:
    """What a slot is told once, in the first line of its socket, since anyone can read a command line."""

    plugin: str
    folder: str
    """The runner's folder in the workspace."""
    roots: str
    upload_mode: str
    parent: int
    """Process id of the runner."""
    nice: int = 0
    """By how much the jobs' nice value is raised, as in nice(1): 0 to 19."""
    processors: tuple[int, ...] = ()
    """The processors its jobs may use; empty: all that the runner may use."""
    paths: str = ""
    """Where the folders of jobs are on this machine, as in the settings."""
    ahead_bytes: int = 1024**3
    """How far the input may be copied ahead of the work; 0: all of it before, and all results after."""
    goobi: str = ""
    """The Goobi settings file if files travel over its files API; empty: over the shared file system."""
    foreign_links: bool = True
    """Whether hard links to other owners' files are accepted as sources."""
    memory_bytes: int | None = None
    """The memory limit of all processes of a job together; None: no limit."""
    slot_user: SlotUser | None = None
    """The user the plugin runs as; None: the runner's own user."""
    group: str = ""
    """The control group to enter; empty: the runner's."""
    journal_key: str = field(default="", repr=False)
    """The key that seals journals in process folders, in hexadecimal digits."""

    @property
    def seal(self) -> Seal:
        """The seal of journals in process folders."""
        return Seal(bytes.fromhex(self.journal_key))

    def encode(self) -> bytes:
        """Encode as one line."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def decode(cls, text: bytes | str) -> "SlotOptions":
        """Decode what `encode` wrote."""
        raw = json.loads(text)
        user = SlotUser(**raw["slot_user"]) if raw["slot_user"] is not None else None
        return cls(**{**raw, "processors": tuple(raw["processors"]), "slot_user": user})

    def as_user(self, user: SlotUser | None) -> "SlotOptions":
        """The options of a slot whose plugin runs as that user: no files are moved while it works."""
        return self if user is None else replace(self, slot_user=user, ahead_bytes=0)

    def on_processors(self, slot: int, limit: int | None) -> "SlotOptions":
        """The options of one slot: `limit` processors, different from its neighbours' if possible."""
        return replace(self, processors=processors_of(slot, limit))


@dataclass(frozen=True, slots=True)
class SlotOrder:
    """One step of one attempt. `source` is where STAGE_IN put the input; the answer repeats `number`.

    `ahead`: others are at work, so the input must leave them room, and is copied at once. `processors`: those
    that RUN may use; empty: all that the slot may use.
    """

    number: int
    step: SlotStep
    job: str
    attempt: int
    spec: JobSpec
    source: Path | None = None
    ahead: bool = False
    processors: tuple[int, ...] = ()

    def encode(self) -> bytes:
        """Encode as one line."""
        raw: dict[str, Any] = {
            "number": self.number,
            "step": self.step,
            "job": self.job,
            "attempt": self.attempt,
            "spec": self.spec.model_dump(mode="json", exclude_unset=True),
        }
        if self.source is not None:
            raw["source"] = str(self.source)
        if self.ahead:
            raw["ahead"] = True
        if self.processors:
            raw["processors"] = self.processors
        return json.dumps(raw).encode() + b"\n"

    @classmethod
    def decode(cls, line: bytes | str) -> "SlotOrder":
        """Decode what `encode` wrote; raises ValueError for a job id that cannot be a file name."""
        return cls.of(json.loads(line))

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> "SlotOrder":
        """The order from decoded JSON; raises ValueError for a job id that cannot be a file name."""
        if not is_job_id(raw["job"]):
            raise ValueError(f"{raw['job']!r} is no job id")
        source = Path(raw["source"]) if "source" in raw else None
        spec = JobSpec.model_validate(raw["spec"])
        return cls(
            raw["number"],
            SlotStep(raw["step"]),
            raw["job"],
            raw["attempt"],
            spec,
            source,
            raw.get("ahead", False),
            tuple(raw.get("processors", ())),
        )


@dataclass(frozen=True, slots=True)
class SlotControl:
    """What the order with that number is to do instead of running, received while it runs; None: continue."""

    number: int
    desired: DesiredState | None

    def encode(self) -> bytes:
        """Encode as one line."""
        return json.dumps({"number": self.number, "wish": self.desired}).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Tenure:
    """Until when the current attempt is certainly the runner's, in seconds of `clock.elapsed_seconds`."""

    until: float

    def encode(self) -> bytes:
        """Encode as one line."""
        return json.dumps({"ours_until": self.until}).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Settled:
    """The answer to `Settle`: the error, if there was one."""

    error: Mapping[str, Any] | None = None

    @property
    def failure(self) -> JobError | None:
        """The error, if there was one."""
        return JobError(**self.error) if self.error is not None else None

    def encode(self) -> bytes:
        """Encode as one line."""
        return json.dumps({"settled": self.error}).encode() + b"\n"


def decode_order(line: bytes | str) -> SlotOrder | SlotControl | Tenure | Settled:
    """Decode a line written by one of the four; raises ValueError as they do."""
    raw = json.loads(line)
    if "settled" in raw:
        return Settled(raw["settled"])
    if "ours_until" in raw:
        return Tenure(raw["ours_until"])
    if "wish" in raw:
        return SlotControl(raw["number"], DesiredState(raw["wish"]) if raw["wish"] is not None else None)
    return SlotOrder.of(raw)


@dataclass(frozen=True, slots=True)
class SlotAnswer:
    """How a step ended: with `error`, or with the files and bytes it handled. `source` is set after STAGE_IN.

    `untidy` after RUN: the attempt has folders in the workspace. `cancelled`: it ended as ordered. `coming`
    after STAGE_IN: the input is still being copied. `no_room`: the step failed for lack of space.
    `cpu_seconds`: the processor time of the step, of all processes that took part in it and have ended or
    answer.
    """

    number: int
    files: int = 0
    bytes: int = 0
    source: str | None = None
    untidy: bool = False
    cancelled: bool = False
    coming: bool = False
    no_room: bool = False
    error: Mapping[str, Any] | None = None
    cpu_seconds: float = 0.0

    @property
    def failure(self) -> JobError | None:
        """The error, if there was one."""
        return JobError(**self.error) if self.error is not None else None


@dataclass(frozen=True, slots=True)
class Ready:
    """The slot has loaded its plugin; `error` says why it could not.

    `guard` is the process of its group that must never be suspended.
    """

    error: str | None = None
    guard: int | None = None


@dataclass(frozen=True, slots=True)
class ProgressNote:
    """The progress of the job."""

    done: int
    total: int
    current_file: str | None


@dataclass(frozen=True, slots=True)
class LogNote:
    """One line of the job's log; `at` in seconds since the epoch."""

    at: float
    level: Literal["info", "warning", "error"]
    text: str
    reason: Mapping[str, Any] | None = None
    """What the text says, as a `Reason`; None for a plain text."""


@dataclass(frozen=True, slots=True)
class FileNote:
    """What became of a file: the fields of a `FileRecord`."""

    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SuspensionNote:
    """The job has been suspended at a checkpoint, or resumed."""

    suspended: bool


@dataclass(frozen=True, slots=True)
class Settle:
    """Sent by the process that runs the plugin as another user: handle the results of earlier jobs.

    `results` are named relative to the output.
    """

    policy: Existing
    results: tuple[str, ...]


SlotEvent = SlotAnswer | Ready | ProgressNote | LogNote | FileNote | SuspensionNote | Settle
_EVENTS: dict[str, type[SlotEvent]] = {
    "answer": SlotAnswer,
    "ready": Ready,
    "progress": ProgressNote,
    "log": LogNote,
    "file": FileNote,
    "standing": SuspensionNote,
    "settle": Settle,
}
_NAMES = {kind: name for name, kind in _EVENTS.items()}


def encode_event(event: SlotEvent) -> bytes:
    """Encode as one line."""
    kind = type(event)
    fields = {name: getattr(event, name) for name in kind.__slots__}
    return json.dumps([_NAMES[kind], fields]).encode() + b"\n"


def decode_event(line: bytes) -> SlotEvent:
    """Decode what `encode_event` wrote."""
    name, fields = json.loads(line)
    return _EVENTS[name](**fields)


def is_job_id(text: str) -> bool:
    """Whether a job's id can be part of a file name."""
    return _JOB_ID.fullmatch(text) is not None
