"""Walks to a folder on descriptors (openat), step by step and through no link.

No path can then change between check and use. Pure file-system code; knows no job.
"""

import contextlib
import os
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
    upwards = "/".join(("..",) * levels) or "."
    with beneath(os.open(upwards, _STEP, dir_fd=home), PurePosixPath()) as descriptor:
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
