"""Writes the results of an attempt beside their target, into its stage: by links where they do, or by copies.

Pure file-system code; moves nothing to its place.
"""

import os
import shutil
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from taskmanager.sources import open_regular
from taskmanager_plugin_runner import folders
from taskmanager_plugin_runner.filesystems import require_space
from taskmanager_plugin_runner.stages import NEW


@dataclass(frozen=True, slots=True)
class Result:
    """One file of the output, named relative to `home`."""

    name: str
    path: Path
    bytes: int


def fill(home_fd: int, home: Path, stage: str, results: Sequence[Result]) -> None:
    """Write all results into the stage, durably; raises OSError, or JobFailedError if there is no space."""
    may_link = _may_link(home_fd)
    umask = _umask()
    if not (may_link and results and results[0].path.stat().st_dev == os.fstat(home_fd).st_dev):
        require_space(home, sum(result.bytes for result in results))
    base = f"{stage}/{NEW}"
    os.mkdir(base, dir_fd=home_fd)
    made = {PurePosixPath()}
    for result in results:
        for parent in reversed(PurePosixPath(result.name).parents):
            if parent not in made:
                os.mkdir(f"{base}/{parent}", dir_fd=home_fd)
                made.add(parent)
        if not (may_link and _link(result.path, f"{base}/{result.name}", home_fd, umask)):
            _copy(result.path, f"{base}/{result.name}", home_fd)
    for folder in made:
        with folders.below(home_fd, base / folder) as descriptor:
            folders.sync(descriptor)


def _may_link(home_fd: int) -> bool:
    """Whether a link does as well as a copy: not where files inherit group or rights from their folder."""
    if os.fstat(home_fd).st_mode & stat.S_ISGID:
        return False
    try:
        return "system.posix_acl_default" not in os.listxattr(home_fd)
    except OSError:
        return True  # the file system has no such attributes


def _umask() -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("Umask:"):
            return int(line.split()[1], 8)
    return 0o022


def _link(source: Path, name: str, home_fd: int, umask: int) -> bool:
    """Spare the copy where workspace and target share a file system; the tool's private mode is widened."""
    try:
        os.link(source, name, dst_dir_fd=home_fd, follow_symlinks=False)
    except FileNotFoundError:
        raise
    except OSError:
        return False  # another file system, or one without links
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=home_fd)
    with os.fdopen(descriptor, "rb"):
        os.fchmod(descriptor, 0o666 & ~umask)
        os.fsync(descriptor)
    return True


def _copy(source: Path, name: str, home_fd: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(name, flags, 0o666, dir_fd=home_fd)
    with os.fdopen(descriptor, "wb") as target, open_regular(source) as origin:
        shutil.copyfileobj(origin, target, 1024 * 1024)
        target.flush()
        os.fsync(descriptor)
