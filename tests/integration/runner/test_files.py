"""Faults of files, and files that travel while the plugin works. A real runner and a real broker."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.integration.runner.conftest import StartRunner
from tests.integration.runner.fake_scheduler import FakeScheduler
from tests.unit.runner.faults import attempts, fill, names, picture

from taskmanager.model.states import Status

MEMORY = Path("/dev/shm")
PAGES = {f"{number:02}.tif": "x" * number for number in range(1, 21)}
RESULTS = [name.replace("tif", "out") for name in PAGES]


@pytest.fixture
def book(roots: Path) -> Path:
    return fill(roots, {f"master/{name}": text for name, text in PAGES.items()})


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    if not MEMORY.is_dir() or MEMORY.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system to work on")
    with TemporaryDirectory(dir=MEMORY) as folder:
        yield Path(folder)


async def test_a_destination_that_is_the_source_fails_the_job_and_nothing_is_touched(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, book: Path
) -> None:
    before = picture(book)
    (book / "link").symlink_to(book / "master")
    async with fake_scheduler.open("press"):
        start_runner("press")
        made = await fake_scheduler.submit(
            "press", source=str(book / "master"), destination=str(book / "link")
        )
        job = await fake_scheduler.ended(made)
    (book / "link").unlink()
    assert job.status is Status.ERROR
    assert job.error is not None
    assert "the destination is the source: name another folder" in job.error.message
    assert picture(book) == before


async def test_a_pipe_as_source_ends_the_job_at_once(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, book: Path
) -> None:
    os.mkfifo(book / "pipe")
    async with fake_scheduler.open("press"):
        start_runner("press")
        made = await fake_scheduler.submit("press", source=str(book / "pipe"), destination=str(book / "out"))
        job = await fake_scheduler.ended(made)
    assert job.error is not None
    assert "is a named pipe: name a file or a folder" in job.error.message


@pytest.mark.parametrize("existing", ["keep", "replace"])
async def test_a_page_that_is_gone_is_in_the_log_of_the_job(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, book: Path, existing: str
) -> None:
    fill(book / "out", {"99.out": "old"})
    async with fake_scheduler.open("press"):
        start_runner("press")
        parameters = {"existing": existing}
        paths = str(book / "master"), str(book / "out")
        made = await fake_scheduler.submit("press", parameters, source=paths[0], destination=paths[1])
        job = await fake_scheduler.ended(made)
        assert job.status is Status.DONE
        await fake_scheduler.until(lambda: any("99.out" in line for line in fake_scheduler.log_of(job.id)))
    assert names(book / "out") == [*RESULTS, *(["99.out"] if existing == "keep" else [])]


@pytest.mark.parametrize("ahead_bytes", ["0", "1", "1000"])
async def test_input_and_results_travel_while_the_plugin_works(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, book: Path, elsewhere: Path, ahead_bytes: str
) -> None:
    async with fake_scheduler.open("press"):
        start_runner("press", UPLOAD_MODE="copy", WORKSPACE=str(elsewhere), AHEAD_BYTES=ahead_bytes)
        made = await fake_scheduler.submit(
            "press", source=str(book / "master"), destination=str(book / "out")
        )
        job = await fake_scheduler.ended(made)
        assert fake_scheduler.statuses[job.id][-3:] == [Status.PROCESSING, Status.DOWNLOAD, Status.DONE]
        assert (job.files, job.bytes) == (20, 20 * len("printed ") + sum(range(1, 21)))
        await fake_scheduler.until(lambda: attempts(elsewhere / "r1") == [])
    assert names(book / "out") == RESULTS
