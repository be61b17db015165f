"""The plugin's own notes beside the engine's output: which tickets were handed over, and which were fetched.

An engine may take a ticket out of its input folder long before it answers, so the folders alone do not tell.
"""

import json
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Final

FOLDER: Final = ".taskmanager"
_KEPT_SECONDS: Final = 30 * 24 * 3600
_SUFFIX: Final = ".json"
_CLOCK: Final = "clock"
"""A file that is touched to know what time it is for the file system."""


class State(StrEnum):
    """What became of a ticket."""

    HANDED_OVER = "handed-over"
    LEFT = "left"
    """Its job ended while the engine was at it; another attempt may still take the answer."""
    FETCHED = "fetched"


class Notes:
    """A folder with a small file for each ticket."""

    def __init__(self, output: Path) -> None:
        self._folder = output / FOLDER

    def write(self, ticket: str, state: State) -> None:
        """Note the state of a ticket; raises OSError."""
        self._folder.mkdir(exist_ok=True)
        fresh = self._folder / f"{ticket}.new"
        fresh.write_text(json.dumps({"state": state}), encoding="utf-8")
        fresh.replace(self._file(ticket))

    def read(self, ticket: str) -> State | None:
        """The state of a ticket; None if nothing is noted, or nothing that can be read."""
        try:
            return State(json.loads(self._file(ticket).read_text(encoding="utf-8"))["state"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def forget(self, ticket: str) -> None:
        """Remove the note."""
        self._file(ticket).unlink(missing_ok=True)

    def tickets(self) -> Iterator[tuple[str, State | None, float]]:
        """All tickets with notes, their state, and the age of the note in seconds.

        Ages are by the clock of the file system, which is the same for all runners that share the folder.
        """
        if not self._folder.is_dir():
            return
        clock = self._folder / _CLOCK
        clock.touch()
        now = clock.stat().st_mtime
        for file in sorted(self._folder.iterdir()):
            if file.suffix == _SUFFIX:
                yield file.stem, self.read(file.stem), now - file.stat().st_mtime

    @staticmethod
    def is_old(age_seconds: float) -> bool:
        """Whether a note is no longer needed."""
        return age_seconds > _KEPT_SECONDS

    def _file(self, ticket: str) -> Path:
        return self._folder / f"{ticket}{_SUFFIX}"
