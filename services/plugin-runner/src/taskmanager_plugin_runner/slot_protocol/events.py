"""What a slot says to its runner."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from taskmanager.model.jobs import JobError
from taskmanager.plugin_api.existing_results import Existing


@dataclass(frozen=True, slots=True)
class SlotAnswer:
    """How a step ended: with `error`, or with the files and bytes it handled. `source` is set after STAGE_IN.

    `untidy` after RUN: the attempt has folders in the workspace. `cancelled`: it ended as ordered. `coming`
    after STAGE_IN: the input is still being copied. `no_room`: the step failed for lack of space. `printed`:
    in a bunch, the job's processes have printed something that the runner has not read. `seconds`: how long
    the step took. `cpu_seconds`: the processor time of the step, of all processes that took part in it and
    have ended or answer.
    """

    number: int
    files: int = 0
    bytes: int = 0
    source: str | None = None
    untidy: bool = False
    cancelled: bool = False
    coming: bool = False
    no_room: bool = False
    printed: bool = False
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    error: Mapping[str, Any] | None = None

    @property
    def plain(self) -> bool:
        """Whether it is a success that leaves nothing to do: no folder, no output to be read."""
        return self.error is None and not (self.untidy or self.cancelled or self.printed)

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
class ToolNote:
    """The plugin has run a program, by name or path, or has used a library of this version.

    For the slot alone, which may have another process run the plugin.
    """

    name: str
    version: str | None = None


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


@dataclass(frozen=True, slots=True)
class AtRest:
    """The slot does no more of its bunch, whatever is left of it, and takes the next order."""


Note = ProgressNote | LogNote | FileNote | SuspensionNote
"""What a job reports while it runs."""
SlotEvent = SlotAnswer | Ready | AtRest | Settle | ToolNote | Note
_EVENTS: dict[str, type[SlotEvent]] = {
    "answer": SlotAnswer,
    "ready": Ready,
    "rest": AtRest,
    "progress": ProgressNote,
    "log": LogNote,
    "file": FileNote,
    "standing": SuspensionNote,
    "settle": Settle,
    "tool": ToolNote,
}
_NAMES = {kind: name for name, kind in _EVENTS.items()}
_DEFAULTS = {kind: {field.name: field.default for field in fields(kind)} for kind in _NAMES}


def encode_event(event: SlotEvent) -> bytes:
    """Encode as one line; fields that have their default value are left out."""
    kind = type(event)
    told = {
        name: value for name, default in _DEFAULTS[kind].items() if (value := getattr(event, name)) != default
    }
    return json.dumps([_NAMES[kind], told]).encode() + b"\n"


def decode_event(line: bytes) -> SlotEvent:
    """Decode what `encode_event` wrote."""
    name, told = json.loads(line)
    return _EVENTS[name](**told)
