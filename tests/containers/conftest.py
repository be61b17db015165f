"""One installation in containers for the whole trial. Not part of `make test`: run `make containers`."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskmanager_local.commands import free_port
from taskmanager_local.demo.process_folder import ProcessFolder, new_process

from .bases import ensure_bases
from .compose_file import BUILT, ROOT
from .engine import Engine, NoEngineError, engine_at
from .host_image import IMAGE as HOST_IMAGE
from .host_image import host_mounts, host_override
from .stack import Stack

FOLDER = Path(os.environ.get("CONTAINERS", ROOT / ".containers")).resolve()
OWNER = 1000
ON_HOST = os.environ.get("IMAGES") == "host"
"""Whether this machine's programs take the place of the images: quicker, and says nothing about those."""
KEPT = os.environ.get("IMAGES") == "kept"
"""Whether the images are there already, and none is built."""


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """An engine with all base images."""
    try:
        with engine_at(FOLDER) as found:
            if not ON_HOST:
                ensure_bases(found, FOLDER / "bases")
            yield found
    except NoEngineError as reason:
        pytest.skip(f"the containers were not tried: {reason}")


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Goobi's metadata folder, which belongs to the user of the services."""
    return Path(tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="session")
def book(files: Path) -> ProcessFolder:
    """A drawn book of TIFF images in it."""
    made = new_process(files, None)
    for path in (files, *files.rglob("*")):
        os.chown(path, OWNER, OWNER)
    return made


@pytest.fixture(scope="session")
def stack(
    engine: Engine, files: Path, book: ProcessFolder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """The installation: built, started and with a user logged in; removed afterwards with its volumes."""
    made = Stack(engine, files, free_port())
    made.remove()  # what an interrupted run has left
    if ON_HOST:
        made.over = host_override(engine, tmp_path_factory.mktemp("host"))
        made.runner_image, made.mounts = HOST_IMAGE, host_mounts()
    elif not KEPT:
        # in turn: the classic builder would make what they share several times at once
        for service in BUILT.values():
            made.compose("build", service)
    try:
        made.up()
        made.let_in()
        yield made
    finally:
        made.remove()
