"""docker-compose.yml in a real engine, in short: it starts, works, is updated and leaves nothing behind.

The images are not built here but replaced by this machine's own programs; `make containers` builds them and
tries far more.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from tests.containers.conftest import FOLDER, OWNER
from tests.containers.engine import Engine, NoEngineError, engine_at
from tests.containers.host_image import host_override
from tests.containers.stack import Stack

from taskmanager_local.commands import free_port
from taskmanager_local.demo.process_folder import new_process

pytestmark = pytest.mark.timeout(300)

PROJECT = "taskmanager-short"
FEW = {
    "runner-shell": 1,
    "runner-jp2": 1,
    "runner-altoconvert": 0,
    "runner-epub": 0,
    "runner-jp2validation": 0,
    "runner-ocr": 0,
    "runner-pdf": 0,
    "runner-tiffvalidation": 0,
    "runner-download": 0,
    "runner-checksums": 0,
    "runner-images": 0,
    "runner-media": 0,
    "runner-mets": 0,
}
RUNNERS = {"runner-shell-1", "runner-jp2-1"}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Path]]:
    """An engine that can start containers, and a compose file over that of the project."""
    try:
        with engine_at(FOLDER) as found:
            yield found, host_override(found, tmp_path_factory.mktemp("compose"))
    except NoEngineError as reason:
        pytest.skip(f"docker-compose.yml was not tried: {reason}")


def test_the_compose_file_starts_works_is_updated_and_leaves_nothing(
    engine: tuple[Engine, Path], tmp_path: Path
) -> None:
    program, override = engine
    pages, files = tmp_path / "pages", tmp_path / "files"
    pages.mkdir()
    Image.new("RGB", (64, 64)).save(pages / "1.tif")
    book = new_process(files, pages)
    for path in (files, *files.rglob("*")):
        os.chown(path, OWNER, OWNER)
    stack = Stack(program, files, free_port(), project=PROJECT, over=override)
    source, results = f"/files/{book.masters.relative_to(files)}", f"/files/{book.number}/images"

    def jobs(word: str) -> list[str]:
        return [
            stack.submit("shell", source, f"{results}/jpeg_{word}", template="jpeg"),
            stack.submit("jp2", source, f"{results}/jp2_{word}"),
        ]

    stack.remove()  # what an interrupted run has left
    try:
        stack.up(scale=FEW)
        stack.let_in()
        stack.wait_until_done(*jobs("first"))
        before = stack.containers("scheduler") + stack.containers("runner-jp2")
        waiting = jobs("second")
        stack.up("--no-deps", "--force-recreate", "scheduler", "runner-jp2", scale={"runner-jp2": 1})
        assert not set(before) & {*stack.containers("scheduler"), *stack.containers("runner-jp2")}
        stack.wait_until_done(*waiting)
        known = {runner["id"] for runner in stack.told("/runners")["runners"]}
        assert known == RUNNERS, "a new container goes on under the id of the one that is gone"
        assert len(list(files.rglob("*.jp2"))) == 2
    finally:
        stack.remove()
    label = f"label=com.docker.compose.project={PROJECT}"
    for what in (("ps", "--all"), ("network", "ls"), ("volume", "ls")):
        assert program.run(*what, "--quiet", "--filter", label) == "", what
