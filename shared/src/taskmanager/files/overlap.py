"""Whether the results of a job would be put among its own sources. Reads the file system, changes nothing.

The gateway checks this as far as it sees the folders, the runner always. Folders are the same if they match
by path, by device and inode (links, bind mounts), by their place in a file system that is mounted twice, or
by their entries where a share ignores case.
"""

import unicodedata
from collections.abc import Iterable
from pathlib import Path

from taskmanager.files.mounts import mount_of
from taskmanager.model.reasons.coded_text import TextCode
from taskmanager.model.reasons.job_texts import path_texts


def misfit(source: Path, destination: Path) -> str | None:
    """Why results may not go to `destination`, as a sentence; None if they may.

    Both paths are absolute and without links. A folder that does not exist, or in a folder that may not be
    searched, is compared by its path alone.
    """
    what = _relation(source, destination)
    if what is None:
        return None
    return what(path=source) if source == destination else what(source=source, destination=destination)


def _relation(source: Path, destination: Path) -> TextCode | None:
    if _is_file(source):
        return path_texts.IS_FOLDER_OF_SOURCE if _same(destination, source.parent) else None
    if _same(destination, source):
        return path_texts.IS_SOURCE
    return path_texts.INSIDE_SOURCE if _inside(destination, source) else None


def _inside(inner: Path, outer: Path) -> bool:
    if outer in inner.parents:
        return True
    known = _identity(outer)
    if known is None:
        return False  # a folder that does not exist has no other name
    return any(
        _identity(folder) == known or _other_spelling(folder, outer) for folder in inner.parents
    ) or _mounted_inside(inner, outer)


def _same(one: Path, other: Path) -> bool:
    if one == other:
        return True
    known = _identity(other)
    return known is not None and (_identity(one) == known or _other_spelling(one, other))


def _is_file(path: Path) -> bool:
    """False for what cannot be seen: whoever reads it says what is wrong with it."""
    try:
        return path.is_file()
    except OSError:
        return False


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _mounted_inside(inner: Path, outer: Path) -> bool:
    """Whether `inner` is in `outer` by a mount elsewhere, where none of its parents is `outer` by path."""
    mounts = mount_of(inner), mount_of(outer)
    if mounts[0] is None or mounts[1] is None or mounts[0] == mounts[1]:
        return False
    (device, place), (outer_device, outer_place) = mounts[0].place_of(inner), mounts[1].place_of(outer)
    return device == outer_device and place.is_relative_to(outer_place)


def _other_spelling(one: Path, other: Path) -> bool:
    """Two spellings of one existing folder, on a share that ignores case but invents its inodes."""
    if len(one.parts) != len(other.parts) or _folded(one.parts) != _folded(other.parts):
        return False
    if _identity(one) is None or _identity(other) is None:
        return False
    return not any(
        left != right and _both_listed(Path(*one.parts[:depth]), left, right)
        for depth, (left, right) in enumerate(zip(one.parts, other.parts, strict=True))
    )


def _both_listed(folder: Path, left: str, right: str) -> bool:
    try:
        return {left, right} <= {path.name for path in folder.iterdir()}
    except OSError:
        return True


def _folded(parts: Iterable[str]) -> list[str]:
    return [folded(part) for part in parts]


def folded(name: str) -> str:
    """A form common to all spellings of a name, whatever their case and Unicode form."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
