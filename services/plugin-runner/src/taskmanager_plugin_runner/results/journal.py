"""The journal of a stage: what was about to be moved, sealed, and trusted only if it can be a runner's own.

Anyone with write access to the share can put anything into a folder that looks like a stage. So a journal is
opened without following links and without blocking, must belong to the user who would have written it, must
bear the runners' seal and may only name places inside its own folder.
"""

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.job_texts import file_texts
from taskmanager_plugin_runner.files import folders
from taskmanager_plugin_runner.files.seals import Seal

MANIFEST = "manifest.json"
RECORDS = "taskmanager"
"""The folder of a process that holds the records of its jobs: see `process_record`."""
LEVELS_MOST = 64
"""So far above a stage a record may be."""
MANIFEST_BYTES = 64 * 1024 * 1024
"""A hundred thousand of the longest names; anything larger is not a journal."""
_PROBE = "owner"
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class UndoEntry:
    """One file, or one whole new folder, to be moved; `existed`: a file of that name has to make room.

    `leaves`: nothing takes the file's place.
    """

    name: str
    existed: bool
    leaves: bool = False


@dataclass(frozen=True, slots=True)
class RecordMoves:
    """The record of a job, in the folder `levels` above that of the stage; earlier ones of the job leave."""

    levels: int
    entries: tuple[UndoEntry, ...]
    files: tuple[str, ...]

    def require_plain(self) -> None:
        """Raise ValueError unless all of it concerns folders of records, each directly in `RECORDS`."""
        if not 0 <= self.levels <= LEVELS_MOST:
            raise ValueError(file_texts.JOURNAL_MALFORMED())
        for name in (*(entry.name for entry in self.entries), *self.files):
            require_inner(name)
        for entry in self.entries:
            if PurePosixPath(entry.name).parent != PurePosixPath(RECORDS):
                raise ValueError(file_texts.JOURNAL_LEADS_AWAY(name=repr(entry.name)))

    @classmethod
    def of(cls, known: Mapping[str, Any]) -> "RecordMoves":
        """From decoded JSON; raises ValueError, KeyError, TypeError."""
        entries = tuple(UndoEntry(**entry) for entry in known["entries"])
        made = cls(known["levels"], entries, tuple(known["files"]))
        made.require_plain()
        return made


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is about to be moved: the entries in order, and all files, to distinguish ours from others'.

    `record`: what is moved in the process folder, after everything else.
    """

    entries: tuple[UndoEntry, ...]
    files: tuple[str, ...]
    record: RecordMoves | None = None

    def encode(self, subject: str, seal: Seal) -> bytes:
        """Encode as JSON; names that are not valid UTF-8 survive. `subject` is the name of the stage."""
        told = asdict(self)
        if self.record is None:
            del told["record"]
        body = json.dumps(told)
        return json.dumps({"body": body, "seal": seal.over(subject, body.encode())}).encode()

    @classmethod
    def decode(cls, data: bytes, subject: str, seal: Seal) -> "Manifest":
        """Decode what `encode` wrote; raises ValueError for anything else."""
        try:
            raw = json.loads(data)
            body = raw["body"]
            if not seal.holds(raw["seal"], subject, body.encode()):
                raise ValueError(file_texts.JOURNAL_WITHOUT_SEAL())
            known = json.loads(body)
            record = RecordMoves.of(known["record"]) if "record" in known else None
            made = cls(tuple(UndoEntry(**entry) for entry in known["entries"]), tuple(known["files"]), record)
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(file_texts.JOURNAL_MALFORMED()) from error
        for name in (*(entry.name for entry in made.entries), *made.files):
            require_inner(name)
        return made


def require_inner(name: str) -> None:
    """Raise ValueError unless `name` is a normalised path inside a folder."""
    path = PurePosixPath(name)
    plain = bool(name) and "\0" not in name and str(path) == name and name != "."
    if not plain or path.is_absolute() or ".." in path.parts:
        raise ValueError(file_texts.JOURNAL_LEADS_AWAY(name=repr(name)))


def write(home_fd: int, stage: str, manifest: Manifest, seal: Seal) -> None:
    """Write the journal of a stage durably; raises OSError."""
    with folders.below(home_fd, PurePosixPath(stage)) as folder:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(MANIFEST + ".part", flags, 0o600, dir_fd=folder)
        with os.fdopen(descriptor, "wb") as file:
            file.write(manifest.encode(stage, seal))
            file.flush()
            os.fsync(descriptor)
        os.rename(f"{stage}/{MANIFEST}.part", f"{stage}/{MANIFEST}", src_dir_fd=home_fd, dst_dir_fd=home_fd)
        folders.sync(folder)


def read(home_fd: int, stage: str, subject: str, seal: Seal) -> Manifest | None:
    """The journal in a stage, or None; `subject` is the name with which the stage was created.

    Raises JobFailedError for a journal that cannot be trusted, OSError if it cannot be read.
    """
    with folders.below(home_fd, PurePosixPath(stage)) as folder:
        try:
            descriptor = os.open(MANIFEST, _READ, dir_fd=folder)
        except FileNotFoundError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            try:
                _require_own(os.fstat(descriptor), folder)
                return Manifest.decode(file.read(), subject, seal)
            except ValueError as error:
                raise JobFailedError(file_texts.FOREIGN_JOURNAL(path=stage, error=error)) from error


def _require_own(found: os.stat_result, folder: int) -> None:
    if not stat.S_ISREG(found.st_mode) or found.st_size > MANIFEST_BYTES:
        raise ValueError(file_texts.JOURNAL_NO_FILE())
    if found.st_uid != os.geteuid() and found.st_uid != _owner_here(folder):
        raise ValueError(file_texts.JOURNAL_OF_OTHER(number=found.st_uid))


def _owner_here(folder: int) -> int | None:
    """The owner of files that this process creates there: servers may map users (root_squash, all_squash)."""
    try:
        os.mkdir(_PROBE, dir_fd=folder)
        owner = os.stat(_PROBE, dir_fd=folder, follow_symlinks=False).st_uid
        os.rmdir(_PROBE, dir_fd=folder)
    except OSError:
        return None  # without write access here, this user has written no journal
    return owner
