"""A runner process and a real broker; the test is the scheduler."""

from pathlib import Path

from tests.integration.runner.conftest import StartRunner
from tests.integration.runner.fake_scheduler import FakeScheduler
from tests.unit.runner.faults import names

from taskmanager.model.states import Status


async def test_a_job_without_files_goes_straight_to_done(
    fake_scheduler: FakeScheduler, start_runner: StartRunner
) -> None:
    async with fake_scheduler.open("noop"):
        start_runner("noop")
        job = await fake_scheduler.ended(await fake_scheduler.submit("noop"))
        assert fake_scheduler.statuses[job.id] == [
            Status.STARTED, Status.WAITINGFORUPLOAD, Status.PROCESSING, Status.DONE
        ]  # fmt: skip
        assert (job.files, job.bytes) == (0, 0)


async def test_a_job_with_files_passes_every_phase_and_its_results_lie_in_place(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path, tmp_path: Path
) -> None:
    source = roots / "source"
    source.mkdir()
    for number in (1, 2, 10):
        (source / f"page {number}.tif").write_bytes(b"x" * number)
    async with fake_scheduler.open("tally"):
        start_runner("tally", UPLOAD_MODE="copy")
        made = await fake_scheduler.submit("tally", source=str(source), destination=str(roots / "result"))
        job = await fake_scheduler.ended(made)
        assert fake_scheduler.statuses[job.id] == [
            Status.STARTED,
            Status.WAITINGFORUPLOAD,
            Status.UPLOAD,
            Status.PROCESSING,
            Status.DOWNLOAD,
            Status.DONE,
        ]
        assert (job.files, job.bytes) == (4, 15)
        assert job.progress.percent == 100
        assert names(roots / "result") == [
            "page 1.tif",
            "page 10.tif",
            "page 2.tif",
            "tally.txt",
        ]
        await fake_scheduler.until(lambda: not list((tmp_path / "workspace" / "r1").glob("*-*")))


async def test_a_failure_is_reported_and_leaves_no_trace(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    async with fake_scheduler.open("fail"):
        start_runner("fail")
        job = await fake_scheduler.ended(
            await fake_scheduler.submit("fail", destination=str(roots / "result"))
        )
    assert job.status is Status.ERROR
    assert job.error is not None
    assert job.error.message == "this job is meant to fail"
    assert "JobFailedError" in (job.error.traceback or "")
    assert names(roots) == []


async def test_a_job_tells_of_its_files_and_what_it_warned_of(
    fake_scheduler: FakeScheduler, start_runner: StartRunner
) -> None:
    async with fake_scheduler.open("recording"):
        start_runner("recording")
        job = await fake_scheduler.ended(
            await fake_scheduler.submit("recording", {"files": 120, "warnings": 2})
        )

        assert job.status is Status.DONE
        assert (job.warnings, job.warning_texts) == (2, ("0001.tif: warning 1", "0001.tif: warning 2"))
        files = fake_scheduler.files_of(job.id, attempt=1)
        assert [files[number].name for number in sorted(files)] == [f"{one:04d}.tif" for one in range(1, 121)]
        assert files[1].warnings == ("warning 1", "warning 2")
