"""Where files lie until all of a job are there: a folder that outlives an attempt, for the next one.

A file is `<key>.part` until it is complete and checked; then `<key>.file`, with its checksum in `<key>.json`.
Nothing of it is trusted: a complete file counts only if its checksum is still the same.
"""

import contextlib
import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from taskmanager_plugin_runner.plugins.download.transfer.answers import Part

WORKSPACE_VARIABLE: Final = "TASKMANAGER_WORKSPACE"
FOLDER: Final = "unfinished-downloads"
KEPT_SECONDS: Final = 14 * 24 * 3600
"""What nobody has come back for in that time is removed."""


def folder_of(job: str, scratch: Path) -> Path:
    """The folder of a job, made if it is missing: in the runner's workspace, or else `scratch`."""
    workspace = os.environ.get(WORKSPACE_VARIABLE, "")
    if workspace:
        folder = Path(workspace) / FOLDER / job
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except PermissionError:
            # this slot runs as another user, who must not write there
            return scratch
        os.utime(folder)
        return folder
    return scratch


def forget_old(folder: Path) -> list[str]:
    """Remove the folders beside this one that nobody has used for two weeks; returns their names.

    By the clock of the file system: `folder` has just been touched.
    """
    if folder.parent.name != FOLDER:
        return []
    limit = folder.stat().st_mtime - KEPT_SECONDS
    old = [one for one in folder.parent.iterdir() if one != folder and one.lstat().st_mtime < limit]
    for one in old:
        with contextlib.suppress(FileNotFoundError):  # another job removes it as well
            shutil.rmtree(one)
    return sorted(one.name for one in old)


def digest_of(path: Path, kind: str = "sha256") -> str:
    """The checksum of a file as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()


@dataclass(frozen=True, slots=True)
class StoredFile:
    """The places of one file in the folder of its job."""

    folder: Path
    key: str

    @classmethod
    def of(cls, folder: Path, url: str) -> "StoredFile":
        """The places for what comes from an address."""
        return cls(folder, hashlib.sha256(url.encode()).hexdigest()[:32])

    @property
    def complete(self) -> Path:
        """The complete file."""
        return self.folder / f"{self.key}.file"

    @property
    def part(self) -> Path:
        """The beginning of the file."""
        return self.folder / f"{self.key}.part"

    @property
    def _notes(self) -> Path:
        return self.folder / f"{self.key}.json"

    def is_there(self) -> bool:
        """Whether the file is complete and as it was when it was checked; if not, it is removed."""
        known = self._read().get("sha256")
        if self.complete.is_file() and known is not None and digest_of(self.complete) == known:
            return True
        self.complete.unlink(missing_ok=True)
        return False

    def begun(self) -> Part:
        """What is there of a file that is not complete."""
        validator = self._read().get("validator")
        if not self.part.is_file() or not validator:
            return Part()
        return Part(self.part.stat().st_size, validator)

    def begin(self, validator: str) -> None:
        """Remember with which validator the rest may be asked for."""
        self._write({"validator": validator})

    def start_again(self) -> None:
        """Forget what is there."""
        self.part.unlink(missing_ok=True)
        self._notes.unlink(missing_ok=True)

    def finish(self) -> Path:
        """The part is all of the file, and checked."""
        self._write({"sha256": digest_of(self.part)})
        return self.part.replace(self.complete)

    def _read(self) -> dict[str, str]:
        try:
            found = json.loads(self._notes.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write(self, notes: dict[str, str]) -> None:
        fresh = self._notes.with_suffix(".new")
        fresh.write_text(json.dumps(notes), encoding="utf-8")
        fresh.replace(self._notes)
