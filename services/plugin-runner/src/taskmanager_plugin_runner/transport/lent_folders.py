"""Lends an attempt's folders to the user its plugin runs as, and takes them back. Pure file-system code.

Only output and scratch belong to that user; it may read the rest, as may nobody else but the runner. Taking
back works from the top down: a folder belongs to the runner again before its contents are read, so that
nobody can change a name in the meantime.
"""

import os
import stat
from pathlib import Path

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.job_texts import file_texts
from taskmanager_plugin_runner.files import folders
from taskmanager_plugin_runner.system.slot_users import SlotUser
from taskmanager_plugin_runner.transport.workspace import AttemptFolder

_GROUP_PASSES, _GROUP_READS, _OWNER_ONLY = 0o710, 0o750, 0o700


def enclose(folder: AttemptFolder, user: SlotUser) -> None:
    """Create the attempt's folder, accessible only to the runner and that user; raises OSError."""
    folder.open(folder.path)
    _show(folder.path, user, _GROUP_PASSES)


def lend(folder: AttemptFolder, user: SlotUser) -> None:
    """Let that user read the input and write output and scratch; raises OSError."""
    enclose(folder, user)
    for root, _, files in os.walk(folder.input):
        _show(Path(root), user, _GROUP_READS)
        for name in files:
            path = Path(root) / name
            found = path.lstat()
            if found.st_nlink == 1:  # a copy of ours: a file with more names is the source itself
                _show(path, user, stat.S_IMODE(found.st_mode) & _OWNER_ONLY | 0o440)
    for own in (folder.output, folder.scratch):
        folder.open(own).chmod(_OWNER_ONLY)
        os.chown(own, user.uid, user.gid)


def _show(path: Path, user: SlotUser, mode: int) -> None:
    os.chown(path, -1, user.gid, follow_symlinks=False)
    path.chmod(mode)


def take_back(output: Path, user: SlotUser) -> None:
    """Make the runner the owner of the folders and files that this user has created.

    Raises OSError, and JobFailedError for another user's file, which a program may have linked here without
    being allowed to read it (link(2)).
    """
    folders.reclaim(output)
    for _, _, files, descriptor in os.fwalk(output):
        for name in files:
            found = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            if not stat.S_ISREG(found.st_mode):
                continue  # refused by placing
            if found.st_uid != user.uid:
                raise JobFailedError(file_texts.RESULT_FOREIGN_LINK(name=name))
            os.chown(name, os.geteuid(), os.getegid(), dir_fd=descriptor, follow_symlinks=False)
