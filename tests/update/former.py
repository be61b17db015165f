"""An earlier state of this repository, whose services run beside those of today.

Its code comes from git; the packages of others are those of this environment, since it is about our messages
and documents.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[2]
BEFORE = timedelta(days=1)
"""How much older than the present state the former one is, where nothing better is known."""
VENDOR = Path("services/gateway/src/taskmanager_gateway/web/static/vendor")


def git(*arguments: str) -> str:
    """What git prints; raises CalledProcessError."""
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True)  # noqa: S607
    return done.stdout.strip()


def choose(wanted: str | None) -> str:
    """The commit to update from.

    The wanted one, else the newest tag, else what `origin/main` has if that is not the present state, else
    the last one that is older than a day.
    """
    if wanted:
        return git("rev-parse", f"{wanted}^{{commit}}")
    present = git("rev-parse", "HEAD")
    candidates = [*git("tag", "--sort=-creatordate", "--merged").splitlines()[:1], *_landed()]
    known = (git("rev-parse", f"{one}^{{commit}}") for one in candidates)
    older = datetime.fromisoformat(git("log", "-1", "--format=%cI")) - BEFORE
    aged = git("rev-list", "-1", f"--before={older.isoformat()}", "HEAD")
    return next((one for one in known if one != present), aged)


def _landed() -> Sequence[str]:
    names = git("for-each-ref", "--format=%(refname:short)", "refs/remotes/origin/main")
    return names.splitlines()


@dataclass(frozen=True)
class Former:
    """The services of a commit, checked out into a folder."""

    folder: Path

    @classmethod
    def of(cls, commit: str, folder: Path) -> "Former":
        """Put the files of the commit there."""
        folder.mkdir(parents=True)
        packed = subprocess.run(
            ["git", "-C", str(ROOT), "archive", commit, "shared", "services", "tests/plugins"],  # noqa: S607
            capture_output=True,
            check=True,
        )
        subprocess.run(["tar", "--extract", "--directory", str(folder)], input=packed.stdout, check=True)  # noqa: S607
        if not (folder / VENDOR).exists():
            (folder / VENDOR).symlink_to(ROOT / VENDOR)  # built by `make setup`, not stored
        made = cls(folder)
        told = subprocess.run(
            [sys.executable, "-c", "import taskmanager; print(taskmanager.__file__)"],
            env={**os.environ, **made.settings},
            capture_output=True,
            text=True,
            check=True,
        )
        assert Path(told.stdout).is_relative_to(folder), f"{told.stdout} is not the former code"
        return made

    @property
    def settings(self) -> Mapping[str, str]:
        """What has Python find its code before that of today."""
        sources = [*sorted(self.folder.glob("services/*/src")), self.folder / "shared" / "src"]
        return {"PYTHONPATH": ":".join(map(str, [*sources, self.folder / "tests" / "plugins"]))}

    @staticmethod
    def command(service: str) -> list[str]:
        """What starts one of its services."""
        return [sys.executable, "-m", f"taskmanager_{service.replace('-', '_')}"]
