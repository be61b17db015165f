"""What is told of one job: its files, the event and who took part. Plain values, as JSON; knows no XML."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from taskmanager_plugin_runner.provenance.digests import Content
from taskmanager_plugin_runner.provenance.event_types import EventType

VERSION = 1
"""Of the form of the JSON record."""


class Part(StrEnum):
    """What a file was in the job."""

    READ = "read"
    WRITTEN = "written"


class ToolKind(StrEnum):
    """What a tool is."""

    PROGRAM = "program"
    LIBRARY = "library"


@dataclass(frozen=True, slots=True)
class Tool:
    """A program or a library that the plugin used; `version` in its own words."""

    kind: ToolKind
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class FileAccount:
    """A file that was read or written; `name` is relative to the process folder, or absolute if outside.

    `made_from`: the names of those that were read for it, as far as that is known.
    """

    name: str
    content: Content
    made_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """One job. `trace` is the id of the trace its submission belongs to; `goobi` the reference as sent."""

    job: str
    attempt: int
    at: datetime
    runner: str
    host: str
    software_version: str
    plugin: str
    plugin_version: str
    template: str | None
    parameters: Mapping[str, Any]
    title: str
    event: EventType
    read: tuple[FileAccount, ...]
    written: tuple[FileAccount, ...]
    tools: tuple[Tool, ...] = ()
    trace: str | None = None
    goobi: Mapping[str, Any] | None = None

    @property
    def detail(self) -> str:
        """The event in words, in the manner of Archivematica: pairs of a name and a quoted value."""
        pairs = {
            "program": f"taskmanager {self.plugin}",
            "version": self.plugin_version,
            "template": self.template or "",
            "parameters": json.dumps(self.parameters, ensure_ascii=False, sort_keys=True),
        }
        return "; ".join(f'{name}="{value}"' for name, value in pairs.items())

    @property
    def outcome_note(self) -> str:
        """What came of it, in words."""
        return f"{len(self.read)} file(s) read, {len(self.written)} file(s) written"

    def identifier(self, what: str) -> str:
        """A UUID for something of this job: the same however often the record is made."""
        name = ascii(f"goobi-taskmanager/{self.job}/{what}")  # names of files may have any byte
        return str(uuid.uuid5(uuid.NAMESPACE_OID, name))

    def file_identifier(self, part: Part, name: str) -> str:
        """The UUID of a file in its part."""
        return self.identifier(f"{part}/{name}")

    def as_json(self) -> bytes:
        """The record for programs; `docs/provenance.md` explains its fields."""
        told = {
            "version": VERSION,
            "job": self.job,
            "attempt": self.attempt,
            "at": self.at.isoformat(),
            "runner": {"id": self.runner, "host": self.host},
            "trace": self.trace,
            "software": {"name": "Goobi TaskManager", "version": self.software_version},
            "plugin": {"name": self.plugin, "version": self.plugin_version},
            "template": self.template,
            "parameters": self.parameters,
            "title": self.title,
            "goobi": self.goobi,
            "event": {"id": self.identifier("event"), "type": self.event.label, "uri": self.event.uri},
            "tools": [asdict(tool) for tool in self.tools],
            "read": [self._file(Part.READ, file) for file in self.read],
            "written": [self._file(Part.WRITTEN, file) for file in self.written],
        }
        return json.dumps(told, indent=1, ensure_ascii=True).encode() + b"\n"

    def _file(self, part: Part, file: FileAccount) -> dict[str, Any]:
        told = {"id": self.file_identifier(part, file.name), "name": file.name, **file.content._asdict()}
        return told if part is Part.READ else {**told, "made_from": file.made_from}
