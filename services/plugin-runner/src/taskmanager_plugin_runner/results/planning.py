"""Plans what is moved when results are placed, and whether it may be. Moves nothing."""

import os
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from taskmanager.errors import JobFailedError
from taskmanager.files.overlap import folded
from taskmanager.model.reasons.job_texts import file_texts, list_texts
from taskmanager_plugin_runner.files import folders
from taskmanager_plugin_runner.files.sources import Fingerprint, Identity
from taskmanager_plugin_runner.results.file_permissions import keep_rights
from taskmanager_plugin_runner.results.journal import Manifest, UndoEntry
from taskmanager_plugin_runner.results.process_record import ProcessRecord
from taskmanager_plugin_runner.results.stage_filling import ResultFile
from taskmanager_plugin_runner.results.stages import NEW, OLD, PREFIX, details, exists, is_folder

PROBLEMS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Terms:
    """What placing has to observe in addition to the results themselves.

    `ours` is called before each visible step. `sources` must not be replaced. `leaving` are files, relative
    to the destination, that are removed when the results are placed, unless they have changed since.
    `carried` are results that were already copied into the stage, as they were then. `warn` reports what
    could not be kept of replaced files. `record` is placed with them.
    """

    ours: Callable[[], bool] = lambda: True
    sources: Collection[Identity] = frozenset()
    leaving: Mapping[str, Fingerprint] = field(default_factory=dict)
    carried: Mapping[str, Fingerprint] = field(default_factory=dict)
    warn: Callable[[str], None] = lambda _: None
    record: ProcessRecord | None = None


def results_in(output: Path, inside: PurePosixPath) -> Iterator[ResultFile]:
    """What a plugin made, named below `inside`; raises JobFailedError for anything but regular files."""
    for root, subfolders, files in os.walk(output):
        subfolders.sort()
        for name in sorted([*files, *(sub for sub in subfolders if (Path(root) / sub).is_symlink())]):
            path = Path(root) / name
            details = path.lstat()
            if not stat.S_ISREG(details.st_mode):
                raise JobFailedError(file_texts.RESULT_NO_FILE(name=path.relative_to(output)))
            if name.startswith(PREFIX):
                raise JobFailedError(file_texts.RESULT_BAD_NAME(name=name, prefix=PREFIX))
            yield ResultFile(str(inside / path.relative_to(output)), path, details.st_size)


def plan(home_fd: int, stage: str, results: list[ResultFile], terms: Terms) -> Manifest:
    """Plan the entries in order, and make folders for what they replace; raises JobFailedError, OSError."""
    entries: dict[str, UndoEntry] = {}
    for result in results:
        entry = _entry(home_fd, PurePosixPath(result.name), terms.sources)
        entries.setdefault(entry.name, entry)
    for entry in _leaving(home_fd, results, terms):
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


def _entry(home_fd: int, name: PurePosixPath, sources: Collection[Identity]) -> UndoEntry:
    """The topmost missing part of the path, which is moved as a whole, or the file itself."""
    for part in [*reversed(name.parents)][1:]:
        if not exists(str(part), home_fd):
            return UndoEntry(str(part), existed=False)
        if not is_folder(str(part), home_fd):
            raise JobFailedError(file_texts.RESULT_NEEDS_FOLDER(name=name, folder=part))
    found = details(str(name), home_fd)
    if found is None:
        return UndoEntry(str(name), existed=False)
    if stat.S_ISDIR(found.st_mode):
        raise JobFailedError(file_texts.RESULT_IS_FOLDER(name=name))
    require_no_source(str(name), found, sources)
    return UndoEntry(str(name), existed=True)


def require_no_source(name: str, found: os.stat_result, sources: Collection[Identity]) -> None:
    """Raise JobFailedError if the file to be replaced is a source of the job, under whatever name."""
    if (found.st_dev, found.st_ino) in sources:
        raise JobFailedError(file_texts.RESULT_IS_SOURCE(name=name))


def _leaving(home_fd: int, results: list[ResultFile], terms: Terms) -> Iterator[UndoEntry]:
    """Unchanged results of earlier jobs whose names, after folding, are not those of new results."""
    made = {folded(result.name) for result in results}
    for name, before in sorted(terms.leaving.items()):
        if folded(name) not in made and unchanged(home_fd, name, before):
            yield UndoEntry(name, existed=True, leaves=True)


def unchanged(home_fd: int, name: str, before: Fingerprint) -> bool:
    """Whether a file of an earlier job is still there, unchanged."""
    found = details(name, home_fd)
    return found is not None and stat.S_ISREG(found.st_mode) and Fingerprint.of(found) == before


def dress(home_fd: int, stage: str, manifest: Manifest, terms: Terms) -> None:
    """Give each file that replaces another the rights of that one; whatever is lost is one warning."""
    lost: list[str] = []
    for entry in manifest.entries:
        if entry.existed and not entry.leaves:
            problem = keep_rights(home_fd, f"{stage}/{NEW}/{entry.name}", entry.name)
            if problem is not None:
                lost.append(file_texts.OF_FILE(name=entry.name, error=problem))
    if lost:
        more = [list_texts.CUT] if len(lost) > PROBLEMS_SHOWN else []
        shown = list_texts.joined(list_texts.SEMICOLON, [*lost[:PROBLEMS_SHOWN], *more])
        terms.warn(file_texts.RIGHTS_NOT_KEPT(number=len(lost), problems=shown))
