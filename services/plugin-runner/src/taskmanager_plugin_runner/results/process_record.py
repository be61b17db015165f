"""Puts the record of a job into `taskmanager/<name>/` of its process folder, as part of placing its results.

The record is moved last, before the stage is sealed, and undone with everything else: there is no record
without the results it is about, and no result of a finished job without its record. A job that is done again
replaces its earlier record. What a record says is another's business (`provenance`).
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.job_texts import file_texts
from taskmanager_plugin_runner.files import folders
from taskmanager_plugin_runner.results.journal import RECORDS, RecordMoves, UndoEntry
from taskmanager_plugin_runner.results.stage_filling import ResultFile
from taskmanager_plugin_runner.results.stages import RECORD_NEW, RECORD_OLD, exists, is_folder

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class PlacedFile:
    """A result in its place: `name` is relative to the destination, `made` is what the plugin has left.

    `open` opens what is in its place now; raises OSError.
    """

    name: str
    made: Path
    open: Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """The record that is to be placed: `process` is the folder that has or gets the folder `taskmanager`.

    `files` are the names of the record's files, which no record of another job has. `compose` makes their
    contents, once all results are in place; whatever it raises undoes them.
    """

    process: Path
    name: str
    files: tuple[str, ...]
    compose: Callable[[Sequence[PlacedFile]], Mapping[str, bytes]]


def plan_record(home_fd: int, home: Path, stage: str, record: ProcessRecord) -> RecordMoves:
    """What will be moved, with the parts of the stage that this needs; raises JobFailedError, OSError."""
    levels = len(home.relative_to(record.process).parts)
    with folders.above(home_fd, levels) as process:
        earlier = _earlier(process, record)
        name = _free_name(process, record.name)
    for part in (RECORD_NEW, RECORD_OLD):
        os.mkdir(f"{stage}/{part}", dir_fd=home_fd)
        os.mkdir(f"{stage}/{part}/{RECORDS}", dir_fd=home_fd)
    os.mkdir(f"{stage}/{RECORD_NEW}/{RECORDS}/{name}", dir_fd=home_fd)
    new = f"{RECORDS}/{name}"
    leaving = [UndoEntry(f"{RECORDS}/{one}", existed=True, leaves=True) for one in earlier]
    return RecordMoves(
        levels,
        (UndoEntry(new, existed=False), *leaving),
        tuple(f"{new}/{file}" for file in record.files),
    )


def _earlier(process: int, record: ProcessRecord) -> list[str]:
    """The folders of records that hold one of this job."""
    try:
        with folders.below(process, PurePosixPath(RECORDS)) as known:
            found = [name for name in folders.names(known) if is_folder(name, known)]
            return [name for name in found if any(exists(f"{name}/{file}", known) for file in record.files)]
    except FileNotFoundError:
        return []


def _free_name(process: int, wanted: str) -> str:
    """The wanted name, with a number if another job has it already."""
    name, number = wanted, 1
    while exists(f"{RECORDS}/{name}", process):
        number += 1
        name = f"{wanted}-{number}"
    return name


def write_record(
    home_fd: int,
    stage: str,
    moves: RecordMoves,
    record: ProcessRecord,
    results: Sequence[ResultFile],
    inside: str,
) -> None:
    """Have the record made of what is in its place now, and write it durably into the stage."""
    placed = [
        PlacedFile(
            str(PurePosixPath(one.name).relative_to(inside)), one.path, partial(_open, home_fd, one.name)
        )
        for one in results
    ]
    folder = f"{stage}/{RECORD_NEW}/{moves.entries[0].name}"
    for name, content in record.compose(placed).items():
        descriptor = os.open(f"{folder}/{name}", _WRITE, 0o666, dir_fd=home_fd)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
    with folders.below(home_fd, PurePosixPath(folder)) as descriptor:
        folders.sync(descriptor)


def _open(home_fd: int, name: str) -> BinaryIO:
    path = PurePosixPath(name)
    with folders.below(home_fd, path.parent) as folder:
        return os.fdopen(os.open(path.name, _READ, dir_fd=folder), "rb")


def move_record(home_fd: int, stage: str, levels: int, entry: UndoEntry) -> None:
    """Move the record to its place, or an earlier one out of it; raises JobFailedError, OSError."""
    with folders.above(home_fd, levels) as process:
        if entry.leaves:
            os.rename(
                entry.name, f"{stage}/{RECORD_OLD}/{entry.name}", src_dir_fd=process, dst_dir_fd=home_fd
            )
            return
        if not exists(RECORDS, process):
            os.mkdir(RECORDS, dir_fd=process)
        with folders.below(process, PurePosixPath(RECORDS)) as known:
            if exists(PurePosixPath(entry.name).name, known):
                raise JobFailedError(file_texts.APPEARED(name=entry.name))
            name = PurePosixPath(entry.name).name
            os.rename(f"{stage}/{RECORD_NEW}/{entry.name}", name, src_dir_fd=home_fd, dst_dir_fd=known)


def sync_records(home_fd: int, levels: int) -> None:
    """Make the names durable that were moved."""
    with folders.above(home_fd, levels) as process:
        folders.sync(process)
        with folders.below(process, PurePosixPath(RECORDS)) as known:
            folders.sync(known)
