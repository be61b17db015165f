"""No process of a job outlives its runner, stopped ones included: the guard or the next start ends it."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
from tests.unit.runner.slots import PLUGINS, is_gone, number_in, until

from taskmanager_plugin_runner.system import orphaned_processes

STARTER = """
import asyncio, sys
from pathlib import Path
from tests.unit.runner.slots import slot, task
from taskmanager_plugin_runner.slot_protocol import SlotStep
async def main():
    async with slot("wild", Path(sys.argv[1])) as (process, _):
        asking = asyncio.create_task(process.ask(
            SlotStep.RUN, task("wild", parameters={"deed": "hog", "note": sys.argv[1] + "/pid"})))
        while not Path(sys.argv[1], "pid").exists():
            await asyncio.sleep(0.01)
        if sys.argv[2] == "suspend":
            process.suspend()
        print(process.pid, flush=True)
        await asking
asyncio.run(main())
"""


@contextlib.asynccontextmanager
async def runner(folder: Path, how: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, list[int]]]:
    """A process with a slot whose job has started a program; the processes of the slot's session."""
    environment = {**os.environ, "PYTHONPATH": f"{PLUGINS}{os.pathsep}{Path(__file__).parents[2]}"}
    command = [sys.executable, "-c", STARTER, str(folder), how]
    made = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, env=environment)
    assert made.stdout is not None
    leader = int(await made.stdout.readline())
    child = await number_in(folder / "pid")
    family = sorted(
        {process.pid for process in psutil.process_iter() if _session(process.pid) == leader} | {child}
    )
    try:
        yield made, family
    finally:
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            made.kill()
        await made.wait()


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return 0


async def _going(family: list[int], number: int) -> set[int]:
    """Those that are not stopped, once there are only so many: a signal takes its time."""

    def found() -> set[int]:
        return {pid for pid in family if psutil.Process(pid).status() != psutil.STATUS_STOPPED}

    await until(lambda: len(found()) <= number)
    return found()


async def test_a_suspended_job_dies_with_its_runner(tmp_path: Path) -> None:
    async with runner(tmp_path, "suspend") as (made, family):
        assert len(family) >= 3  # the slot, its guard, the program
        made.kill()
        await until(lambda: all(is_gone(pid) for pid in family))


async def test_a_suspension_never_reaches_the_guard(tmp_path: Path) -> None:
    async with runner(tmp_path, "suspend") as (_, family):
        (guard,) = await _going(family, 1)
        assert os.getpgid(guard) == guard


async def test_what_was_frozen_with_its_guard_is_ended_by_the_next_start(tmp_path: Path) -> None:
    async with runner(tmp_path, "run") as (made, family):
        for pid in family:
            os.kill(pid, signal.SIGSTOP)
        made.kill()
        await made.wait()
        assert not any(is_gone(pid) for pid in family)
        assert orphaned_processes.find(tmp_path / "workspace") >= set(family)
        assert orphaned_processes.end(tmp_path / "workspace") >= len(family)
        assert all(is_gone(pid) for pid in family)
        assert orphaned_processes.end(tmp_path / "workspace") == 0


async def test_what_remains_of_a_slot_that_died_alone_is_ended_too(tmp_path: Path) -> None:
    async with runner(tmp_path, "run") as (made, family):
        leader = os.getsid(family[0])
        for pid in family:
            os.kill(pid, signal.SIGSTOP)
        made.kill()
        await made.wait()
        os.kill(leader, signal.SIGKILL)
        await until(lambda: is_gone(leader))
        orphaned_processes.end(tmp_path / "workspace")  # the kernel may have continued some itself
        assert all(is_gone(pid) for pid in family)


@pytest.mark.parametrize("record", ["{", "[]", '{"pid": 1}', "another boot", "another process"])
def test_a_record_that_means_nobody_any_more_harms_nobody(tmp_path: Path, record: str) -> None:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    start = orphaned_processes.OrphanedProcess.of(os.getpid()).start
    made = {
        "another boot": {"pid": os.getpid(), "start": start, "boot": "x"},
        "another process": {"pid": os.getpid(), "start": start - 1, "boot": boot},
    }
    text = json.dumps(made[record]) if record in made else record
    (tmp_path / ".slot.0.json").write_text(text, encoding="ascii")
    assert orphaned_processes.end(tmp_path) == 0
    assert not list(tmp_path.iterdir())


def test_an_operator_who_looks_into_the_folder_is_spared(tmp_path: Path) -> None:
    """The operator's shell has its own parent, which is neither the runner's parent nor process 1."""
    look = (
        "import subprocess, sys; print(subprocess.Popen(['cat'], cwd=sys.argv[1]).pid, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", look, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as session:
        assert session.stdout is not None
        shell = int(session.stdout.readline())
        assert orphaned_processes._works_in(shell, tmp_path)
        assert shell not in orphaned_processes.find(tmp_path)
        session.communicate("\n")


def test_a_zombie_is_no_remains(tmp_path: Path) -> None:
    """A zombie does nothing any more, and only its parent can remove it."""
    with subprocess.Popen([sys.executable, "-c", ""], start_new_session=True) as ended:
        orphaned_processes.note_slot(tmp_path, 0, ended.pid)
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        assert orphaned_processes.find(tmp_path) == set()
