"""The releases of RabbitMQ to test: the installed one, and those of newer Debian releases in a folder.

`mmdebstrap` makes such a folder: it is Debian's own tool for that and needs no third-party image.
"""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.ha.world import command

from taskmanager_local.commands import LocalStackError
from taskmanager_local.rabbitmq import SCRIPT_PLACES, server_script

SUITES = {"debian": None, "trixie": "trixie", "sid": "sid"}
"""Name of a release -> the Debian suite it comes from; None: what is installed here."""
MAKE_SECONDS = 900
SYSTEM_FOLDERS = ("/proc", "/dev", "/sys")


@dataclass(frozen=True)
class Release:
    """RabbitMQ's scripts, as a command; `root` is the folder they see as /."""

    folder: Path
    root: Path | None = None

    @property
    def version(self) -> str:
        """The version as RabbitMQ states it."""
        return self.folder.parent.name.rpartition("-")[2]

    @property
    def numbers(self) -> tuple[int, ...]:
        """The version's first two numbers."""
        return tuple(int(part) for part in self.version.split(".")[:2])

    def script(self, name: str) -> list[str]:
        """The command that runs a script."""
        if self.root is None:
            return [str(self.folder / name)]
        return ["chroot", str(self.root), f"/{self.folder.relative_to(self.root) / name}"]

    def show(self, data: Path) -> None:
        """Make the system's folders and its data visible to it; only in our own mount namespace."""
        if self.root is not None:
            for path in (*map(Path, SYSTEM_FOLDERS), data):
                place = self.root / path.relative_to("/")
                place.mkdir(parents=True, exist_ok=True)
                command("mount", "--rbind", str(path), str(place))


def release(name: str, folder: Path) -> Release:
    """The release of that name, created below `folder` if it is not there yet.

    Raises LocalStackError if it is unavailable.
    """
    suite = SUITES[name]
    if suite is None:
        return Release(server_script().parent)
    root = folder / suite
    if not _scripts(root):
        _make(suite, root)
    return Release(_scripts(root)[-1].parent, root)


def _scripts(root: Path) -> Sequence[Path]:
    return sorted((root / "usr").glob(SCRIPT_PLACES))


def _make(suite: str, root: Path) -> None:
    if shutil.which("mmdebstrap") is None:
        raise LocalStackError(f"RabbitMQ of Debian {suite} needs mmdebstrap: apt-get install mmdebstrap")
    root.parent.mkdir(parents=True, exist_ok=True)
    arguments = [
        *("mmdebstrap", "--variant=minbase", "--include=rabbitmq-server"),
        # a machine whose clock is behind or whose archive is a snapshot
        "--aptopt=Acquire::Check-Valid-Until false",
        *(suite, str(root)),
    ]
    made = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=MAKE_SECONDS)
    if made.returncode:
        shutil.rmtree(root, ignore_errors=True)
        raise LocalStackError(f"RabbitMQ of Debian {suite} cannot be had: {made.stderr.strip()[-500:]}")
    (root / "etc" / "hosts").write_text("127.0.0.1 localhost\n", encoding="utf-8")
