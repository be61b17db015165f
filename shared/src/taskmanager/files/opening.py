"""Opens a file by a path that was checked before, and nothing else that has taken its name since.

No component of the path may be a link: links were followed and checked when the path was made, and any way
out of the roots would be a link. Linux only; if the kernel has no openat2(2), the path is walked step by
step.
"""

import ctypes
import errno
import os
import stat
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from taskmanager.files import walking

_OPENAT2 = 437
"""The same number on every architecture."""
_RESOLVE_NO_MAGICLINKS, _RESOLVE_NO_SYMLINKS, _RESOLVE_BENEATH = 0x02, 0x04, 0x08
_NOT_THERE = frozenset({errno.ENOSYS, errno.EPERM})
"""The kernel is too old, or a container blocks the call."""
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


class _How(ctypes.Structure):
    """`struct open_how` of openat2(2)."""

    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def open_regular(path: Path, *, foreign_links: bool = True) -> BinaryIO:
    """A regular file, opened for reading; raises OSError for anything else, and never blocks on opening.

    Without `foreign_links`, a file that also has other names must belong to the owner of its folder: anyone
    who may write there could have linked a file that they may not read themselves (link(2)).
    """
    folder = _open_folder(path.parent)
    try:
        descriptor = os.open(path.name, _FILE, dir_fd=folder)
        problem = _problem(os.fstat(descriptor), os.fstat(folder), foreign_links=foreign_links)
    finally:
        os.close(folder)
    if problem is not None:
        os.close(descriptor)
        raise OSError(errno.EINVAL, problem, str(path))
    return os.fdopen(descriptor, "rb")


def _problem(found: os.stat_result, folder: os.stat_result, *, foreign_links: bool) -> str | None:
    if not stat.S_ISREG(found.st_mode):
        return "is not a regular file"
    if not foreign_links and found.st_nlink > 1 and found.st_uid != folder.st_uid:
        return (
            "is a hard link to a file of another owner: copy it, or allow it (TASKMANAGER_FOREIGN_HARD_LINKS)"
        )
    return None


def _open_folder(path: Path) -> int:
    """A descriptor of an absolute folder, no component of which may be a link, for looking up names."""
    inside = os.fspath(PurePosixPath(*path.parts[1:]))
    how = _How(_FOLDER, 0, _RESOLVE_BENEATH | _RESOLVE_NO_SYMLINKS | _RESOLVE_NO_MAGICLINKS)
    root = os.open("/", _FOLDER)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        found: int = libc.syscall(_OPENAT2, root, os.fsencode(inside), ctypes.byref(how), ctypes.sizeof(how))
        code = ctypes.get_errno()
        if found >= 0:
            return found
        if code not in _NOT_THERE:
            raise OSError(code, os.strerror(code), str(path))
    finally:
        os.close(root)
    with walking.opened(path) as descriptor:
        return os.dup(descriptor)
