"""The folders of one attempt in the runner's workspace, and how its input gets there.

`<workspace>/<runner>/<job>-<attempt>/{input,output,scratch}`, made only when they are needed.
`placement.json` in it remembers where the attempt has a stage, for the next start of the runner.
"""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from taskmanager.errors import JobFailedError
from taskmanager.paths import Roots
from taskmanager_plugin_runner.failures import refuse
from taskmanager_plugin_runner.filesystems import is_local, require_space
from taskmanager_plugin_runner.placement import Placement, prepare
from taskmanager_plugin_runner.settings import UploadMode
from taskmanager_plugin_runner.sources import SourceFile, scan

PLACEMENT = "placement.json"


@dataclass(frozen=True, slots=True)
class Input:
    """What a job reads: a folder or a file, and how much it is."""

    source: Path
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class AttemptFolder:
    """The folders of one attempt."""

    path: Path

    @classmethod
    def of(cls, runner_folder: Path, job: str, attempt: int) -> "AttemptFolder":
        """Where an attempt of a job lies."""
        return cls(runner_folder / f"{job}-{attempt}")

    @property
    def input(self) -> Path:
        """The copied input."""
        return self.path / "input"

    @property
    def output(self) -> Path:
        """What the plugin makes."""
        return self.path / "output"

    @property
    def scratch(self) -> Path:
        """What the plugin throws away."""
        return self.path / "scratch"

    def open(self, folder: Path) -> Path:
        """Make one of the folders; raises JobFailedError."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            refuse(error, "the workspace of the runner cannot be used")
        return folder

    def output_size(self) -> tuple[int, int]:
        """Files and bytes the plugin has made."""
        sizes = [
            (Path(root) / name).lstat().st_size for root, _, names in os.walk(self.output) for name in names
        ]
        return len(sizes), sum(sizes)

    def remember(self, placement: Placement) -> None:
        """Write down where the stage of the attempt is."""
        record = {
            "destination": str(placement.destination),
            "home": str(placement.home),
            "job": placement.job,
            "attempt": placement.attempt,
        }
        file = self.open(self.path) / PLACEMENT
        part = file.with_suffix(".part")
        part.write_text(json.dumps(record), encoding="utf-8")
        part.replace(file)

    def remembered(self) -> Placement | None:
        """Where the stage of the attempt is, if it has one."""
        try:
            raw = json.loads((self.path / PLACEMENT).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return Placement(Path(raw["destination"]), Path(raw["home"]), raw["job"], raw["attempt"])

    def remove(self) -> None:
        """Throw everything away; raises OSError."""
        try:
            shutil.rmtree(self.path)
        except FileNotFoundError:
            if self.path.exists():
                raise


def open_destination(folder: AttemptFolder, text: str, roots: Roots, job: str, attempt: int) -> None:
    """Undo what earlier attempts left and make sure, before hours of work, that results can be placed."""
    folder.remember(prepare(text, roots, job, attempt))


def bring_input(
    folder: AttemptFolder,
    text: str,
    roots: Roots,
    mode: UploadMode,
    *,
    reads_in_place: bool,
    between: Callable[[], None] = lambda: None,
) -> Input:
    """Copy the source into the workspace, or use it where it lies; raises JobFailedError.

    `between` is called before each file; what it raises ends the copying.
    """
    source = roots.resolve(text)
    found = scan(source, roots)
    size = sum(file.bytes for file in found)
    if mode is UploadMode.IN_PLACE or (mode is UploadMode.AUTO and reads_in_place and is_local(source)):
        _check_readable(found)
        return Input(source, len(found), size)
    target = folder.open(folder.input)
    require_space(target, size)
    for file in found:
        between()
        _copy(file, target)
    return Input(target if source.is_dir() else target / source.name, len(found), size)


def _check_readable(found: list[SourceFile]) -> None:
    for file in found:
        if not os.access(file.path, os.R_OK):
            raise JobFailedError(
                f"the runner's user may not read {file.path}: give it the permission and retry the job"
            )


def _copy(file: SourceFile, target: Path) -> None:
    try:
        shutil.copyfile(file.path, target / file.name)
        shutil.copystat(file.path, target / file.name)
    except OSError as error:
        refuse(error, f"{file.path} could not be copied to the workspace")
