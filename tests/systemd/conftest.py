"""A machine for each file of the trial. Not part of `make test`: run `make systemd`."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.containers.compose_file import ROOT
from tests.containers.conftest import FOLDER
from tests.containers.engine import NoEngineError
from tests.systemd.installation import METADATA, MONGOD, MONGOD_UNIT, SLOW, SOURCES, WHEELS, Installation
from tests.systemd.machine import Machine, machine_at

from taskmanager_local.demo.process_folder import ProcessFolder, new_process
from taskmanager_local.mongod import mongod_program

TOOLS = ROOT / ".venv" / "tools"
PYTHON = (TOOLS / "bin" / "python").resolve().parents[1]
"""What the tools run with; where that is /usr, the machine has its own."""
TEMPLATES = "/etc/taskmanager/templates"
DIST = Path(os.environ.get("DIST", ROOT / "dist"))


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Goobi's metadata folder."""
    made = Path(tmp_path_factory.mktemp("metadata"))
    made.chmod(0o755)  # the runners are another user
    return made


@pytest.fixture(scope="session")
def book(files: Path) -> ProcessFolder:
    """A drawn book in it."""
    return new_process(files, None)


@pytest.fixture(scope="module")
def machine(files: Path) -> Iterator[Machine]:
    """A machine with systemd, RabbitMQ as Debian installs it, and mongod."""
    FOLDER.mkdir(exist_ok=True)
    mounts = {
        DIST: f"{WHEELS}:ro",
        ROOT / "deploy": f"{SOURCES}:ro",
        TOOLS: f"{TOOLS}:ro",
        PYTHON: f"{PYTHON}:ro",
        Path(mongod_program()): f"{MONGOD}:ro",
        files: f"{METADATA}:rw",
    }
    mounts.pop(Path("/usr"), None)
    try:
        with machine_at(FOLDER, mounts) as made:
            made.run("useradd --system mongodb")
            made.write("/etc/systemd/system/mongod.service", MONGOD_UNIT)
            made.run("systemctl enable --quiet mongod")
            yield made
    except NoEngineError as reason:
        pytest.skip(f"systemd was not tried: {reason}")


@pytest.fixture(scope="module")
def installation(machine: Machine, book: ProcessFolder) -> Installation:
    """The TaskManager, as docs/systemd.md says, and a template whose jobs take as long as wanted."""
    made = Installation(machine)
    machine.write(f"{TEMPLATES}/shell/slow.toml", SLOW)
    machine.write("/etc/taskmanager/runner-shell.env", f"TASKMANAGER_TEMPLATES={TEMPLATES}\n")
    made.install()
    machine.run(f"chown -R taskmanager-runner: {METADATA}/{book.number}")
    return made


@pytest.fixture(scope="session")
def masters(book: ProcessFolder) -> str:
    """The folder of its scanned pages, as runners see it."""
    return f"{METADATA}/{book.number}/images/{book.masters.name}"
