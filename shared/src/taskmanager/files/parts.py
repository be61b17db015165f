"""Which files of a folder tree a job takes, by patterns that its plugin declares.

A pattern is a path relative to the source folder whose parts may hold `*`, `?` and `[...]`; a part `**`
stands for any number of folders. `|` separates alternatives, of which the first that matches any file counts.
`{title}` is the title of the process (else of the job), `{stem}` the name of a source that is a file, without
its suffix; an alternative whose placeholder has no value is skipped. For a source that is a file, patterns
are relative to its folder, and may begin with `../`. Only looks; opens nothing.
"""

import glob
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from taskmanager.files.listing import natural

ANY_DEPTH = "**"
_UP = ".."
_ALTERNATIVE = "|"


class Parts(NamedTuple):
    """What a job takes of its source: patterns, and the values of their placeholders."""

    patterns: tuple[str, ...]
    values: Mapping[str, str]


class Part(NamedTuple):
    """One file: its path below the input folder of the job, and where it is."""

    place: PurePosixPath
    path: Path


def _itself(link: Path) -> Path:
    return link


def taken(source: Path, parts: Parts, follow: Callable[[Path], Path] = _itself) -> list[Part]:
    """The files of all patterns, in natural order, each once; a source that is a file comes first.

    Hidden files and folders match only patterns that name the dot. `follow` gives the path behind a link, or
    raises. Raises OSError.
    """
    base, found = source, dict[PurePosixPath, Path]()
    if not source.is_dir():
        base, found = source.parent, {PurePosixPath(source.name): source}
    values = {**parts.values, "stem": "" if base is source else source.stem}
    below: dict[PurePosixPath, Path] = {}
    for pattern in parts.patterns:
        below |= dict(first_match(base, pattern, values, follow))
    ordered = sorted(
        below.keys() - found.keys(), key=lambda place: [natural(Path(part)) for part in place.parts]
    )
    return [Part(place, path) for place, path in [*found.items(), *((one, below[one]) for one in ordered)]]


def first_match(
    base: Path, pattern: str, values: Mapping[str, str], follow: Callable[[Path], Path] = _itself
) -> list[Part]:
    """The files of the first alternative of `pattern` that has any, in no particular order."""
    for alternative in pattern.split(_ALTERNATIVE):
        if (parts := _filled(alternative, values)) is None:
            continue
        start = base.parent if parts[0] == _UP else base
        found = list(_matches(start, [part for part in parts if part != _UP], PurePosixPath(), follow))
        if found:
            return found
    return []


def _filled(alternative: str, values: Mapping[str, str]) -> list[str] | None:
    """The parts of a pattern with its values, which are taken literally; None if one has no usable value."""
    filled = alternative
    for name, value in values.items():
        if (place := f"{{{name}}}") not in filled:
            continue
        if not value or "/" in value or "\0" in value or value in {".", _UP}:
            return None
        filled = filled.replace(place, glob.escape(value))
    return filled.split("/")


def _matches(
    folder: Path, parts: Sequence[str], place: PurePosixPath, follow: Callable[[Path], Path]
) -> Iterator[Part]:
    part, rest = parts[0], parts[1:]
    if part == ANY_DEPTH and rest:
        yield from _matches(folder, rest, place, follow)
    for entry in _entries(folder):
        deeper = part == ANY_DEPTH
        if entry.name.startswith(".") and (deeper or not part.startswith(".")):
            continue
        if not deeper and not fnmatchcase(entry.name, part):
            continue
        path = follow(Path(entry.path)) if entry.is_symlink() else Path(entry.path)
        if path.is_dir():
            if deeper or rest:
                yield from _matches(path, parts if deeper else rest, place / entry.name, follow)
        elif not rest and path.is_file():
            yield Part(place / entry.name, path)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []
