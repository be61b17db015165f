"""The folders of one attempt in the runner's workspace, and how its input gets there.

`<workspace>/<runner>/<job>-<attempt>/{input,output,scratch}`, created only when needed. `placement.json`
records where the attempt has a stage, for the next start of the runner.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from taskmanager.errors import JobFailedError
from taskmanager.files.overlap import misfit
from taskmanager.files.parts import Parts
from taskmanager.files.roots import Roots
from taskmanager.model.reasons.job_texts import file_texts
from taskmanager_plugin_runner.failures import refuse
from taskmanager_plugin_runner.files import folders
from taskmanager_plugin_runner.files.copying import copy_source, link_source
from taskmanager_plugin_runner.files.seals import NO_KEY, Seal
from taskmanager_plugin_runner.files.sources import (
    Fingerprint,
    Identity,
    SourceFile,
    odd_entries,
    scan,
    scan_parts,
)
from taskmanager_plugin_runner.files.upload_modes import UploadMode
from taskmanager_plugin_runner.results.placement import Placement, prepare
from taskmanager_plugin_runner.system.filesystems import is_local, require_space
from taskmanager_plugin_runner.transport.input_ahead import InputAhead

PLACEMENT = "placement.json"
SOURCES = "sources.json"
"""Device and inode of every source, which must not be replaced."""
AHEAD = "ahead.json"
"""Marks an input that is copied while the plugin works."""
INPUTS = "inputs.json"
"""What was brought, for the record of the job: name, path, identity and fingerprint of each file."""
RUN_NOTES = "run-notes.json"
"""What the plugin said of its work, for the record of the job: results by file, and tools."""
LEAVING = "leaving.json"
"""What is to be removed from the destination when the results are placed."""


@dataclass(frozen=True, slots=True)
class Input:
    """What a job reads: a folder or a file, with the number of files and bytes.

    `odd` entries of the source are not files. `ahead`: the files are copied while the plugin works.
    """

    source: Path
    files: int
    bytes: int
    odd: tuple[str, ...] = ()
    ahead: InputAhead | None = None


@dataclass(frozen=True, slots=True)
class AttemptFolder:
    """The folders of one attempt."""

    path: Path

    @classmethod
    def of(cls, runner_folder: Path, job: str, attempt: int) -> "AttemptFolder":
        """The folder of an attempt of a job."""
        return cls(runner_folder / f"{job}-{attempt}")

    @property
    def input(self) -> Path:
        """The input brought into the workspace."""
        return self.path / "input"

    @property
    def output(self) -> Path:
        """The results of the plugin."""
        return self.path / "output"

    @property
    def scratch(self) -> Path:
        """The plugin's temporary files."""
        return self.path / "scratch"

    def exists(self) -> bool:
        """Whether the attempt has any folder here."""
        return os.path.lexists(self.path)

    def open(self, folder: Path) -> Path:
        """Create one of the folders; raises JobFailedError."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            refuse(error, file_texts.WORKSPACE_UNUSABLE)
        return folder

    def output_size(self) -> tuple[int, int]:
        """Number of files and bytes that the plugin has made."""
        sizes = [
            (Path(root) / name).lstat().st_size for root, _, names in os.walk(self.output) for name in names
        ]
        return len(sizes), sum(sizes)

    def remember(self, placement: Placement) -> None:
        """Record where the stage of the attempt is."""
        record = {
            "destination": str(placement.destination),
            "home": str(placement.home),
            "job": placement.job,
            "attempt": placement.attempt,
        }
        self._write(PLACEMENT, record)

    def remembered(self, seal: Seal = NO_KEY) -> Placement | None:
        """Where the attempt's stage is, if it has one; `seal` is never written to disk."""
        raw = self._read(PLACEMENT)
        if raw is None:
            return None
        return Placement(Path(raw["destination"]), Path(raw["home"]), raw["job"], raw["attempt"], seal)

    def remember_sources(self, files: Sequence[SourceFile]) -> None:
        """Record the identities of the source files."""
        self._write(SOURCES, [file.identity for file in files])

    def sources(self) -> frozenset[Identity]:
        """The recorded identities of the source files."""
        return frozenset((device, inode) for device, inode in self._read(SOURCES) or ())

    def remember_leaving(self, files: Mapping[str, Fingerprint]) -> None:
        """Record what is to be removed from the destination, named relative to it."""
        self._write(LEAVING, files)

    def leaving(self) -> dict[str, Fingerprint]:
        """What is to be removed from the destination."""
        return {name: Fingerprint(*known) for name, known in (self._read(LEAVING) or {}).items()}

    def remember_inputs(self, files: Sequence[SourceFile]) -> None:
        """Record which files were brought, and how they looked then; raises OSError."""
        told = [
            (file.name, str(file.path), file.identity, Fingerprint.of(file.path.stat())) for file in files
        ]
        self._write(INPUTS, told)

    def inputs(self) -> Iterator[tuple[str, Path, Identity, Fingerprint]]:
        """What `remember_inputs` recorded: names in the input, paths, identities, fingerprints."""
        for name, path, (device, inode), known in self._read(INPUTS) or ():
            yield name, Path(path), (device, inode), Fingerprint(*known)

    def remember_run(self, results: Mapping[str, Sequence[str]], tools: Mapping[str, str | None]) -> None:
        """Record what the plugin said of its work."""
        self._write(RUN_NOTES, [results, tools])

    def run_notes(self) -> tuple[dict[str, list[str]], dict[str, str | None]]:
        """The results of each file, and the tools with the versions known; empty if nothing was recorded."""
        results, tools = self._read(RUN_NOTES) or ({}, {})
        return results, tools

    def mark_ahead(self, size: int) -> None:
        """Record that the input, of that many bytes, is incomplete until copied while the plugin works."""
        self._write(AHEAD, {"bytes": size})

    @property
    def input_bytes(self) -> int:
        """The size given to `mark_ahead`; 0 if it was not called."""
        return int((self._read(AHEAD) or {}).get("bytes", 0))

    @property
    def ahead(self) -> bool:
        """Whether `mark_ahead` was called for this attempt."""
        return self._read(AHEAD) is not None

    def _write(self, name: str, record: object) -> None:
        file = self.open(self.path) / name
        part = file.with_suffix(".part")
        part.write_text(json.dumps(record), encoding="utf-8")
        part.replace(file)

    def _read(self, name: str) -> Any:
        try:
            return json.loads((self.path / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    def remove(self) -> None:
        """Remove everything; raises OSError."""
        try:
            shutil.rmtree(self.path)
        except FileNotFoundError:
            if self.path.exists():
                raise
        except PermissionError:  # folders of another user, or without rights
            folders.reclaim(self.path)
            shutil.rmtree(self.path)


def require_apart(source: Path, destination: Path) -> None:
    """Raise JobFailedError if the results would be placed among the sources."""
    if (reason := misfit(source, destination)) is not None:
        raise JobFailedError(reason)


def open_destination(
    folder: AttemptFolder, text: str, roots: Roots, job: str, attempt: int, seal: Seal = NO_KEY
) -> None:
    """Undo what earlier attempts left and ensure, before hours of work, that results can be placed."""
    folder.remember(prepare(text, roots, job, attempt, seal))


def bring_input(  # noqa: PLR0913 - what a runner and its plugin are set to
    folder: AttemptFolder,
    text: str,
    roots: Roots,
    mode: UploadMode,
    *,
    reads_in_place: bool,
    parts: Parts | None = None,
    ahead_bytes: int = 0,
    foreign_links: bool = True,
    for_others: bool = False,
    recorded: bool = False,
    between: Callable[[], None] = lambda: None,
) -> Input:
    """Bring the source into the workspace, as links to its files or as copies; raises JobFailedError.

    The plugin reads exactly what was opened here, beneath the roots: nobody who can write to the source can
    put another file in its place. With `ahead_bytes`, the files of a folder are copied later, that many bytes
    ahead of the work. `for_others`: another user is to read the input, and must not be able to write to it.
    `recorded`: the job is to leave a record of what it read. `between` is called before each file; anything
    it raises ends the bringing. With `parts`, files below the
    source are taken as well, and lie in the same folders of the workspace.
    """
    source = roots.resolve(text)
    found = scan(source, roots) if parts is None else scan_parts(source, roots, parts)
    folder.remember_sources(found)
    if recorded:
        folder.remember_inputs(found)
    size, odd = sum(file.bytes for file in found), odd_entries(source) if parts is None else ()
    target = folder.open(folder.input)
    brought = Input(target if source.is_dir() else target / source.name, len(found), size, odd)
    in_place = mode is UploadMode.IN_PLACE or (
        mode is UploadMode.AUTO and reads_in_place and is_local(source)
    )
    if in_place and _link_all(found, target, between, foreign_links=foreign_links, for_others=for_others):
        return brought
    require_space(target, size)
    if ahead_bytes and len(found) > 1:
        folder.mark_ahead(size)
        ahead = InputAhead(found, target, ahead_bytes, foreign_links=foreign_links)
        return replace(brought, ahead=ahead)
    for file in found:
        between()
        copy_source(file, target, foreign_links=foreign_links)
    return brought


def _link_all(
    found: Sequence[SourceFile],
    target: Path,
    between: Callable[[], None],
    *,
    foreign_links: bool,
    for_others: bool,
) -> bool:
    for file in found:
        between()
        if not link_source(file, target, foreign_links=foreign_links, for_others=for_others):
            return False
    return True
