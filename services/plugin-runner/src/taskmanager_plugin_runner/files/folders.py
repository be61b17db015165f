"""Opens folders without following links, so that no path can change between check and use.

Pure file-system code on descriptors (openat); knows no job.
"""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

_STEP = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[int]:
    """A descriptor of an absolute folder, no component of which may be a link; raises OSError."""
    with beneath(os.open("/", _STEP), PurePosixPath(*folder.parts[1:])) as descriptor:
        yield descriptor


@contextlib.contextmanager
def below(home: int, relative: PurePosixPath) -> Iterator[int]:
    """A descriptor of a folder anywhere inside `home`; raises OSError if a component is a link."""
    with beneath(os.open(".", _STEP, dir_fd=home), relative) as descriptor:
        yield descriptor


@contextlib.contextmanager
def above(home: int, levels: int) -> Iterator[int]:
    """A descriptor of the folder so many levels above `home`, 0 for itself; raises OSError."""
    with beneath(
        os.open("/".join(("..",) * levels) or ".", _STEP, dir_fd=home), PurePosixPath()
    ) as descriptor:
        yield descriptor


@contextlib.contextmanager
def beneath(start: int, relative: PurePosixPath) -> Iterator[int]:
    """Walk from the open descriptor `start`, which is closed here, to a readable descriptor of `relative`."""
    current = start
    try:
        for part in relative.parts:
            current = _replace(current, os.open(part, _STEP, dir_fd=current))
        current = _replace(current, os.open(".", _READ, dir_fd=current))
        yield current
    finally:
        os.close(current)


def _replace(old: int, new: int) -> int:
    os.close(old)
    return new


def reclaim(folder: Path) -> None:
    """Make a folder and all folders in it this user's own, accessible to it and not writable by others.

    Works from the top down, looking names up only in folders that nobody else can change by then. Does
    nothing if the folder does not exist. Raises OSError.
    """
    with contextlib.suppress(FileNotFoundError), opened(folder.parent) as parent:
        _reclaim(parent, folder.name)


def _reclaim(parent: int, name: str) -> None:
    found = os.stat(name, dir_fd=parent, follow_symlinks=False)
    if not stat.S_ISDIR(found.st_mode):
        return
    if found.st_uid != os.geteuid():
        os.chown(name, os.geteuid(), os.getegid(), dir_fd=parent, follow_symlinks=False)
    mode = stat.S_IMODE(found.st_mode)
    if (wanted := (mode | stat.S_IRWXU) & ~(stat.S_IWGRP | stat.S_IWOTH)) != mode:
        os.chmod(name, wanted, dir_fd=parent)
    descriptor = os.open(name, _READ, dir_fd=parent)
    try:
        with os.scandir(descriptor) as entries:
            inner = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        for one in inner:
            _reclaim(descriptor, one)
    finally:
        os.close(descriptor)


def sync(descriptor: int) -> None:
    """Make the names in a folder durable, if its file system supports it."""
    with contextlib.suppress(OSError):  # some network file systems cannot sync a folder (EINVAL)
        os.fsync(descriptor)


def names(descriptor: int) -> list[str]:
    """The names in a folder, sorted."""
    return sorted(os.listdir(descriptor))
