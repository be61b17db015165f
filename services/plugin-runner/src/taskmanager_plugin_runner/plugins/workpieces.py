"""Gives every file of a job a harmless name while a tool works on it, and its own name again afterwards.

Some characters in a name have a special meaning to tools: a leading `-`, and for ImageMagick `%`, `[`, `]`,
`*`, `?`, `:`, `@`. So tools get a link with a plain name in a folder of their own, and write next to it; only
a checked result is moved to the output, under its proper name.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from taskmanager.errors import JobFailedError, PermanentError
from taskmanager.model.jobs import FileRecord, FileState
from taskmanager.model.reasons.job_texts import file_texts
from taskmanager.plugin_api.interface import JobContext

_PLAIN_PATH: Final = re.compile(r"[\w/.,+ =-]*")
_NOT_PLAIN: Final = re.compile(r"[^A-Za-z0-9._-]")
_PLAIN_LENGTH: Final = 100
_NAMES_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Workpiece:
    """One file in progress in its `folder`: tools see `input` and `output`; the result goes to `target`."""

    folder: Path
    source: Path
    input: Path
    output: Path
    target: Path

    def finish(self) -> None:
        """Move the result to its place and remove the link; raises OSError if the disk is full."""
        self.target.parent.mkdir(parents=True, exist_ok=True)
        self.output.replace(self.target)
        self.input.unlink()


def take(context: JobContext, suffixes: Sequence[str]) -> list[Path]:
    """The job's files with one of the suffixes (in any case; none accept all); the others are logged.

    Raises JobFailedError if no file is left.
    """
    taken: list[Path] = []
    left: list[Path] = []
    for file in context.files():
        (taken if not suffixes or file.suffix.lower() in suffixes else left).append(file)
    names = ", ".join(file.name for file in left[:_NAMES_SHOWN]) + (", ..." if left[_NAMES_SHOWN:] else "")
    if not taken:
        wanted = ", ".join(suffixes) or "*"
        raise JobFailedError(file_texts.NOTHING_TO_WORK_ON(wanted=wanted, found=names or "-"))
    for file in left:
        context.record(FileRecord(name=file.name, state=FileState.LEFT_OUT))
    if left:
        context.log.warning(file_texts.LEFT_OUT(number=len(left), wanted=", ".join(suffixes), names=names))
    return taken


def require_distinct(files: Sequence[Path]) -> None:
    """Raise JobFailedError if two files would have results of the same name, differing only in suffix."""
    found: dict[str, Path] = {}
    for file in files:
        if file.stem in found:
            raise JobFailedError(file_texts.SAME_STEM(name=found[file.stem].name, other=file.name))
        found[file.stem] = file


def targets(files: Sequence[Path], folder: Path, suffix: str) -> dict[Path, Path]:
    """Where the result of each file goes; raises JobFailedError if two files would have the same result."""
    found: dict[Path, Path] = {}
    for file in files:
        target = folder / f"{file.stem}{suffix}"
        if target in found:
            raise JobFailedError(
                file_texts.SAME_RESULT(name=found[target].name, other=file.name, result=target.name)
            )
        found[target] = file
    return {file: target for target, file in found.items()}


def lay_out(scratch: Path, number: int, source: Path, target: Path, suffix: str | None = None) -> Workpiece:
    """Create the folder of one file and the link to it, with `suffix` for tools that rely on it.

    Raises PermanentError if the path of `scratch` itself is not plain.
    """
    if not _PLAIN_PATH.fullmatch(str(scratch)):
        raise PermanentError(file_texts.ODD_WORKSPACE(path=scratch))
    folder = scratch / f"{number:06d}"
    (folder / "in").mkdir(parents=True)
    (folder / "out").mkdir()
    name = _plain(source.name if suffix is None else f"{source.stem}{suffix}")
    piece = Workpiece(folder, source, folder / "in" / name, folder / "out" / _plain(target.name), target)
    piece.input.symlink_to(source)
    return piece


def _plain(name: str) -> str:
    plain = _NOT_PLAIN.sub("_", name)[-_PLAIN_LENGTH:]
    return f"_{plain}" if plain.startswith(("-", ".")) else plain
