"""What is done with folders on descriptors, through no link: no path can change between check and use.

Pure file-system code; knows no job. How they are opened is `taskmanager.files.walking`.
"""

import contextlib
import os
import stat
from pathlib import Path

from taskmanager.files.walking import above, below, opened

__all__ = ["above", "below", "names", "opened", "reclaim", "sync"]

_READ = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


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
