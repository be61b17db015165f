"""A job that passes a limit is ended and fails; one that dies leaves evidence. Real slots, no broker."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.unit.runner.faults import attempts, fill, names, picture
from tests.unit.runner.scenes import Scene, paths, scene
from tests.unit.runner.slots import is_gone, number_in, options, task, until

from taskmanager.messages import Cancelled, Failed, Suspended
from taskmanager.model.control import DesiredState
from taskmanager.model.jobs import CancelMethod, JobError
from taskmanager.model.manifest import JobLimits, PauseSupport
from taskmanager.process.lifecycle import every
from taskmanager_plugin_runner.attempt.outcomes import AttemptOutcome
from taskmanager_plugin_runner.slot.process import SlotProcess
from taskmanager_plugin_runner.slot_protocol import SlotStep

OFTEN = timedelta(milliseconds=20)
MEGABYTE = 2**20


@asynccontextmanager
async def looked_after(plugin: str, folder: Path, **discipline: Any) -> AsyncIterator[Scene]:
    """A scene whose attempt is looked at, as its runner would, only more often."""
    async with scene(plugin, folder, **discipline) as made:

        async def look() -> None:
            if made.fake_scheduler.attempt is not None:
                await made.attempt.look()
                made.looks += 1

        over = asyncio.Event()
        looking = asyncio.create_task(every(OFTEN, look, over))
        yield made
        over.set()
        await looking


def failure(made: Scene) -> JobError:
    [failed] = made.fake_scheduler.of(Failed)
    assert not failed.crashed
    error: JobError = failed.error
    return error


async def test_a_job_that_takes_too_long_fails_at_its_checkpoint(tmp_path: Path) -> None:
    limits = JobLimits(time_limit_seconds=0.3)
    async with looked_after("sleep", tmp_path, limits=limits, grace_seconds=600) as made:
        slot = made.slot.pid
        job = {**paths(tmp_path), "parameters": {"seconds": 600}}
        before = picture(tmp_path / "in")
        await made.start("sleep", **job)
        assert made.slot.pid == slot
        assert names(tmp_path) == ["in", "workspace"]
        assert attempts(tmp_path / "workspace") == []
        assert picture(tmp_path / "in") == before
    assert made.over == [AttemptOutcome.FAILED]
    error = failure(made)
    assert (error.kind, error.temporary) == ("TimeLimit", False)
    assert error.message.startswith("the time limit for a job, 0.3 s, was exceeded")
    assert error.message in made.fake_scheduler.log()


async def test_a_job_that_stands_at_one_file_fails_with_its_name(tmp_path: Path) -> None:
    fill(tmp_path / "leave", {"1": ""})
    limits = JobLimits(file_time_limit_seconds=0.5, temporary=True)
    async with looked_after("paced", tmp_path, limits=limits, grace_seconds=1) as made:
        await made.start("paced", **paths(tmp_path), parameters={"leave": str(tmp_path / "leave")})
    assert made.over == [AttemptOutcome.FAILED]
    error = failure(made)
    assert (error.kind, error.temporary) == ("TimeLimit", True)
    assert "at file b.tif, 1 of 2 files done" in error.message


async def test_a_deaf_job_that_takes_too_long_is_killed_and_no_crash(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    limits = JobLimits(time_limit_seconds=1)
    async with looked_after("stubborn", tmp_path, limits=limits, grace_seconds=0.4) as made:
        running = made.start("stubborn", parameters={"note": str(note)})
        tool = await number_in(note)
        slot = made.slot.pid or 0
        await running
        assert is_gone(tool)
        assert is_gone(slot)
        assert made.slot.alive
    assert made.over == [AttemptOutcome.FAILED]
    assert failure(made).kind == "TimeLimit"
    assert "SIGKILL to all its processes" in made.fake_scheduler.log()


async def test_a_suspended_job_has_all_the_time_in_the_world(tmp_path: Path) -> None:
    limits = JobLimits(time_limit_seconds=0.5)
    discipline = {"limits": limits, "pause": PauseSupport.CHECKPOINT, "grace_seconds": 600}
    async with looked_after("hasty", tmp_path, **discipline) as made:
        made_up = made.start("hasty")
        made.want(DesiredState.SUSPEND)
        await until(lambda: made.fake_scheduler.of(Suspended))
        looks = made.looks
        await until(lambda: made.looks > looks + 50)  # twice its time
        assert made.over == []
        made.want(None)
        await made_up
    assert made.over == [AttemptOutcome.FAILED]


async def test_a_job_that_takes_too_much_memory_fails_with_the_evidence(tmp_path: Path) -> None:
    limits = JobLimits(memory_limit_bytes=200 * MEGABYTE)
    async with looked_after("greedy", tmp_path, limits=limits, grace_seconds=600) as made:
        await made.start("greedy", parameters={"megabytes": 300})
        assert attempts(tmp_path / "workspace") == []
    assert made.over == [AttemptOutcome.FAILED]
    error = failure(made)
    assert error.kind == "MemoryLimit"
    assert error.message.startswith("the memory limit, 200.0 MiB, was exceeded: it used ")
    assert "the largest, python" in error.message
    assert "at file large.tif, 1 of 3 files done" in error.message


async def test_a_cancel_while_a_job_ends_for_a_limit_counts(tmp_path: Path) -> None:
    limits = JobLimits(time_limit_seconds=0.2)
    note = tmp_path / "pid"
    async with looked_after("stubborn", tmp_path, limits=limits, grace_seconds=2) as made:
        running = made.start("stubborn", parameters={"note": str(note)})
        await until(lambda: any("time limit" in line for line in made.fake_scheduler.log()))
        made.want(DesiredState.SUSPEND)  # is not for one that ends
        made.want(DesiredState.CANCEL)
        await running
    assert made.over == [AttemptOutcome.CANCELLED]
    assert [event.method for event in made.fake_scheduler.of(Cancelled)] == [CancelMethod.SIGKILL]
    assert made.fake_scheduler.of(Failed) == []


async def test_a_cancel_ends_the_tool_at_work_and_not_only_the_next_file(tmp_path: Path) -> None:
    async with scene("greedy", tmp_path, grace_seconds=600) as made:
        running = made.start("greedy", parameters={"megabytes": 1})
        leader = psutil.Process(made.slot.pid)
        await until(lambda: any("-c" in one.cmdline() for one in leader.children()))
        [tool] = [one for one in leader.children() if "-c" in one.cmdline()]
        made.want(DesiredState.CANCEL)
        await running
        assert is_gone(tool.pid)
        assert made.slot.pid == leader.pid
    assert made.over == [AttemptOutcome.CANCELLED]
    assert [event.method for event in made.fake_scheduler.of(Cancelled)] == [CancelMethod.COOPERATIVE]


async def test_a_killed_job_leaves_evidence(tmp_path: Path) -> None:
    async with looked_after("greedy", tmp_path) as made:
        running = made.start("greedy", parameters={"megabytes": 100})
        await until(lambda: made.attempt._watch.peak.bytes > 100 * MEGABYTE)
        leader = psutil.Process(made.slot.pid)
        leader.kill()
        await running
    assert made.over == [AttemptOutcome.CRASHED]
    [failed] = made.fake_scheduler.of(Failed)
    assert failed.crashed
    message = failed.error.message
    assert "killed by SIGKILL; its largest process had" in message
    assert "the kernel's out-of-memory killer was not active" in message
    assert "; the most memory seen: 1" in message
    assert message.endswith("; at file large.tif, 1 of 3 files done")


async def test_jobs_stand_back_for_the_rest_of_the_machine(tmp_path: Path) -> None:
    one = min(os.sched_getaffinity(0))
    slot = SlotProcess(0, replace(options("noop", tmp_path), nice=7, processors=(one,)))
    await slot.start()
    try:
        await slot.ask(SlotStep.RUN, task("noop"))
        process = psutil.Process(slot.pid)
        assert process.nice() == os.getpriority(os.PRIO_PROCESS, 0) + 7
        assert process.cpu_affinity() == [one]
        assert Path(f"/proc/{slot.pid}/oom_score_adj").read_text(encoding="ascii").strip() == "500"
    finally:
        await slot.stop()


async def test_a_cancel_ends_the_programs_of_all_files_at_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = (
        'title = "Wait"\nargv = ["sh", "-c", "sleep 600", "{output}"]\noutput_suffix = ".txt"\nparallel = 2\n'
    )
    fill(tmp_path / "templates" / "shell", {"wait.toml": template})
    monkeypatch.setenv("TASKMANAGER_TEMPLATES", str(tmp_path / "templates"))
    async with scene("shell", tmp_path, grace_seconds=600) as made:
        running = made.start("shell", **paths(tmp_path), template="wait")
        leader = psutil.Process(made.slot.pid)
        await until(
            lambda: len([one for one in leader.children(recursive=True) if one.name() == "sleep"]) == 2
        )
        family = [one.pid for one in leader.children(recursive=True) if one.name() == "sleep"]
        made.want(DesiredState.CANCEL)
        await running
        assert all(is_gone(pid) for pid in family)
        assert made.slot.pid == leader.pid
        assert not (tmp_path / "out").exists()
    assert made.over == [AttemptOutcome.CANCELLED]
    assert [event.method for event in made.fake_scheduler.of(Cancelled)] == [CancelMethod.COOPERATIVE]
