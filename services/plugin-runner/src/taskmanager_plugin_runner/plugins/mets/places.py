"""Which file of the source METS means by an address. Pure: works on names."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from taskmanager_plugin_runner.plugins.mets.document import NamedFile


class Where(StrEnum):
    """What became of an address."""

    THERE = "there"
    MISSING = "missing"
    ELSEWHERE = "elsewhere"
    """On another machine: not looked at."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A file of METS, and the file of the source that it means (its path there)."""

    named: NamedFile
    where: Where
    file: str | None


def placed(
    named: Sequence[NamedFile], there: Collection[str], document: str, groups: Mapping[str, str]
) -> list[Placed]:
    """Where each file is; `there` are the paths of all files in the source, `document` that of METS.

    For a group in `groups` (its USE), whatever its addresses are, the file of the same name is meant in the
    folder that matches the pattern given there. Otherwise an address is a path from the document, or one that
    ends like the path of a file (Goobi writes the folders of its own machine), or of another machine.
    """
    base, index = PurePosixPath(document).parent, _Index(there)
    return [_placed(one, index, base, groups) for one in named]


class _Index:
    """The files of the source by path, by name and by name without suffix."""

    def __init__(self, there: Collection[str]) -> None:
        self.paths = frozenset(there)
        self.names, self.stems = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
        for file in there:
            path = PurePosixPath(file)
            self.names[path.name].append(file)
            self.stems[path.stem].append(file)


def _placed(one: NamedFile, index: _Index, base: PurePosixPath, groups: Mapping[str, str]) -> Placed:
    try:
        address = urlsplit(one.href)
    except ValueError:
        return Placed(one, Where.MISSING, None)
    path = PurePosixPath(unquote(address.path))
    if one.group in groups:
        found = _in_folder(path, index, groups[one.group])
    elif address.scheme not in {"", "file"}:
        return Placed(one, Where.ELSEWHERE, None)
    elif path.is_absolute():
        found = _ending_alike(path, index)
    else:
        # an address without a scheme may be a name as it is, with `%` or `#` in it
        candidates = str(_flat(base / one.href)), str(_flat(base / path))
        found = next((name for name in candidates if name in index.paths), None)
    return Placed(one, Where.MISSING if found is None else Where.THERE, found)


def _flat(path: PurePosixPath) -> PurePosixPath:
    """The path without `.` and `..`; one that leads out of the source stays as it is and names nothing."""
    parts = list[str]()
    for part in path.parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return PurePosixPath(*parts)


def _in_folder(path: PurePosixPath, index: _Index, pattern: str) -> str | None:
    """The file of that name in a folder that matches, or of another suffix if there is just one such."""
    exact, alike = (
        [file for file in known if fnmatchcase(str(PurePosixPath(file).parent), pattern)]
        for known in (index.names.get(path.name, ()), index.stems.get(path.stem, ()))
    )
    if exact:
        return exact[0]
    return alike[0] if len(alike) == 1 else None


def _ending_alike(path: PurePosixPath, index: _Index) -> str | None:
    """The file whose whole path is the end of the address; the deepest if there are several."""
    depths = {file: PurePosixPath(file).parts for file in index.names.get(path.name, ())}
    found = [file for file, parts in depths.items() if path.parts[-len(parts) :] == parts]
    return max(found, key=lambda file: len(depths[file]), default=None)


def not_named(placed_files: Sequence[Placed], there: Collection[str], folders: Sequence[str]) -> list[str]:
    """Files that METS does not name, in the folders in which it names some, and in those that match."""
    named = {one.file for one in placed_files if one.file is not None}
    around = {str(PurePosixPath(name).parent) for name in named} - {"."}
    return [file for file in there if file not in named and _is_in(file, around, folders)]


def _is_in(file: str, around: Collection[str], folders: Sequence[str]) -> bool:
    folder = str(PurePosixPath(file).parent)
    return folder in around or any(fnmatchcase(folder, pattern) for pattern in folders)
