"""An attempt obeys: it stands, goes on and ends as wished. Real slots, a scheduler in memory."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.unit.runner.faults import attempts, fill, names, picture
from tests.unit.runner.scenes import JOB, Scene, paths, scene
from tests.unit.runner.slots import is_gone, number_in, until

from taskmanager.messages import (
    Advanced,
    Cancelled,
    Commit,
    Failed,
    Finished,
    HandedBack,
    Logged,
    Progressed,
    Resumed,
    Suspended,
)
from taskmanager.model.control import DesiredState
from taskmanager.model.jobs import CancelMethod
from taskmanager.model.manifest import PauseSupport
from taskmanager.model.states import Status
from taskmanager_plugin_runner.attempt.outcomes import AttemptOutcome

LONG: dict[str, Any] = {"grace_seconds": 600}
"""Only a job that ends by itself ends in the time of a test."""


def processing(made: Scene) -> bool:
    return any(event.status is Status.PROCESSING for event in made.fake_scheduler.of(Advanced))


def kinds(made: Scene) -> list[type[Any]]:
    return [type(event) for event in made.fake_scheduler.events if not isinstance(event, Logged | Progressed)]


def paced(folder: Path) -> dict[str, Any]:
    fill(folder / "leave", {})
    return {**paths(folder), "parameters": {"leave": str(folder / "leave")}}


def ticks(path: Path) -> int:
    text = path.read_text(encoding="ascii") if path.exists() else ""
    return int(text or 0)


AT_REST = (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE)


def suspended(leader: psutil.Process, guard: int | None) -> bool:
    """Whether all that a slot started is stopped, except its guard.

    What ended just before its stopped parent could see it is stopped enough.
    """
    family = [leader, *leader.children(recursive=True)]
    return all((one.status() in AT_REST) is (one.pid != guard) for one in family)


# --- suspending at checkpoints


async def test_a_job_stands_at_its_checkpoint_and_goes_on_with_the_next_file(tmp_path: Path) -> None:
    async with scene("paced", tmp_path, pause=PauseSupport.CHECKPOINT) as made:
        running = made.start("paced", **paced(tmp_path))
        await until(lambda: "a.tif" in made.fake_scheduler.log())
        for _ in range(3):
            made.want(DesiredState.SUSPEND)  # again and again, as with every heartbeat
        assert not made.fake_scheduler.of(Suspended)  # it is still at work on the first file
        fill(tmp_path / "leave", {"1": ""})
        await until(lambda: made.fake_scheduler.of(Suspended))
        assert made.attempt.suspended
        fill(tmp_path / "leave", {"all": ""})
        for _ in range(3):
            made.want(None)
        await running
    assert made.over == [AttemptOutcome.FINISHED]
    assert kinds(made)[2:] == [Suspended, Resumed, Commit, Finished]
    assert [line for line in made.fake_scheduler.log() if line.endswith(".tif")] == ["a.tif", "b.tif"]
    assert "suspended" in made.fake_scheduler.log()
    assert "goes on" in made.fake_scheduler.log()
    assert names(tmp_path / "out") == ["a.tif", "b.tif"]


async def test_a_wish_that_disappears_before_the_checkpoint_changes_nothing(tmp_path: Path) -> None:
    async with scene("paced", tmp_path, pause=PauseSupport.CHECKPOINT) as made:
        running = made.start("paced", **paced(tmp_path))
        await until(lambda: processing(made))
        made.want(DesiredState.SUSPEND)
        made.want(None)
        fill(tmp_path / "leave", {"all": ""})
        await running
    assert made.over == [AttemptOutcome.FINISHED]
    assert len(made.fake_scheduler.of(Suspended)) == len(made.fake_scheduler.of(Resumed))


async def test_a_wish_from_before_the_work_is_remembered(tmp_path: Path) -> None:
    async with scene("paced", tmp_path, pause=PauseSupport.CHECKPOINT) as made:
        running = made.start("paced", **paced(tmp_path))
        made.want(DesiredState.SUSPEND)
        assert kinds(made) == []
        await until(lambda: made.fake_scheduler.of(Suspended))
        assert kinds(made) == [Advanced, Advanced, Suspended]
        made.want(None)
        fill(tmp_path / "leave", {"all": ""})
        await running
    assert made.over == [AttemptOutcome.FINISHED]


async def test_what_cannot_be_suspended_goes_on(tmp_path: Path) -> None:
    async with scene("tally", tmp_path) as made:
        running = made.start("tally", **paths(tmp_path))
        made.want(DesiredState.SUSPEND)
        await running
    assert made.over == [AttemptOutcome.FINISHED]
    assert not made.fake_scheduler.of(Suspended)
    assert "cannot be suspended: goes on to its end" in made.fake_scheduler.log()


async def test_a_suspended_attempt_is_handed_back_like_any_other(tmp_path: Path) -> None:
    async with scene("paced", tmp_path, pause=PauseSupport.CHECKPOINT) as made:
        running = made.start("paced", **paced(tmp_path))
        made.want(DesiredState.SUSPEND)
        await until(lambda: made.fake_scheduler.of(Suspended))
        made.interrupt(AttemptOutcome.HANDED_BACK)
        await running
    assert made.over == [AttemptOutcome.HANDED_BACK]
    assert kinds(made)[-1] is HandedBack


# --- suspending by signals


async def test_the_whole_group_stands_by_signals_but_not_its_guard(tmp_path: Path) -> None:
    note = tmp_path / "note"
    tool = tmp_path / "note.tool"
    async with scene("tick", tmp_path, pause=PauseSupport.SIGNAL) as made:
        running = made.start("tick", parameters={"note": str(note)})
        await until(lambda: ticks(note) > 3 and ticks(tool) > 3)
        made.want(DesiredState.SUSPEND)
        made.want(DesiredState.SUSPEND)
        assert made.attempt.suspended
        leader = psutil.Process(made.slot.pid)
        assert len(leader.children(recursive=True)) >= 2
        await until(lambda: suspended(leader, made.slot._guard))
        made.want(None)
        made.want(None)
        count, tool_count = ticks(note), ticks(tool)
        await until(lambda: ticks(note) > count and ticks(tool) > tool_count)
        fill(tmp_path, {"note.end": ""})
        await running
    assert made.over == [AttemptOutcome.FINISHED]
    assert kinds(made) == [Advanced, Suspended, Resumed, Finished]


async def test_a_job_that_ended_just_as_it_was_suspended_stays_suspended_until_it_may_go_on(
    tmp_path: Path,
) -> None:
    note = tmp_path / "note"
    async with scene("tick", tmp_path, pause=PauseSupport.SIGNAL) as made:
        running = made.start("tick", parameters={"note": str(note)}, destination=str(tmp_path / "out"))
        await until(lambda: ticks(note) > 3)
        made.want(DesiredState.SUSPEND)
        fill(tmp_path, {"note.end": ""})
        made.slot.resume()  # as if the signal had come too late
        await until(lambda: made.attempt._control._step is None)
        assert kinds(made) == [Advanced, Suspended]
        made.want(None)
        await running
    assert made.over == [AttemptOutcome.FINISHED]
    assert kinds(made) == [Advanced, Suspended, Resumed, Commit, Finished]


async def test_a_runner_that_dies_takes_suspended_processes_with_it(tmp_path: Path) -> None:
    note = tmp_path / "note"
    async with scene("tick", tmp_path, pause=PauseSupport.SIGNAL) as made:
        running = made.start("tick", parameters={"note": str(note)})
        await until(lambda: ticks(note) > 3)
        made.want(DesiredState.SUSPEND)
        leader = made.slot.pid
        assert leader is not None
        assert made.slot._transport is not None
        made.slot._transport.abort()  # all a slot sees of its runner's death
        await until(lambda: is_gone(leader))
        await running
    assert made.over == [AttemptOutcome.CRASHED]


# --- cancelling


async def test_a_cancelled_job_ends_at_its_checkpoint_without_a_trace(tmp_path: Path) -> None:
    async with scene("sleep", tmp_path, **LONG) as made:
        before = picture(tmp_path)
        pid = made.slot.pid
        running = made.start("sleep", parameters={"seconds": 600}, destination=str(tmp_path / "out"))
        await until(lambda: processing(made))
        made.want(DesiredState.CANCEL)
        made.want(DesiredState.CANCEL)
        made.want(None)  # a cancel cannot be taken back
        await running
        assert made.slot.pid == pid  # nothing had to be killed
        assert picture(tmp_path) == before
    assert made.over == [AttemptOutcome.CANCELLED]
    assert [event.method for event in made.fake_scheduler.of(Cancelled)] == [CancelMethod.COOPERATIVE]
    assert made.fake_scheduler.of(Failed, Finished) == []
    assert made.fake_scheduler.log()[-1] == "cancelled cooperatively"
    assert kinds(made)[-1] is Cancelled


@pytest.mark.parametrize(
    ("plugin", "pause"), [("paced", PauseSupport.CHECKPOINT), ("tick", PauseSupport.SIGNAL)]
)
async def test_a_suspended_job_is_cancelled_without_going_on(
    tmp_path: Path, plugin: str, pause: PauseSupport
) -> None:
    async with scene(plugin, tmp_path, pause=pause, **LONG) as made:
        spec = paced(tmp_path) if plugin == "paced" else {"parameters": {"note": str(tmp_path / "note")}}
        running = made.start(plugin, **spec)
        made.want(DesiredState.SUSPEND)
        await until(lambda: made.fake_scheduler.of(Suspended))
        made.want(DesiredState.CANCEL)
        await running
    assert made.over == [AttemptOutcome.CANCELLED]
    assert made.fake_scheduler.of(Resumed) == []
    assert made.fake_scheduler.of(Cancelled)[0].method is CancelMethod.COOPERATIVE


@pytest.mark.parametrize("tool", [True, False])
async def test_sigterm_ends_a_job_without_checkpoints(tmp_path: Path, tool: bool) -> None:
    note = tmp_path / "pid"
    async with scene("stubborn", tmp_path, grace_seconds=6) as made:
        running = made.start(
            "stubborn",
            parameters={"note": str(note), "deaf": False, "tool": tool},
            destination=str(tmp_path / "out"),
        )
        pid = await number_in(note)
        before = made.slot.pid
        made.want(DesiredState.CANCEL)
        await running
        assert is_gone(pid)
        assert (made.slot.pid == before) is tool  # a slot that waits for a tool survives the signal
        assert names(tmp_path) == ["pid", "workspace"]
    assert made.over == [AttemptOutcome.CANCELLED]
    assert made.fake_scheduler.of(Cancelled)[0].method is CancelMethod.SIGTERM
    assert made.fake_scheduler.of(Failed) == []


async def test_sigkill_ends_what_ignores_everything_with_all_its_descendants(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    async with scene("stubborn", tmp_path, grace_seconds=0.4) as made:
        running = made.start("stubborn", parameters={"note": str(note)}, destination=str(tmp_path / "out"))
        tool = psutil.Process(await number_in(note))
        await until(tool.children)
        family = [made.slot.pid or 0, tool.pid, *(child.pid for child in tool.children())]
        made.want(DesiredState.CANCEL)
        await running
        assert all(is_gone(pid) for pid in family)
        assert made.slot.alive
        assert attempts(tmp_path / "workspace") == []
        assert names(tmp_path) == ["pid", "workspace"]
    assert made.over == [AttemptOutcome.CANCELLED]
    assert made.fake_scheduler.of(Cancelled)[0].method is CancelMethod.SIGKILL
    assert [line for line in made.fake_scheduler.log() if line.startswith("SIG")] == [
        "SIGTERM to all its processes",
        "SIGKILL to all its processes",
    ]


async def test_a_job_is_cancelled_while_it_waits_for_a_transfer(tmp_path: Path) -> None:
    async with scene("tally", tmp_path) as made:
        release = asyncio.Event()
        transfers = made.around.transfers
        other = asyncio.create_task(transfers.during(release.wait, asyncio.Event()))
        await asyncio.sleep(0)
        running = made.start("tally", **paths(tmp_path))
        await asyncio.sleep(0)
        made.want(DesiredState.CANCEL)
        await running
        assert kinds(made) == [Cancelled]
        release.set()
        await other
    assert made.over == [AttemptOutcome.CANCELLED]


async def test_a_job_is_cancelled_while_its_input_is_copied(tmp_path: Path) -> None:
    async with scene("tally", tmp_path, **LONG) as made:
        job = paths(tmp_path)
        fill(tmp_path / "in", {f"{number:05}": "x" for number in range(3_000)})
        before = picture(tmp_path)
        running = made.start("tally", **job)
        await until(lambda: made.fake_scheduler.of(Advanced))
        made.want(DesiredState.CANCEL)
        await running
        assert picture(tmp_path) == before
    assert kinds(made) == [Advanced, Cancelled]


async def test_a_job_that_asks_for_its_commit_is_cancelled(tmp_path: Path) -> None:
    async with scene("tally", tmp_path, answer=None) as made:
        job = paths(tmp_path)
        before = picture(tmp_path)
        running = made.start("tally", **job)
        await until(lambda: made.fake_scheduler.of(Commit))
        made.want(DesiredState.CANCEL)
        await running
        assert picture(tmp_path) == before
    assert made.over == [AttemptOutcome.CANCELLED]
    assert made.fake_scheduler.of(Cancelled)[0].method is CancelMethod.COOPERATIVE


async def test_a_job_with_nothing_to_place_that_ends_by_itself_meanwhile_has_ended(tmp_path: Path) -> None:
    job = paced(tmp_path)
    (tmp_path / "in" / "b.tif").unlink()
    async with scene("paced", tmp_path, **LONG) as made:
        running = made.start("paced", source=job["source"], parameters=job["parameters"])
        await until(lambda: "a.tif" in made.fake_scheduler.log())
        made.want(DesiredState.CANCEL)  # there is no checkpoint after the last file
        fill(tmp_path / "leave", {"all": ""})
        await running
    assert made.over == [AttemptOutcome.FINISHED]
    assert kinds(made)[-1] is Finished


async def test_a_job_that_fails_meanwhile_says_so(tmp_path: Path) -> None:
    job = paced(tmp_path)
    async with scene("paced", tmp_path, **LONG) as made:
        running = made.start("paced", **job)
        await until(lambda: "a.tif" in made.fake_scheduler.log())
        made.want(DesiredState.CANCEL)
        (tmp_path / "workspace" / f"{JOB}-1" / "input" / "a.tif").unlink()
        fill(tmp_path / "leave", {"1": ""})
        await running
    assert made.over == [AttemptOutcome.FAILED]
    assert "a.tif does not exist" in made.fake_scheduler.of(Failed)[0].error.message


async def test_sigterm_to_a_service_group_does_not_end_a_job(tmp_path: Path) -> None:
    async with scene("sleep", tmp_path) as made:
        running = made.start("sleep", parameters={"seconds": 600, "until": str(tmp_path / "go")})
        await until(lambda: processing(made))
        assert made.slot.pid is not None
        os.kill(made.slot.pid, signal.SIGTERM)
        fill(tmp_path, {"go": ""})
        await running
    assert made.over == [AttemptOutcome.FINISHED]
