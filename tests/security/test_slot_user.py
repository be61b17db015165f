"""The code of a job runs as a user of its own, where that was set: runner and other jobs are out of reach."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.runner.slots import Ears, is_gone, number_in, options, task, until

from taskmanager.errors import JobKilledError, PermanentError
from taskmanager.messages import Grant
from taskmanager.model.control import DesiredState
from taskmanager_plugin_runner.slot.process import SlotProcess
from taskmanager_plugin_runner.slot_protocol import SlotAnswer, SlotStep
from taskmanager_plugin_runner.system import orphaned_processes
from taskmanager_plugin_runner.system.processes import descendants
from taskmanager_plugin_runner.system.slot_users import SlotUser, missing_rights, parse_users
from taskmanager_plugin_runner.transport.lent_folders import take_back
from taskmanager_plugin_runner.transport.recovery import recover
from taskmanager_plugin_runner.transport.workspace import AttemptFolder

FIRST, SECOND = SlotUser(61001, 61001), SlotUser(61002, 61002)
START = [sys.executable, "/usr/bin/python3"]
"""Programs that the other user may be able to start."""


def starts(python: str) -> bool:
    """Whether the other user can start it and find the project with it."""
    try:
        command = [python, "-c", "import taskmanager_plugin_runner.slot.beginning"]
        done = subprocess.run(
            command, user=FIRST.uid, group=FIRST.gid, extra_groups=(), check=False, capture_output=True
        )
    except OSError:
        return False
    return done.returncode == 0


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that others may pass, with slots that others can start; skips where there can be none."""
    if os.geteuid() != 0:
        pytest.skip("only root may start processes as another user")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([os.environ["PYTHONPATH"], *filter(None, sys.path)]))
    python = next(filter(starts, START), None)
    if python is None:
        pytest.skip(f"no other user can start {sys.executable} and read the project")
    monkeypatch.setattr(sys, "executable", python)
    folder = Path(tempfile.mkdtemp()).resolve()
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@asynccontextmanager
async def slot(
    plugin: str, home: Path, user: SlotUser, number: int = 0
) -> AsyncIterator[tuple[SlotProcess, Ears]]:
    made = replace(options(plugin, home), journal_key=b"key".hex())
    process, ears = SlotProcess(number, made.as_user(user)), Ears()
    await process.start()
    process.listener = ears
    try:
        yield process, ears
    finally:
        await process.stop()


def book(home: Path, mode: int = 0o640) -> tuple[Path, Path]:
    source, destination = home / "source", home / "destination"
    source.mkdir()
    destination.mkdir(mode=0o700)
    for name in ("a.txt", "b.txt"):
        (source / name).write_text(name, encoding="ascii")
        (source / name).chmod(mode)
    return source, destination


def prowling(home: Path, *forbidden: Path, **more: Any) -> Grant:
    parameters = {"runner": os.getpid(), "forbidden": [str(path) for path in forbidden], **more}
    return task(
        "prowler", source=str(home / "source"), destination=str(home / "destination"), parameters=parameters
    )


async def whole(process: SlotProcess, job: Grant) -> SlotAnswer:
    brought = await process.ask(SlotStep.STAGE_IN, job)
    assert brought.failure is None
    assert brought.source is not None
    return await process.ask(SlotStep.RUN, job, Path(brought.source))


@pytest.mark.parametrize("mode", [0o640, 0o644])
async def test_the_code_of_a_job_reaches_neither_its_runner_nor_another_job(home: Path, mode: int) -> None:
    """This holds whether its input was linked, because everybody may read it, or copied."""
    source, destination = book(home, mode)
    async with slot("prowler", home, FIRST) as (first, _), slot("prowler", home, SECOND, 1) as (second, ears):
        other = prowling(home)
        assert (await whole(first, other)).failure is None
        folder = AttemptFolder.of(home / "workspace", other.job, other.attempt)
        assert await first.ask(SlotStep.STAGE_OUT, other)
        job = prowling(home, folder.path, folder.output, folder.input / "a.txt", destination)
        answer = await whole(second, job)
        assert answer.failure is None
        assert answer.files == len(list(source.iterdir()))
        told = json.loads(ears.logs[-1].text)
        assert told == {"uid": SECOND.uid, "groups": [str(SECOND.gid)], "done": []}
        assert (await second.ask(SlotStep.STAGE_OUT, job)).failure is None
        for one in (other, job):
            process = first if one is other else second
            assert (await process.ask(SlotStep.CLEAN, one)).failure is None
            assert not AttemptFolder.of(home / "workspace", one.job, one.attempt).path.exists()
    umask = os.umask(0)
    os.umask(umask)
    for result in destination.iterdir():
        details = result.stat()
        assert (details.st_uid, details.st_gid) == (os.geteuid(), os.getegid())
        assert details.st_mode & 0o7777 == 0o666 & ~umask
    assert {path.stat().st_mode & 0o7777 for path in source.iterdir()} == {mode}
    assert {path.stat().st_gid for path in source.iterdir()} == {os.getegid()}


async def test_what_becomes_of_earlier_results_is_settled_by_the_slot(home: Path) -> None:
    """The plugin's user may not look into the destination."""
    _, destination = book(home)
    (destination / "a.txt").write_text("earlier", encoding="ascii")
    async with slot("prowler", home, FIRST) as (process, _):
        answer = await whole(process, prowling(home, existing="refuse"))
        assert answer.failure is not None
        assert "a.txt" in answer.failure.message
    assert (destination / "a.txt").read_text(encoding="ascii") == "earlier"


async def test_a_file_of_somebody_else_is_no_result(home: Path) -> None:
    """Where the kernel lets everybody make hard links, a program can give any file a name."""
    book(home)
    foreign = home / "foreign"
    foreign.write_text("secret", encoding="ascii")
    foreign.chmod(0o666)  # so that the kernel allows the link everywhere
    os.chown(foreign, SECOND.uid, SECOND.gid)
    (home / "workspace").mkdir()
    async with slot("prowler", home, FIRST) as (process, _):
        answer = await whole(process, prowling(home, linked=str(foreign)))
        assert answer.failure is not None
        assert "link to a file of another user" in answer.failure.message
    assert foreign.stat().st_uid == SECOND.uid


async def test_a_folder_is_closed_to_its_maker_before_anything_in_it_is_looked_at(home: Path) -> None:
    """Otherwise the name could be given to another file between the check and the change of owner."""
    output = home / "output"
    for folder in (output, output / "deep"):
        folder.mkdir()
        os.chown(folder, FIRST.uid, FIRST.gid)
        folder.chmod(0o077)
    (output / "deep" / "a.txt").touch()
    os.chown(output / "deep" / "a.txt", FIRST.uid, FIRST.gid)
    take_back(output, FIRST)
    for path in (output, output / "deep"):
        assert (path.stat().st_uid, path.stat().st_mode & 0o777) == (os.geteuid(), 0o755)
    assert (output / "deep" / "a.txt").stat().st_uid == os.geteuid()


async def test_how_the_plugin_ends_is_how_the_slot_ends(home: Path) -> None:
    async with slot("crash", home, FIRST) as (process, ears):
        with pytest.raises(JobKilledError, match="killed by SIGKILL"):
            await process.ask(SlotStep.RUN, task("crash"))
        assert ears.printed == ["last words"]
        await process.ended.wait()
        await process.start()
        assert process.alive


async def test_a_slot_of_another_user_is_cancelled_suspended_and_ended(home: Path) -> None:
    async with slot("sleep", home, FIRST) as (process, ears):
        assert process.pid is not None
        family = {process.pid} | descendants(process.pid)
        job = task("sleep", parameters={"seconds": 600})
        running = process.order(SlotStep.RUN, job)
        process.tell(DesiredState.CANCEL)
        answer = await running
        assert answer.cancelled
        assert (await process.ask(SlotStep.CLEAN, job)).failure is None
        again = process.order(SlotStep.RUN, task("sleep", parameters={"seconds": 600}))
        process.suspend()
        process.resume()
        await process.stop()
        with pytest.raises(JobKilledError):
            await again
        await until(lambda: all(map(is_gone, family)))
        del ears


async def test_what_a_killed_runner_left_of_another_user_is_found_and_removed(home: Path) -> None:
    """The next start does the same; here the process of the job has its own session and ends with it."""
    note = home / "note"
    note.touch()
    os.chown(note, FIRST.uid, FIRST.gid)
    async with slot("wild", home, FIRST) as (process, _):
        running = process.order(SlotStep.RUN, task("wild", parameters={"deed": "hog", "note": str(note)}))
        program = await number_in(note)
        assert process.pid is not None
        found = orphaned_processes.find(home / "workspace", {FIRST.uid})
        # the test is the parent, so only what a runner wrote down is known
        assert {process.pid, program} <= found
        process.kill()
        with pytest.raises(JobKilledError):
            await running
        await process.ended.wait()
        await until(lambda: is_gone(program))
    recover(home / "workspace")
    assert [path for path in (home / "workspace").iterdir() if path.is_dir()] == []


async def test_a_workspace_out_of_its_reach_is_told_before_the_first_job(home: Path) -> None:
    home.chmod(0o700)
    process = SlotProcess(0, options("noop", home).as_user(FIRST))
    with pytest.raises(PermanentError, match="may not pass"):
        await process.start()
    await process.ended.wait()


def test_a_user_that_is_not_left_by_root_keeps_no_right_either(home: Path) -> None:
    """A runner started by a service manager has ambient capabilities, which survive a change of user."""
    script = (
        "from taskmanager_plugin_runner.system.slot_users import give_up_rights, missing_rights\n"
        "read = lambda: open('/proc/self/status').read()\n"
        "before = missing_rights(read()); give_up_rights(); print(before, len(missing_rights(read())))"
    )
    rights = "+setuid,+setgid,+kill,+chown"
    user = [f"--reuid={FIRST.uid}", f"--regid={FIRST.gid}", "--clear-groups"]
    command = [
        "setpriv",
        *user,
        f"--inh-caps={rights}",
        f"--ambient-caps={rights}",
        sys.executable,
        "-c",
        script,
    ]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=home)
    assert told.stdout == "[] 4\n"


def test_users_are_named_numbered_or_in_ranges_and_never_root() -> None:
    assert parse_users("") == ()
    assert [user.uid for user in parse_users("61000, 61002-61004")] == [61000, 61002, 61003, 61004]
    assert parse_users("61000")[0].gid == 61000
    for wrong in ("root", "0", "61004-61000", "no such user", "1-100000"):
        with pytest.raises(PermanentError, match="SLOT_USERS"):
            parse_users(wrong)


def test_a_runner_without_the_rights_says_which_it_lacks() -> None:
    assert missing_rights("CapEff:\t000001ffffffffff\n") == []
    assert missing_rights("CapEff:\t00000000000000c0\n") == ["CAP_CHOWN", "CAP_KILL"]
    assert len(missing_rights("nothing is told\n")) == 4
