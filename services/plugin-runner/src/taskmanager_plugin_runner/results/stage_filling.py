"""Writes the results of an attempt into its stage next to the target: as links where possible, or as copies.

What was copied there earlier, while the plugin worked, is left as it is. Pure file-system code; moves nothing
to its final place.
"""

import contextlib
import os
import stat
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from taskmanager.files.opening import open_regular
from taskmanager_plugin_runner.files import folders
from taskmanager_plugin_runner.files.copying import pour
from taskmanager_plugin_runner.files.sources import Fingerprint
from taskmanager_plugin_runner.results.stages import NEW, details
from taskmanager_plugin_runner.system.filesystems import require_space


@dataclass(frozen=True, slots=True)
class ResultFile:
    """One file of the output, named relative to `home`."""

    name: str
    path: Path
    bytes: int


def fill(
    home_fd: int, home: Path, stage: str, results: Sequence[ResultFile], carried: Mapping[str, Fingerprint]
) -> None:
    """Write all results durably into the stage; raises OSError, or JobFailedError if there is no space.

    `carried` results are already complete in it, unless they have changed since.
    """
    base, made = f"{stage}/{NEW}", set[str]()
    there = _still_there(home_fd, base, results, carried)
    missing = [result for result in results if result.name not in there]
    if details(base, home_fd) is not None:
        _tidy(home_fd, base, there)
    link = _may_link(home_fd)
    umask = _umask()
    if missing and not links_do(home_fd, missing[0].path):
        require_space(home, sum(result.bytes for result in missing))
    make_parents(home_fd, base, ".", made)
    for result in results:
        make_parents(home_fd, base, result.name, made)
    for result in missing:
        if not (link and _link(result.path, f"{base}/{result.name}", home_fd, umask)):
            copy(result.path, f"{base}/{result.name}", home_fd)
    for folder in made:
        with folders.below(home_fd, PurePosixPath(folder)) as descriptor:
            folders.sync(descriptor)


def _still_there(
    home_fd: int, base: str, results: Sequence[ResultFile], carried: Mapping[str, Fingerprint]
) -> frozenset[str]:
    """Results that were copied early, have not changed since, and have the same size in the stage."""
    found = set()
    for result in results:
        known = carried.get(result.name)
        if known is not None and known == Fingerprint.of(result.path.lstat()):
            staged = details(f"{base}/{result.name}", home_fd)
            if staged is not None and stat.S_ISREG(staged.st_mode) and staged.st_size == known.bytes:
                found.add(result.name)
    return frozenset(found)


def _tidy(home_fd: int, base: str, keep: Collection[str]) -> None:
    """Remove partial copies, and early copies that are no longer results: they would move with a folder."""
    for root, _, files, descriptor in os.fwalk(base, topdown=False, dir_fd=home_fd):
        inside = PurePosixPath(root).relative_to(base)
        for file in files:
            if str(inside / file) not in keep:
                os.unlink(file, dir_fd=descriptor)
        if root != base:
            with contextlib.suppress(OSError):  # it is not empty
                os.rmdir(root, dir_fd=home_fd)


def make_parents(home_fd: int, base: str, name: str, made: set[str]) -> None:
    """Create `base` and the folders of a name in it, except those in `made`, to which new ones are added.

    The parent of `base` is never created: if it is gone, that means something.
    """
    for parent in reversed([PurePosixPath(base), *(base / one for one in PurePosixPath(name).parents)]):
        if str(parent) not in made:
            with contextlib.suppress(FileExistsError):
                os.mkdir(str(parent), dir_fd=home_fd)
            made.add(str(parent))


def remove(home_fd: int, name: str) -> None:
    """Remove a file that is to be rewritten."""
    os.unlink(name, dir_fd=home_fd)


def links_do(home_fd: int, path: Path) -> bool:
    """Whether results can be placed without a copy: on the same file system, where links are equivalent."""
    return path.lstat().st_dev == os.fstat(home_fd).st_dev and _may_link(home_fd)


def _may_link(home_fd: int) -> bool:
    """Whether a link is as good as a copy: not if files inherit their group or rights from their folder."""
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
    """Avoid a copy if workspace and target share a file system; the tool's private mode is widened.

    A file with further names may not be the tool's own: it may be a source.
    """
    try:
        if source.lstat().st_nlink > 1:
            return False
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


def copy(source: Path, name: str, home_fd: int, stopped: Callable[[], bool] = lambda: False) -> None:
    """Write a file durably under a new name; raises OSError, CopyStoppedError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(name, flags, 0o666, dir_fd=home_fd)
    with os.fdopen(descriptor, "wb") as target, open_regular(source) as origin:
        pour(origin, target, stopped)
        target.flush()
        os.fsync(descriptor)
