"""Looks into folders beneath the configured roots, for people who choose one and for a look ahead at a job.

Never blocks the event loop; a mount that does not answer is given up after a while.
"""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from taskmanager.errors import JobFailedError, PathRefusedError
from taskmanager.files.listing import natural
from taskmanager.files.parts import Parts
from taskmanager.files.roots import Roots
from taskmanager.files.sources import files_taken
from taskmanager.model.reasons import PROSE, Reason
from taskmanager.model.reasons.coded_text import reason_of, told
from taskmanager_gateway.codes import problems
from taskmanager_gateway.http.problems import FILE_SYSTEM_SLOW, PATH_REFUSED, ProblemError
from taskmanager_gateway.http.threads import DaemonThreads

ContentT = TypeVar("ContentT")

THREADS = 4
READ_TIME = timedelta(seconds=3)
SHOWN = 500
"""Folders and names of files that are shown; more are counted."""
MOST_ENTRIES = 100_000
"""Entries of a folder that are looked at."""


@dataclass(frozen=True, slots=True)
class FolderContent:
    """What is in a folder: the first `SHOWN` names in natural order, all counted, bytes of files."""

    path: str
    parent: str | None
    """The folder around it; None for a root."""
    folders: tuple[str, ...]
    folder_count: int
    files: tuple[str, ...]
    file_count: int
    bytes: int
    complete: bool = True
    """Whether all entries were looked at."""


@dataclass(frozen=True, slots=True)
class SourceContent:
    """What a job would take: the first `SHOWN` names in the order of the job, all counted, their bytes.

    `failure`: why it would fail for lack of them.
    """

    files: tuple[str, ...] = ()
    file_count: int = 0
    bytes: int = 0
    failure: Reason | None = None


class FolderReader:
    """Reads folders in threads, with a time limit."""

    def __init__(self, roots: Roots, time_limit: timedelta = READ_TIME) -> None:
        """Only what is inside of `roots` is read."""
        self._roots, self._time_limit = roots, time_limit
        self._threads = DaemonThreads(THREADS, "folders")

    @property
    def roots(self) -> tuple[str, ...]:
        """The folders to begin at."""
        return tuple(map(str, self._roots.folders))

    async def read(self, path: str) -> FolderContent | None:
        """What is in the folder, or the file alone; None if there is nothing. Raises ProblemError."""
        return await self._in_time(lambda: self._read(path))

    async def taken(self, source: str, parts: Parts | None) -> SourceContent:
        """What a job takes of its source, found as its runner finds it. Raises ProblemError."""
        return await self._in_time(lambda: self._taken(source, parts))

    async def _in_time(self, look: Callable[[], ContentT]) -> ContentT:
        try:
            async with asyncio.timeout(self._time_limit.total_seconds()):
                return await self._threads.run(look)
        except TimeoutError as error:
            raise ProblemError(FILE_SYSTEM_SLOW, problems.FOLDERS_SLOW()) from error
        except PathRefusedError as error:
            raise ProblemError(PATH_REFUSED, reason_of(told(error)) or PROSE(text=str(error))) from error
        except OSError as error:
            why = problems.FOLDER_UNREADABLE(path=error.filename or "", error=error.strerror or str(error))
            raise ProblemError(PATH_REFUSED, why) from error

    def close(self) -> None:
        """Let the threads finish."""
        self._threads.close()

    def _read(self, path: str) -> FolderContent | None:
        real = self._roots.resolve(path)
        parent = None if real in self._roots.folders else str(real.parent)
        if real.is_file():
            return FolderContent(str(real), parent, (), 0, (real.name,), 1, real.stat().st_size)
        if not real.is_dir():
            return None
        return self._content(real, parent)

    def _taken(self, source: str, parts: Parts | None) -> SourceContent:
        try:
            found = files_taken(self._roots.resolve(source), self._roots, parts)
        except JobFailedError as error:
            return SourceContent(failure=reason_of(told(error)) or PROSE(text=str(error)))
        names = tuple(one.name for one in found[:SHOWN])
        return SourceContent(names, len(found), sum(one.bytes for one in found))

    @staticmethod
    def _content(real: Path, parent: str | None) -> FolderContent:
        folders: list[str] = []
        files: list[str] = []
        size, seen = 0, 0
        with os.scandir(real) as entries:
            for entry in entries:
                seen += 1
                if seen > MOST_ENTRIES:
                    break
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    folders.append(entry.name)
                elif entry.is_file():
                    files.append(entry.name)
                    size += entry.stat().st_size
        return FolderContent(
            str(real),
            parent,
            _first(folders),
            len(folders),
            _first(files),
            len(files),
            size,
            complete=seen <= MOST_ENTRIES,
        )


def _first(names: list[str]) -> tuple[str, ...]:
    """In the order people expect."""
    return tuple(sorted(names, key=lambda name: natural(Path(name)))[:SHOWN])
