"""The hidden folder an attempt keeps next to its target, and how one that was left behind is undone.

`.tm-<job>-<attempt>` is created when the attempt begins and is never created again. It is the attempt's
token: whoever takes over the job first renames the folder, so an attempt that was frozen and resumes finds
its paths gone and can no longer move a single file. This holds on every file system with atomic rename,
whatever clocks and leases say; for it to work, all its paths must be looked up by name at each use, never
through an open descriptor of the stage itself.

Layout: `new/` what will be placed, `old/` what was replaced, `manifest.json` what was about to be moved (see
`journal`); `record-new/` and `record-old/` the same for the record in the process folder (`process_record`).

Names at its end: `…-undo-<random>` while it is being undone, `…-placed` once nothing may be undone any more.
"""

import contextlib
import errno
import os
import re
import shutil
import stat
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from uuid import uuid4

from taskmanager.errors import SupersededError
from taskmanager.process.logs import get_logger
from taskmanager_plugin_runner.files import folders
from taskmanager_plugin_runner.files.seals import NO_KEY, Seal
from taskmanager_plugin_runner.results import journal
from taskmanager_plugin_runner.results.journal import Manifest, UndoEntry

PREFIX = ".tm-"
NEW, OLD = "new", "old"
RECORD_NEW, RECORD_OLD = "record-new", "record-old"
STAGE_MODE = 0o700
"""Nobody else needs access to a stage; what is placed leaves it by rename, with its own mode."""
PLACED, UNDO = "-placed", "-undo-"
UNDO_ROUNDS = 20

log = get_logger(__name__)


def stage_name(job: str, attempt: int) -> str:
    """The name of an attempt's folder."""
    return f"{PREFIX}{job}-{attempt}"


def homes(destination: Path) -> list[Path]:
    """Where stages of a destination may be: inside it, or next to it as long as it does not exist."""
    return [folder for folder in (destination, destination.parent) if folder.is_dir()]


def undo(home: Path, job: str, upto: int, seal: Seal = NO_KEY) -> None:
    """Restore what attempts of `job` up to and including `upto` began to place in `home`.

    May be interrupted anywhere and repeated, even by others at the same time; returns when no stage is left.
    Raises SupersededError if a later attempt has its stage there, OSError if the file system refuses,
    JobFailedError for a journal that cannot be trusted.
    """
    with folders.opened(home) as home_fd:
        for attempt in range(
            1, upto + 1
        ):  # listings of network folders may be stale; a rename by name is not
            _undo_one(home_fd, stage_name(job, attempt), seal)
        for _ in range(UNDO_ROUNDS):
            found = list(_stages(home_fd, job))
            later = [attempt for attempt, _ in found if attempt > upto]
            if later:
                raise SupersededError(f"attempt {max(later)} of the job is already at work in {home}")
            if not found:
                return
            for _, name in found:
                _undo_one(home_fd, name, seal)
    raise OSError(errno.EBUSY, f"several processes undo the same attempts of job {job}", str(home))


def undo_attempt(home: Path, job: str, attempt: int, seal: Seal = NO_KEY) -> None:
    """As `undo`, for one attempt only; does nothing if a later attempt is already undoing it."""
    with folders.opened(home) as home_fd:
        for number, name in _stages(home_fd, job):
            if number == attempt:
                _undo_one(home_fd, name, seal)


def _stages(home_fd: int, job: str) -> Iterator[tuple[int, str]]:
    pattern = re.compile(re.escape(PREFIX + job) + r"-(\d+)(-placed|-undo-[0-9a-f]+)?")
    for name in folders.names(home_fd):
        match = pattern.fullmatch(name)
        if match:
            yield int(match[1]), name


def _undo_one(home_fd: int, name: str, seal: Seal) -> None:
    if name.endswith(PLACED):
        discard(home_fd, name)
        return
    subject = name.partition(UNDO)[0]
    mine = f"{subject}{UNDO}{uuid4().hex}"
    try:
        os.rename(name, mine, src_dir_fd=home_fd, dst_dir_fd=home_fd)
    except FileNotFoundError:
        return  # another process is undoing it, or it never existed
    folders.sync(home_fd)
    try:
        _roll_back(home_fd, mine, journal.read(home_fd, mine, subject, seal))
        discard(home_fd, mine)
    except FileNotFoundError:
        if exists(mine, home_fd):
            raise
        log.info("undo_taken_over", stage=mine)


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two pairs of parts of a stage, and the open folder that what is in them belongs to.

    `files` are those that the attempt has made there.
    """

    home_fd: int
    stage: str
    target_fd: int
    new: str
    old: str
    files: Collection[str]


def _roll_back(home_fd: int, stage: str, manifest: Manifest | None) -> None:
    if manifest is None:
        return  # nothing is moved before the journal exists
    if (record := manifest.record) is not None:
        with folders.above(home_fd, record.levels) as above:
            side = _Side(home_fd, stage, above, RECORD_NEW, RECORD_OLD, record.files)
            _restore_all(side, record.entries)
            with contextlib.suppress(OSError):  # it holds other records, or does not exist
                os.rmdir(journal.RECORDS, dir_fd=above)
    _restore_all(_Side(home_fd, stage, home_fd, NEW, OLD, manifest.files), manifest.entries)


def _restore_all(side: _Side, entries: Sequence[UndoEntry]) -> None:
    for entry in reversed(entries):
        _restore(side, entry)
    folders.sync(side.target_fd)


def _restore(side: _Side, entry: UndoEntry) -> None:
    """Restore one entry to its original state; what was not done is found by looking."""
    target = PurePosixPath(entry.name)
    try:
        with folders.below(side.target_fd, target.parent) as parent:
            if entry.leaves and exists(target.name, parent):
                return  # it never left, or another file has been put there since
            if _moved(side, target, parent):
                return
            if not entry.existed and not _staged(side, target) and exists(target.name, parent):
                _take_back(side, parent, target)
    except FileNotFoundError:
        if side.new != RECORD_NEW or not exists(side.stage, side.home_fd):
            raise  # else the folder of records was never made


def _moved(side: _Side, target: PurePosixPath, parent: int) -> bool:
    """Move what was kept of the earlier state to its place, if there is anything."""
    try:
        with folders.below(side.home_fd, PurePosixPath(side.stage, side.old) / target.parent) as kept:
            os.rename(target.name, target.name, src_dir_fd=kept, dst_dir_fd=parent)
    except FileNotFoundError:
        return False
    return True


def _staged(side: _Side, target: PurePosixPath) -> bool:
    try:
        with folders.below(side.home_fd, PurePosixPath(side.stage, side.new) / target.parent) as new:
            return exists(target.name, new)
    except FileNotFoundError:
        return False


def _take_back(side: _Side, parent: int, target: PurePosixPath) -> None:
    """Move what was placed back into the stage, but leave files that others have added since."""
    strangers = _files_in(parent, target.name, target) - set(side.files)
    if not strangers:
        with folders.below(side.home_fd, PurePosixPath(side.stage, side.new) / target.parent) as new:
            os.rename(target.name, target.name, src_dir_fd=parent, dst_dir_fd=new)
        return
    log.warning("undo_left_files", folder=str(target), files=len(strangers))
    for name in map(PurePosixPath, side.files):
        if target in name.parents:
            _unlink(side.target_fd, name)


def _unlink(folder_fd: int, name: PurePosixPath) -> None:
    try:
        with folders.below(folder_fd, name.parent) as folder:
            os.unlink(name.name, dir_fd=folder)
    except FileNotFoundError:
        return


def _files_in(parent: int, name: str, relative: PurePosixPath) -> set[str]:
    if not is_folder(name, parent):
        return set()
    found = set()
    for root, subfolders, files, descriptor in os.fwalk(name, dir_fd=parent):
        inside = relative / PurePosixPath(root).relative_to(name)
        links = [sub for sub in subfolders if not is_folder(sub, descriptor)]
        found |= {str(inside / file) for file in [*files, *links]}
    return found


def exists(name: str, folder: int) -> bool:
    """Whether an open folder has an entry of that name; a dangling link counts."""
    return details(name, folder) is not None


def details(name: str, folder: int) -> os.stat_result | None:
    """The status of a name in an open folder, without following links; None if it does not exist."""
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def is_folder(name: str, folder: int) -> bool:
    """Whether `name` in an open folder is a real folder, not a link to one."""
    return stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)


def discard(home_fd: int, name: str) -> None:
    """Remove a stage for good; it is no error if another process removes it at the same time."""
    try:
        shutil.rmtree(name, dir_fd=home_fd)
    except FileNotFoundError:
        if exists(name, home_fd):
            raise
