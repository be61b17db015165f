"""Real slot processes: they serve job after job, die as groups, and never take the runner with them."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from tests.unit.runner.faults import fill, names
from tests.unit.runner.slots import PLUGINS, is_gone, number_in, options, slot, task, until

from taskmanager.errors import JobKilledError, PermanentError
from taskmanager_plugin_runner.clock import elapsed_seconds
from taskmanager_plugin_runner.slot.process import SlotProcess, slot_environment
from taskmanager_plugin_runner.slot_protocol import SlotStep


async def test_one_process_serves_job_after_job(tmp_path: Path) -> None:
    async with slot("noop", tmp_path) as (process, _):
        first = process.pid
        for _ in range(20):
            answer = await process.ask(SlotStep.RUN, task("noop"))
            assert answer.failure is None
            assert not answer.untidy
        assert process.pid == first


async def test_a_slot_leads_a_session_and_a_group_of_its_own(tmp_path: Path) -> None:
    async with slot("noop", tmp_path) as (process, _):
        assert process.pid is not None
        assert os.getsid(process.pid) == os.getpgid(process.pid) == process.pid


async def test_the_verdict_of_a_plugin_comes_back_with_its_traceback(tmp_path: Path) -> None:
    async with slot("fail", tmp_path) as (process, _):
        answer = await process.ask(SlotStep.RUN, task("fail"))
        assert answer.failure is not None
        assert answer.failure.message == "this job is meant to fail"
        assert answer.failure.kind == "JobFailedError"
        assert "in run" in (answer.failure.traceback or "")
        assert process.alive


@pytest.mark.parametrize(
    ("deed", "kind", "text"),
    [("exit", "RuntimeError", "called exit"), ("raise", "RuntimeError", r"no text: \udcff")],
)
async def test_an_exit_or_an_odd_error_is_an_error_of_the_job_only(
    tmp_path: Path, deed: str, kind: str, text: str
) -> None:
    async with slot("wild", tmp_path) as (process, _):
        answer = await process.ask(SlotStep.RUN, task("wild", parameters={"deed": deed}))
        assert answer.failure is not None
        assert answer.failure.kind == kind
        assert text in answer.failure.message
        answer.failure.model_dump_json()
        assert process.alive


async def test_a_crash_says_how_and_what_was_printed_last(tmp_path: Path) -> None:
    async with slot("crash", tmp_path) as (process, ears):
        with pytest.raises(JobKilledError, match="killed by SIGKILL"):
            await process.ask(SlotStep.RUN, task("crash"))
        assert ears.printed == ["last words"]
        await process.ended.wait()
        await process.start()
        assert process.alive


async def test_what_is_printed_reaches_the_job_and_cannot_disturb_the_protocol(tmp_path: Path) -> None:
    async with slot("wild", tmp_path) as (process, ears):
        answer = await process.ask(SlotStep.RUN, task("wild", parameters={"deed": "print"}))
        assert answer.failure is None
        assert ears.printed == ["printed line", "bytes \N{REPLACEMENT CHARACTER}"]


async def test_log_lines_are_bounded_in_the_slot(tmp_path: Path) -> None:
    async with slot("wild", tmp_path) as (process, ears):
        await process.ask(SlotStep.RUN, task("wild", parameters={"deed": "log"}))
        assert len(ears.logs) == 2001
        assert ears.logs[0].text == "line 0"


async def test_killing_a_slot_kills_what_its_job_started(tmp_path: Path) -> None:
    async with slot("wild", tmp_path) as (process, _):
        note = tmp_path / "pid"
        parameters = {"deed": "hog", "note": str(note)}
        asking = asyncio.create_task(process.ask(SlotStep.RUN, task("wild", parameters=parameters)))
        child = await number_in(note)
        group = process.pid
        await process.stop()
        with pytest.raises(JobKilledError):
            await asking
        assert group is not None
        await until(lambda: is_gone(group))
        await until(lambda: is_gone(child))


async def test_programs_a_job_leaves_behind_are_killed_when_it_ends(tmp_path: Path) -> None:
    async with slot("wild", tmp_path) as (process, ears):
        note = tmp_path / "pid"
        answer = await process.ask(
            SlotStep.RUN, task("wild", parameters={"deed": "orphan", "note": str(note)})
        )
        assert answer.failure is None
        assert is_gone(await number_in(note))
        assert "left behind" in ears.logs[-1].text


async def test_a_plugin_may_fork_workers_and_end_them(tmp_path: Path) -> None:
    async with slot("wild", tmp_path) as (process, ears):
        answer = await process.ask(SlotStep.RUN, task("wild", parameters={"deed": "fork"}))
        assert answer.failure is None
        assert [note.text for note in ears.logs] == [f"ended with {-signal.SIGTERM}"]


async def test_a_slot_dies_with_its_runner_even_if_it_holds_pythons_lock(tmp_path: Path) -> None:
    starter = """
import asyncio, sys
from pathlib import Path
from tests.unit.runner.slots import slot, task
from taskmanager_plugin_runner.clock import elapsed_seconds
from taskmanager_plugin_runner.slot_protocol import SlotStep
async def main():
    async with slot("wild", Path(sys.argv[1])) as (process, _):
        print(process.pid, flush=True)
        deed = {"deed": "seize", "note": sys.argv[1] + "/pid"}
        await process.ask(SlotStep.RUN, task("wild", parameters=deed))
asyncio.run(main())
"""
    environment = {**os.environ, "PYTHONPATH": f"{PLUGINS}{os.pathsep}{Path(__file__).parents[3]}"}
    command = [sys.executable, "-c", starter, str(tmp_path)]
    runner = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, env=environment)
    assert runner.stdout is not None
    leader = int(await runner.stdout.readline())
    child = await number_in(tmp_path / "pid")
    group = [process.pid for process in psutil.process_iter() if _session_of(process.pid) == leader]
    assert len(group) >= 3  # the slot, its guard and the program of the job
    runner.kill()
    await runner.wait()
    await until(lambda: all(is_gone(pid) for pid in [*group, child]))


def _session_of(pid: int) -> int:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return 0


async def test_a_plugin_that_cannot_be_loaded_is_told_clearly(tmp_path: Path) -> None:
    process = SlotProcess(0, options("nope", tmp_path))
    with pytest.raises(PermanentError, match="no plugin named nope"):
        await process.start()
    await process.stop()


def test_secrets_of_the_runner_are_not_in_the_environment_of_plugins() -> None:
    environment = {"AMQP_URL": "a", "AMQP_URL_FILE": "b", "MONGODB_URL": "c", "PATH": "d"}
    assert slot_environment(environment) == {"PATH": "d", "PYTHONUNBUFFERED": "1"}


async def test_a_slot_that_thaws_after_its_lease_places_nothing(tmp_path: Path) -> None:
    fill(tmp_path / "in", {"a.tif": "a"})
    job = task("tally", source=str(tmp_path / "in"), destination=str(tmp_path / "out"))
    async with slot("tally", tmp_path) as (process, _):
        brought = await process.ask(SlotStep.STAGE_IN, job)
        assert (await process.ask(SlotStep.RUN, job, Path(brought.source or ""))).failure is None
        assert process.pid is not None
        process.keep(elapsed_seconds() + 0.2)
        os.kill(process.pid, signal.SIGSTOP)
        placing = process.order(SlotStep.STAGE_OUT, job)
        over = elapsed_seconds() + 0.3
        await until(lambda: elapsed_seconds() > over)
        os.kill(process.pid, signal.SIGCONT)
        answer = await placing
    assert answer.failure is not None
    assert (answer.failure.kind, answer.failure.temporary) == ("SupersededError", True)
    assert names(tmp_path) == ["in", "workspace"]
