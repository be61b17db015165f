"""A file of the source that is replaced while the job runs brings nothing to light but what was found."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.unit.runner.faults import fill
from tests.unit.runner.slots import slot, task

from taskmanager.errors import JobFailedError
from taskmanager.files import opening
from taskmanager.files.roots import Roots
from taskmanager_plugin_runner.files.copying import copy_source
from taskmanager_plugin_runner.files.sources import scan
from taskmanager_plugin_runner.files.upload_modes import UploadMode
from taskmanager_plugin_runner.slot_protocol import SlotStep
from taskmanager_plugin_runner.transport.workspace import AttemptFolder, bring_input

SECRET = "root:secret"
Swap = Callable[[Path, Path], None]


def file_for_link(source: Path, secret: Path) -> None:
    (source / "2.tif").unlink()
    (source / "2.tif").symlink_to(secret / "2.tif")


def folder_for_link(source: Path, secret: Path) -> None:
    source.rename(source.with_name("away"))
    source.symlink_to(secret)


def parent_for_link(source: Path, secret: Path) -> None:
    source.parent.rename(source.parent.with_name("gone"))
    source.parent.symlink_to(secret.parent)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    fill(tmp_path / "private" / "master", {"1.tif": SECRET, "2.tif": SECRET})
    return fill(tmp_path / "share" / "book" / "master", {"1.tif": "one", "2.tif": "two"})


@pytest.fixture(params=[True, False], ids=["openat2", "step by step"])
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the call of newer kernels, and as where it does not exist."""
    if not request.param:
        monkeypatch.setattr(opening, "_OPENAT2", 100_000)


@pytest.mark.usefixtures("kernel")
@pytest.mark.parametrize("mode", [UploadMode.COPY, UploadMode.IN_PLACE])
@pytest.mark.parametrize("swap", [file_for_link, folder_for_link, parent_for_link])
def test_what_became_a_link_after_it_was_found_is_not_brought(
    source: Path, tmp_path: Path, swap: Swap, mode: UploadMode
) -> None:
    folder = AttemptFolder.of(tmp_path / "workspace", "job", 1)
    moments: Iterator[Callable[[], object]] = iter(
        [int, lambda: swap(source, tmp_path / "private" / "master")]
    )
    with pytest.raises(JobFailedError, match=r"2\.tif could not be copied"):
        bring_input(
            folder,
            str(source),
            Roots.of([tmp_path / "share"]),
            mode,
            reads_in_place=False,
            between=lambda: (next(moments)(), None)[1],
        )
    assert SECRET not in [path.read_text(encoding="utf-8") for path in folder.input.iterdir()]


@pytest.mark.usefixtures("kernel")
def test_a_pipe_that_took_the_place_of_a_file_holds_nobody_up(source: Path, tmp_path: Path) -> None:
    found = scan(source, Roots.of([tmp_path]))
    (source / "1.tif").unlink()
    os.mkfifo(source / "1.tif")
    with pytest.raises(JobFailedError, match="not a regular file"):
        copy_source(found[0], fill(tmp_path / "input", {}))


@pytest.mark.parametrize("mode", ["auto", "in_place", "copy"])
async def test_what_a_plugin_reads_cannot_be_swapped_while_it_works(
    source: Path, tmp_path: Path, mode: str
) -> None:
    book, destination = source, tmp_path / "share" / "book" / "out"
    job = task("tally", source=str(book), destination=str(destination))
    async with slot("tally", tmp_path / "share", upload_mode=mode) as (process, _):
        brought = await process.ask(SlotStep.STAGE_IN, job)
        assert brought.failure is None
        file_for_link(book, tmp_path / "private" / "master")
        seen = Path(brought.source or "")
        assert [path.read_text(encoding="utf-8") for path in sorted(seen.iterdir())] == ["one", "two"]
        assert not any(path.is_symlink() for path in seen.iterdir())
        await process.ask(SlotStep.CLEAN, job)


@pytest.fixture
def foreign(source: Path) -> Path:
    """A file of another owner with a second name in the source, whose folder is somebody's own."""
    if os.geteuid() != 0:
        pytest.skip("only root can make files of other owners")
    secret = source.parent / "secret"
    secret.write_text(SECRET, encoding="utf-8")
    os.chown(source, 12345, 12345)
    (source / "3.tif").hardlink_to(secret)
    return source


@pytest.mark.parametrize("mode", [UploadMode.COPY, UploadMode.IN_PLACE])
@pytest.mark.parametrize("allowed", [True, False])
def test_hard_links_to_files_of_other_owners_are_let_in_by_setting_only(
    foreign: Path, tmp_path: Path, mode: UploadMode, allowed: bool
) -> None:
    folder = AttemptFolder.of(tmp_path / "workspace", "job", 1)
    outcome = SimpleNamespace(error="")
    try:
        bring_input(
            folder,
            str(foreign),
            Roots.of([tmp_path / "share"]),
            mode,
            reads_in_place=False,
            foreign_links=allowed,
        )
    except JobFailedError as error:
        outcome.error = str(error)
    assert ("hard link to a file of another owner" in outcome.error) is not allowed
    assert (folder.input / "3.tif").exists() is allowed
