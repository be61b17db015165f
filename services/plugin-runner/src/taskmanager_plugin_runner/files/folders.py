"""Opens folders without following links: no path can be turned into another between check and use.

Pure file-system code on descriptors (openat); knows no job.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

_STEP = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[int]:
    """A descriptor of an absolute folder none of whose components is a link; raises OSError."""
    with beneath(os.open("/", _STEP), PurePosixPath(*folder.parts[1:])) as descriptor:
        yield descriptor


@contextlib.contextmanager
def below(home: int, relative: PurePosixPath) -> Iterator[int]:
    """A descriptor of a folder somewhere inside `home`; raises OSError if a component is a link."""
    with beneath(os.open(".", _STEP, dir_fd=home), relative) as descriptor:
        yield descriptor


@contextlib.contextmanager
def beneath(start: int, relative: PurePosixPath) -> Iterator[int]:
    """Walk from the open descriptor `start`, which this closes, to a readable descriptor of `relative`."""
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


def sync(descriptor: int) -> None:
    """Make the names in a folder durable, where its file system can."""
    with contextlib.suppress(OSError):  # some network file systems cannot sync a folder (EINVAL)
        os.fsync(descriptor)


def names(descriptor: int) -> list[str]:
    """The names in a folder, sorted."""
    return sorted(os.listdir(descriptor))
