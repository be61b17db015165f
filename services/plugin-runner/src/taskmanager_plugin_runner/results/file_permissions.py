"""Gives a new file the mode, group, owner and access control list of the file it is going to replace.

Pure file-system code. What cannot be kept is reported, not raised: the result counts all the same.
"""

import errno
import os
import stat
from pathlib import PurePosixPath

from taskmanager.model.reasons.job_texts import file_texts, list_texts
from taskmanager_plugin_runner.files import folders

ACL = "system.posix_acl_access"
_NONE = frozenset({errno.ENODATA, errno.ENOTSUP, errno.EOPNOTSUPP})


def keep_rights(home_fd: int, new: str, old: str) -> str | None:
    """Make `new` as accessible as `old`, both relative to an open folder; returns what could not be kept.

    Raises OSError if one of the two cannot be read at all.
    """
    model = os.stat(old, dir_fd=home_fd, follow_symlinks=False)
    if not stat.S_ISREG(model.st_mode):
        return None  # a link: its target is not replaced
    wanted = _list_of(home_fd, PurePosixPath(old))
    descriptor = os.open(new, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=home_fd)
    try:
        lost = [_group(descriptor, model), _mode(descriptor, model), _list(descriptor, wanted)]
        lost.append(_owner(descriptor, model))
    finally:
        os.close(descriptor)
    return list_texts.joined(list_texts.COMMA, [word for word in lost if word]) or None


def _group(descriptor: int, model: os.stat_result) -> str | None:
    if os.fstat(descriptor).st_gid == model.st_gid:
        return None
    try:
        os.fchown(descriptor, -1, model.st_gid)
    except OSError:
        return file_texts.GROUP(number=model.st_gid)
    return None


def _mode(descriptor: int, model: os.stat_result) -> str | None:
    mode = stat.S_IMODE(model.st_mode)
    if stat.S_IMODE(os.fstat(descriptor).st_mode) == mode:
        return None
    try:
        os.fchmod(descriptor, mode)
    except OSError:
        return file_texts.MODE(mode=f"{mode:o}")
    return None


def _list(descriptor: int, wanted: bytes | None) -> str | None:
    """Set or remove the list; called after setting the mode, which would change it."""
    try:
        if wanted is not None:
            os.setxattr(descriptor, ACL, wanted)
        elif _has_list(descriptor):
            os.removexattr(descriptor, ACL)
    except OSError:
        return file_texts.ACCESS_LIST()
    return None


def _owner(descriptor: int, model: os.stat_result) -> str | None:
    """Few may change the owner, so failure is reported only if the group has fewer rights than the owner."""
    if os.fstat(descriptor).st_uid == model.st_uid:
        return None
    try:
        os.fchown(descriptor, model.st_uid, -1)
    except OSError:
        owners, groups = (model.st_mode & stat.S_IRWXU) >> 3, model.st_mode & stat.S_IRWXG
        return file_texts.OWNER(number=model.st_uid) if owners & ~groups else None
    return None


def _has_list(descriptor: int) -> bool:
    try:
        return ACL in os.listxattr(descriptor)
    except OSError:
        return False


def _list_of(home_fd: int, name: PurePosixPath) -> bytes | None:
    with folders.below(home_fd, name.parent) as parent:
        try:
            return os.getxattr(f"/proc/self/fd/{parent}/{name.name}", ACL, follow_symlinks=False)
        except OSError as error:
            if error.errno in _NONE:
                return None
            raise
