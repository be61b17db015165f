"""Places the results of an attempt in the process folder: all of them, or none with the folder as it was.

Pure file-system code; knows nothing of brokers, leases or plugins. Order: everything is written into the
stage next to the target and synced; the manifest says what will be moved; then, entry by entry, an existing
file moves to `old/` and the new one to its name; then the record of the job, if one is kept, is made of what
is in its place, and moved to its own; then the stage is renamed to `…-placed`, which is the point of no
return, and removed. A crash at any step is undone by `stages.undo`.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from taskmanager.errors import JobFailedError, SupersededError, TemporaryError
from taskmanager.files.roots import Roots
from taskmanager.model.reasons.job_texts import file_texts
from taskmanager.process.failpoints import Failpoint, failpoint
from taskmanager.process.logs import get_logger
from taskmanager_plugin_runner.failures import refuse
from taskmanager_plugin_runner.files import folders
from taskmanager_plugin_runner.files.seals import NO_KEY, Seal
from taskmanager_plugin_runner.results import journal
from taskmanager_plugin_runner.results.journal import Manifest, RecordMoves, UndoEntry
from taskmanager_plugin_runner.results.planning import (
    Terms,
    dress,
    plan,
    require_no_source,
    results_in,
    unchanged,
)
from taskmanager_plugin_runner.results.process_record import (
    move_record,
    plan_record,
    sync_records,
    write_record,
)
from taskmanager_plugin_runner.results.stage_filling import ResultFile, fill
from taskmanager_plugin_runner.results.stages import (
    NEW,
    OLD,
    PLACED,
    STAGE_MODE,
    details,
    discard,
    exists,
    homes,
    stage_name,
    undo,
    undo_attempt,
)

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one attempt places its results; `home` is the existing folder that holds its stage."""

    destination: Path
    home: Path
    job: str
    attempt: int
    seal: Seal = NO_KEY

    @property
    def stage(self) -> str:
        """The name of the stage in `home`."""
        return stage_name(self.job, self.attempt)

    @property
    def inside(self) -> PurePosixPath:
        """The destination relative to `home`: `home` itself, or the folder to be created in it."""
        return PurePosixPath() if self.home == self.destination else PurePosixPath(self.destination.name)


def prepare(text: str, roots: Roots, job: str, attempt: int, seal: Seal = NO_KEY) -> Placement:
    """Undo what earlier attempts left, and create the stage, which also shows early whether this is allowed.

    Raises JobFailedError with advice, PathRefusedError, or SupersededError if a later attempt is at work.
    """
    destination = roots.resolve(text)
    try:
        for folder in _homes_inside(destination, roots):
            undo(folder, job, attempt, seal)
        home = _home(destination, roots)  # only now: undoing may have removed the destination
        with folders.opened(home) as home_fd:
            os.mkdir(stage_name(job, attempt), STAGE_MODE, dir_fd=home_fd)
    except OSError as error:
        refuse(error, file_texts.DESTINATION_UNWRITABLE, path=destination)
    return Placement(destination, home, job, attempt, seal)


def _homes_inside(destination: Path, roots: Roots) -> list[Path]:
    return [
        folder
        for folder in homes(destination)
        if any(folder == root or root in folder.parents for root in roots.folders)
    ]


def clean_unrecorded(text: str, roots: Roots, job: str, attempt: int, seal: Seal) -> None:
    """Like `clean`, for an attempt whose record of its stage is gone; raises OSError and PathRefusedError."""
    for folder in _homes_inside(roots.resolve(text), roots):
        undo_attempt(folder, job, attempt, seal)


def _home(destination: Path, roots: Roots) -> Path:
    if destination.is_dir():
        return destination
    if destination.exists():
        raise JobFailedError(file_texts.DESTINATION_IS_FILE(path=destination))
    if not destination.parent.is_dir():
        raise JobFailedError(
            file_texts.DESTINATION_WITHOUT_PARENT(path=destination, parent=destination.parent)
        )
    return roots.contain(destination.parent, str(destination.parent))


def clean(placement: Placement) -> None:
    """Restore everything to its state before the attempt; raises OSError. Does nothing once all is placed."""
    undo_attempt(placement.home, placement.job, placement.attempt, placement.seal)


def place(output: Path, placement: Placement, terms: Terms | None = None) -> tuple[int, int]:
    """Move everything in `output` to the destination; returns the number of files and bytes.

    If the attempt was frozen in the meantime and, by its terms, is no longer ours, everything is undone.
    Raises JobFailedError or SupersededError; the destination is then as it was.
    """
    results = list(results_in(output, placement.inside))
    try:
        with folders.opened(placement.home) as home_fd:
            _place(home_fd, placement, results, terms or Terms())
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
    refuse(error, file_texts.NOT_PLACED, path=placement.destination)


def _place(home_fd: int, placement: Placement, results: list[ResultFile], terms: Terms) -> None:
    try:
        fill(home_fd, placement.home, placement.stage, results, terms.carried)
        manifest = plan(home_fd, placement.stage, results, terms)
        if terms.record is not None:
            moves = plan_record(home_fd, placement.home, placement.stage, terms.record)
            manifest = replace(manifest, record=moves)
        dress(home_fd, placement.stage, manifest, terms)
        journal.write(home_fd, placement.stage, manifest, placement.seal)
        for entry in manifest.entries:
            failpoint(Failpoint.SLOT_BEFORE_REMOVAL if entry.leaves else Failpoint.SLOT_BEFORE_RENAME)
            _require(terms.ours)
            _move(home_fd, placement.stage, entry, terms)
        if manifest.record is not None and terms.record is not None:
            write_record(
                home_fd, placement.stage, manifest.record, terms.record, results, str(placement.inside)
            )
            _move_record(home_fd, placement.stage, manifest.record, terms.ours)
        failpoint(Failpoint.SLOT_BEFORE_SEAL)
        _require(terms.ours)
        _seal(home_fd, placement.stage, manifest)
    except (JobFailedError, TemporaryError):
        clean(placement)
        raise
    failpoint(Failpoint.SLOT_AFTER_SEAL)
    _throw_away(home_fd, placement.stage + PLACED)


def _move_record(home_fd: int, stage: str, moves: RecordMoves, ours: Callable[[], bool]) -> None:
    for entry in moves.entries:
        failpoint(Failpoint.SLOT_BEFORE_REMOVAL if entry.leaves else Failpoint.SLOT_BEFORE_RENAME)
        _require(ours)
        move_record(home_fd, stage, moves.levels, entry)
    sync_records(home_fd, moves.levels)


def _require(ours: Callable[[], bool]) -> None:
    if not ours():
        raise SupersededError("its lease ended while its results were put into place, as if it was frozen")


def _move(home_fd: int, stage: str, entry: UndoEntry, terms: Terms) -> None:
    target = PurePosixPath(entry.name)
    if entry.leaves and not unchanged(home_fd, entry.name, terms.leaving[entry.name]):
        return  # another file has been put there in the meantime, which is not ours to remove
    with folders.below(home_fd, target.parent) as parent:
        if entry.existed:
            _make_room(home_fd, stage, parent, target, terms)
        elif exists(target.name, parent):
            raise JobFailedError(file_texts.APPEARED(name=target))
        if not entry.leaves:
            os.rename(f"{stage}/{NEW}/{target}", target.name, src_dir_fd=home_fd, dst_dir_fd=parent)


def _make_room(home_fd: int, stage: str, parent: int, target: PurePosixPath, terms: Terms) -> None:
    found = details(target.name, parent) if terms.sources else None
    if found is not None:
        require_no_source(str(target), found, terms.sources)
    os.rename(target.name, f"{stage}/{OLD}/{target}", src_dir_fd=parent, dst_dir_fd=home_fd)


def _seal(home_fd: int, stage: str, manifest: Manifest) -> None:
    for folder in {PurePosixPath(entry.name).parent for entry in manifest.entries}:
        with folders.below(home_fd, folder) as descriptor:
            folders.sync(descriptor)
    os.rename(stage, stage + PLACED, src_dir_fd=home_fd, dst_dir_fd=home_fd)
    folders.sync(home_fd)


def _throw_away(home_fd: int, stage: str) -> None:
    """Remove what was replaced; if that fails, the results are in place all the same."""
    try:
        discard(home_fd, stage)
    except OSError as error:
        log.warning("stage_not_removed", stage=stage, error=str(error))
