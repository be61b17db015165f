"""Limits of jobs on a real runner: what passes one is ended and fails, and the runner goes on."""

from pathlib import Path

from tests.integration.runner.conftest import StartRunner
from tests.integration.runner.fake_scheduler import FakeScheduler
from tests.unit.runner.faults import attempts, fill, picture

from taskmanager.messages import Failed
from taskmanager.model.states import Status

MEGABYTE = 2**20


async def test_a_job_that_takes_too_long_fails_and_leaves_nothing(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path, tmp_path: Path
) -> None:
    destination = fill(roots / "result", {"half.txt": "old"})
    before = picture(roots)
    async with fake_scheduler.open("hasty"):
        start_runner("hasty")
        for _ in range(2):  # in the same slot
            job = await fake_scheduler.ended(
                await fake_scheduler.submit("hasty", destination=str(destination))
            )
            assert (job.status, job.attempt, job.crashes) == (Status.ERROR, 1, 0)
            assert job.error is not None
            assert job.error.kind == "TimeLimit"
            assert "the time limit for a job, 1 s, was exceeded" in job.error.message
            assert "at file second.tif, 1 of 2 files done" in job.error.message
            assert picture(roots) == before
    assert attempts(tmp_path / "workspace" / "r1") == []


async def test_a_setting_of_the_runner_goes_before_what_the_plugin_declares(
    fake_scheduler: FakeScheduler, start_runner: StartRunner
) -> None:
    async with fake_scheduler.open("greedy"):
        start_runner("greedy", MEMORY_LIMIT_BYTES=str(200 * MEGABYTE))
        job = await fake_scheduler.ended(await fake_scheduler.submit("greedy", {"megabytes": 300}))
        assert job.status is Status.ERROR
        assert job.error is not None
        assert job.error.kind == "MemoryLimit"
        assert "the memory limit, 200.0 MiB, was exceeded" in job.error.message
        assert not any(failed.crashed for failed in fake_scheduler.events(Failed, job.id))
