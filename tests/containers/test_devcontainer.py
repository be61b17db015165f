"""The container for editors, as they make it: its image, its two commands, and the project works in it."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .compose_file import ROOT
from .engine import Engine

pytestmark = pytest.mark.timeout(1800)

WORKSPACE = "/workspaces/taskmanager"
NODE_AUTHORITIES = "NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt"
"""npm knows only its own authorities, else; a machine that needs no further ones loses nothing."""
WITH_SERVERS = "tests/integration/test_rabbit.py"


@contextmanager
def container(engine: Engine, image: str, project: Path) -> Iterator[str]:
    """A running container with the project mounted, as editors start one; removed at the end."""
    volume = f"{project}:{WORKSPACE}"
    options = ["--detach", "--init", "--volume", volume, "--workdir", WORKSPACE, "--env", NODE_AUTHORITIES]
    name = engine.run("run", *options, image, "sleep", "infinity").split()[-1]
    try:
        yield name
    finally:
        engine.run("rm", "--force", name)


def checkout(folder: Path) -> Path:
    """What a clone holds: the committed state, without environments and caches."""
    made = folder / "project"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(made)], check=True)  # noqa: S607
    return made


def test_both_commands_make_an_environment_in_which_lint_and_tests_run(
    engine: Engine, tmp_path: Path
) -> None:
    described = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    with container(engine, described["image"], checkout(tmp_path)) as name:
        for command in (
            described["onCreateCommand"],
            described["postCreateCommand"],
            ".venv/bin/ruff check .",
            f".venv/bin/pytest -q tests/unit/test_version.py {WITH_SERVERS}",
        ):
            engine.run("exec", name, "sh", "-c", command)
        interpreter = described["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
        assert interpreter.startswith("${containerWorkspaceFolder}/")
        said = engine.run("exec", name, interpreter.replace("${containerWorkspaceFolder}", WORKSPACE), "-V")
        assert said.startswith("Python 3.")
