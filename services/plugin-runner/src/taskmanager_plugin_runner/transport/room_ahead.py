"""Whether an input that is brought ahead leaves room in the workspace for the jobs at work. Moves no file.

What they will still need is not known. It is taken to be as much as their input, less the results they have
made; and for an input that is still coming, what is missing of it.
"""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.coded_text import reason_of, told
from taskmanager.model.reasons.job_texts import file_texts
from taskmanager_plugin_runner.system.filesystems import RESERVE_BYTES, megabytes
from taskmanager_plugin_runner.transport.workspace import AttemptFolder

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True, slots=True)
class RoomAhead:
    """How many bytes the others in a workspace may still need."""

    folder: Path
    needed_bytes: int

    @classmethod
    def beside(cls, folder: AttemptFolder) -> "RoomAhead":
        """What all other attempts in the same folder of the runner may need; looks at their files once."""
        others = (AttemptFolder(path) for path in _folders_beside(folder.path))
        return cls(folder.open(folder.path), sum(_still_needed(other) for other in others))

    def require(self, more_bytes: int = 0) -> None:
        """Raise JobFailedError unless that many more bytes leave the others enough."""
        needed, free = self.needed_bytes + more_bytes, shutil.disk_usage(self.folder).free
        if needed + RESERVE_BYTES > free:
            raise JobFailedError(
                file_texts.NOT_ENOUGH_SPACE(path=self.folder, needed=megabytes(needed), free=megabytes(free))
            )

    def before_each(self, check: Callable[[], None]) -> Callable[[], None]:
        """`check`, followed by whether there is still room."""

        def both() -> None:
            check()
            self.require()

        return both


def lacks_room(error: BaseException) -> bool:
    """Whether the error says that a file system is full."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, OSError) and found.errno in _FULL:
            return True
        reason = reason_of(told(found))
        if reason is not None and reason.code == file_texts.NOT_ENOUGH_SPACE.code.name:
            return True
        found = found.__cause__
    return False


def _folders_beside(own: Path) -> Iterator[Path]:
    with os.scandir(own.parent) as entries:
        for entry in entries:
            if entry.name != own.name and entry.is_dir(follow_symlinks=False):
                yield Path(entry.path)


def _still_needed(folder: AttemptFolder) -> int:
    there = _bytes_in(folder.input)
    whole = folder.input_bytes if folder.ahead else there
    return max(0, whole - there) + max(0, whole - _bytes_in(folder.output))


def _bytes_in(folder: Path) -> int:
    """The size of all files below a folder, as far as they are there while others make and remove them."""
    size = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                size += (Path(root) / name).lstat().st_size
            except FileNotFoundError:
                continue
    return size
