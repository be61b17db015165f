"""Which file of a job is meant, and how it is opened: beneath the roots, a regular file, through no link.

Links inside the roots are followed first, as runners do, and then none is left in the path that is opened.
"""

import errno
import hashlib
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from taskmanager.files.opening import open_regular
from taskmanager.files.roots import Roots
from taskmanager.files.unicode_names import as_spelled
from taskmanager.model.jobs import JobSpec

NAME_MOST = 4_096
RENDERING = "1"
"""Part of every version: a change of how pictures are shown makes what browsers keep obsolete."""


class Side(StrEnum):
    """Where a file belongs."""

    SOURCE = "source"
    RESULT = "result"


@dataclass(frozen=True, slots=True)
class Place:
    """A file of a job: `folder` is the job's source or destination, `name` is relative to it."""

    folder: str
    name: str


def place_of(spec: JobSpec, side: Side, name: str) -> Place | None:
    """The place of a file that a job reports; None if the job has no such folder or the name leads elsewhere.

    A job without a destination has its results in its source.
    """
    folder = spec.source if side is Side.SOURCE else spec.destination or spec.source
    parts = PurePosixPath(name).parts
    odd = not parts or len(name) > NAME_MOST or name.startswith("/") or ".." in parts or "\0" in name
    return None if folder is None or odd else Place(folder, name)


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file that was opened, and which state of which file it is."""

    file: BinaryIO
    version: str

    def changed(self) -> bool:
        """Whether it was written to since it was opened."""
        return version_of(self.file) != self.version

    def close(self) -> None:
        """Let go of it."""
        self.file.close()


def version_of(file: BinaryIO) -> str:
    """Differs for every file and every state of a file: from device, inode, size and time of change."""
    found = os.fstat(file.fileno())
    told = (RENDERING, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
    return hashlib.sha256(repr(told).encode()).hexdigest()[:20]


def opened(place: Place, roots: Roots) -> OpenFile:
    """The file, opened; may block on a dead mount.

    Raises PathRefusedError if it is outside of the roots, and OSError if it is missing or no regular file.
    """
    folder = roots.resolve(place.folder)
    if folder.is_file():
        target = folder if place.name == folder.name else folder / place.name
    else:
        target = as_spelled(folder / place.name)
    try:
        found = target.resolve(strict=True)
    except RuntimeError as error:  # how pathlib tells of a loop before Python 3.13
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(target)) from error
    real = roots.contain(found, str(Path(place.folder) / place.name))
    file = open_regular(real, foreign_links=False)
    return OpenFile(file, version_of(file))
