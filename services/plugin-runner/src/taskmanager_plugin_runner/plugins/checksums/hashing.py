"""Reads files and makes their checksums; has coreutils read them again.

One file at a time: the disk is the limit.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from taskmanager.errors import JobFailedError, ToolFailedError
from taskmanager.model.reasons.coded_text import told
from taskmanager.plugin_api.interface import JobContext
from taskmanager_plugin_runner.plugins.checksums import texts
from taskmanager_plugin_runner.plugins.checksums.manifests import Algorithm

_PIECE_BYTES: Final = 4 * 1024 * 1024
_GROUP_FILES: Final = 200
_GROUP_BYTES: Final = 2 * 1024**3
"""How much coreutils reads between two checkpoints."""


def digests(
    context: JobContext, path: Path, algorithms: Collection[Algorithm], copy: BinaryIO | None = None
) -> dict[Algorithm, str]:
    """The checksums of a file, which is read once, and written to `copy` meanwhile; has checkpoints."""
    hashes = {one: hashlib.new(one.value, usedforsecurity=False) for one in algorithms}
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            for one in hashes.values():
                one.update(piece)
            if copy is not None:
                copy.write(piece)
            context.checkpoint()
    return {algorithm: one.hexdigest() for algorithm, one in hashes.items()}


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts the files of a job over its two passes."""

    context: JobContext
    files: int
    passes: int = 2

    def before(self, number: int, name: str, passed: int = 0) -> None:
        """A checkpoint before file `number` (from 0) of a pass."""
        self.context.checkpoint()
        self.context.progress(passed * self.files + number, self.passes * self.files, name)

    def end(self) -> None:
        """All files are done."""
        self.context.progress(self.passes * self.files, self.passes * self.files)


def confirm(
    progress: Progress, listed: Path, algorithm: Algorithm, folder: Path, sizes: Mapping[str, int]
) -> None:
    """Have coreutils read a list, and the files again; raises JobFailedError unless it finds the same.

    The names in the list are relative to `folder`, which may hold links. `sizes` are the bytes of the files
    by name; each has a line in the list, in the order of names, which is read in pieces.
    """
    context, done = progress.context, 0
    lines = listed.read_bytes().splitlines(keepends=True)
    part = context.scratch / "again.txt"
    for names in _groups(sizes):
        progress.before(done, names[0], passed=1)
        part.write_bytes(b"".join(lines[done : done + len(names)]))
        done += len(names)
        try:
            context.run_tool(
                [algorithm.program, "--check", "--strict", "--quiet", "--", part], cwd=folder, log_stdout=True
            )
        except ToolFailedError as error:
            raise JobFailedError(texts.NOT_CONFIRMED(program=algorithm.program, error=told(error))) from error
    if done != len(lines):
        raise JobFailedError(texts.LINES_IN_RESULT(number=len(lines), wanted=done))


def _groups(sizes: Mapping[str, int]) -> Iterator[Sequence[str]]:
    group, size = list[str](), 0
    for name in sorted(sizes):
        if group and (len(group) >= _GROUP_FILES or size + sizes[name] > _GROUP_BYTES):
            yield group
            group, size = [], 0
        group.append(name)
        size += sizes[name]
    if group:
        yield group
