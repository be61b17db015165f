"""Puts the results of an attempt into the process folder: all of them, or none and the folder as it was.

Pure file-system code; knows nothing of brokers, leases or plugins. Order: everything is written into the
stage beside the target and synced; the manifest says what will be moved; then entry by entry an existing
file moves to `old/` and the new one to its name; then the stage is renamed to `…-placed`, which is the
point of no return, and removed. A crash at any step is undone by `stages.undo`.
"""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import structlog

from taskmanager.crash import Point, reach
from taskmanager.errors import JobFailedError, SupersededError
from taskmanager.paths import Roots
from taskmanager_plugin_runner import folders
from taskmanager_plugin_runner.failures import refuse
from taskmanager_plugin_runner.filling import Result, fill
from taskmanager_plugin_runner.stages import (
    MANIFEST,
    NEW,
    OLD,
    PLACED,
    PREFIX,
    Entry,
    Manifest,
    discard,
    exists,
    homes,
    is_folder,
    stage_name,
    undo,
    undo_attempt,
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one attempt places its results; `home` is the existing folder that holds its stage."""

    destination: Path
    home: Path
    job: str
    attempt: int

    @property
    def stage(self) -> str:
        """Name of the stage in `home`."""
        return stage_name(self.job, self.attempt)

    @property
    def inside(self) -> PurePosixPath:
        """The destination as seen from `home`: itself, or the folder that is to be made in it."""
        return PurePosixPath() if self.home == self.destination else PurePosixPath(self.destination.name)


def prepare(text: str, roots: Roots, job: str, attempt: int) -> Placement:
    """Undo what earlier attempts left, and make the stage; this also shows early whether one may write there.

    Raises JobFailedError with what to do, PathRefusedError, or SupersededError if a later attempt is at work.
    """
    destination = roots.resolve(text)
    try:
        for folder in homes(destination):
            if any(folder == root or root in folder.parents for root in roots.folders):
                undo(folder, job, attempt)
        home = _home(destination, roots)  # only now: undoing may have taken the destination away
        with folders.opened(home) as home_fd:
            os.mkdir(stage_name(job, attempt), dir_fd=home_fd)
    except OSError as error:
        refuse(error, f"the destination {destination} cannot be written to")
    return Placement(destination, home, job, attempt)


def _home(destination: Path, roots: Roots) -> Path:
    if destination.is_dir():
        return destination
    if destination.exists():
        raise JobFailedError(f"the destination {destination} is a file: name a folder")
    if not destination.parent.is_dir():
        raise JobFailedError(
            f"the destination {destination} cannot be made because {destination.parent} does not exist: "
            "check the path and whether the share is mounted"
        )
    return roots.contain(destination.parent, str(destination.parent))


def clean(placement: Placement) -> None:
    """Put everything back as it was before the attempt; raises OSError. Does nothing once all is placed."""
    undo_attempt(placement.home, placement.job, placement.attempt)


def place(output: Path, placement: Placement, ours: Callable[[], bool] = lambda: True) -> tuple[int, int]:
    """Move everything in `output` to the destination; return how many files and bytes it is.

    `ours` is asked before each step that shows, so that an attempt that was frozen meanwhile undoes it all.
    Raises JobFailedError or SupersededError; the destination is then as it was.
    """
    results = list(results_in(output, placement.inside))
    try:
        with folders.opened(placement.home) as home_fd:
            _place(home_fd, placement, results, ours)
    except OSError as error:
        _explain(error, placement)
    return len(results), sum(result.bytes for result in results)


def _explain(error: OSError, placement: Placement) -> None:
    gone = isinstance(error, FileNotFoundError) and not (placement.home / placement.stage).exists()
    clean(placement)
    if gone:
        raise SupersededError(
            f"{placement.home / placement.stage} is gone: another attempt took over, or somebody removed it"
        ) from error
    refuse(error, f"the results could not be put into {placement.destination}, which is as it was before")


def _place(home_fd: int, placement: Placement, results: list[Result], ours: Callable[[], bool]) -> None:
    try:
        fill(home_fd, placement.home, placement.stage, results)
        manifest = _plan(home_fd, placement.stage, results)
        _write_manifest(home_fd, placement.stage, manifest)
        for entry in manifest.entries:
            reach(Point.SLOT_BEFORE_RENAME)
            _require(ours)
            _move(home_fd, placement.stage, entry)
        reach(Point.SLOT_BEFORE_SEAL)
        _require(ours)
        _seal(home_fd, placement.stage, manifest)
    except (JobFailedError, SupersededError):
        clean(placement)
        raise
    reach(Point.SLOT_AFTER_SEAL)
    _throw_away(home_fd, placement.stage + PLACED)


def _require(ours: Callable[[], bool]) -> None:
    if not ours():
        raise SupersededError("its lease ended while its results were put into place, as if it was frozen")


def results_in(output: Path, inside: PurePosixPath) -> Iterator[Result]:
    """What a plugin made, named below `inside`; raises JobFailedError for what is no regular file."""
    for root, subfolders, files in os.walk(output):
        subfolders.sort()
        for name in sorted([*files, *(sub for sub in subfolders if (Path(root) / sub).is_symlink())]):
            path = Path(root) / name
            details = path.lstat()
            if not stat.S_ISREG(details.st_mode):
                raise JobFailedError(f"the plugin left {path.relative_to(output)}, which is no regular file")
            if name.startswith(PREFIX):
                raise JobFailedError(
                    f"the plugin made {name}; names that begin with {PREFIX} are not allowed"
                )
            yield Result(str(inside / path.relative_to(output)), path, details.st_size)


# --- moving


def _plan(home_fd: int, stage: str, results: list[Result]) -> Manifest:
    entries: dict[str, Entry] = {}
    for result in results:
        entry = _entry(home_fd, PurePosixPath(result.name))
        entries.setdefault(entry.name, entry)
    with folders.below(home_fd, PurePosixPath(stage)) as folder:
        os.mkdir(OLD, dir_fd=folder)
        made = {PurePosixPath()}
        for entry in entries.values():
            for parent in reversed(PurePosixPath(entry.name).parents):
                if parent not in made:
                    os.mkdir(f"{OLD}/{parent}", dir_fd=folder)
                    made.add(parent)
    return Manifest(tuple(entries.values()), tuple(result.name for result in results))


def _entry(home_fd: int, name: PurePosixPath) -> Entry:
    """The highest part of the path that is not there yet and so moves as a whole, or the file itself."""
    for part in [*reversed(name.parents)][1:]:
        if not exists(str(part), home_fd):
            return Entry(str(part), existed=False)
        if not is_folder(str(part), home_fd):
            raise JobFailedError(
                f"the result {name} needs a folder {part}, but there is something else of that name"
            )
    if not exists(str(name), home_fd):
        return Entry(str(name), existed=False)
    if is_folder(str(name), home_fd):
        raise JobFailedError(f"the result {name} cannot be placed because there is a folder of that name")
    return Entry(str(name), existed=True)


def _write_manifest(home_fd: int, stage: str, manifest: Manifest) -> None:
    with folders.below(home_fd, PurePosixPath(stage)) as folder:
        descriptor = os.open(MANIFEST + ".part", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666, dir_fd=folder)
        with os.fdopen(descriptor, "wb") as file:
            file.write(manifest.encode())
            file.flush()
            os.fsync(descriptor)
        os.rename(f"{stage}/{MANIFEST}.part", f"{stage}/{MANIFEST}", src_dir_fd=home_fd, dst_dir_fd=home_fd)
        folders.sync(folder)


def _move(home_fd: int, stage: str, entry: Entry) -> None:
    target = PurePosixPath(entry.name)
    with folders.below(home_fd, target.parent) as parent:
        if entry.existed:
            os.rename(target.name, f"{stage}/{OLD}/{target}", src_dir_fd=parent, dst_dir_fd=home_fd)
        elif exists(target.name, parent):
            raise JobFailedError(f"{target} appeared in the destination while results were being placed")
        os.rename(f"{stage}/{NEW}/{target}", target.name, src_dir_fd=home_fd, dst_dir_fd=parent)


def _seal(home_fd: int, stage: str, manifest: Manifest) -> None:
    for folder in {PurePosixPath(entry.name).parent for entry in manifest.entries}:
        with folders.below(home_fd, folder) as descriptor:
            folders.sync(descriptor)
    os.rename(stage, stage + PLACED, src_dir_fd=home_fd, dst_dir_fd=home_fd)
    folders.sync(home_fd)


def _throw_away(home_fd: int, stage: str) -> None:
    """What was replaced is not needed any more; if it stays, the results are in place all the same."""
    try:
        discard(home_fd, stage)
    except OSError as error:
        log.warning("stage_not_removed", stage=stage, error=str(error))
