"""Operators hold, release and cancel jobs of a real runner over a real broker."""

from pathlib import Path
from typing import Any

import psutil
from tests.integration.runner.conftest import StartRunner
from tests.integration.runner.fake_scheduler import FakeScheduler
from tests.unit.runner.faults import attempts, fill, names, picture
from tests.unit.runner.slots import is_gone, number_in

from taskmanager.messages import Cancelled, Heartbeat, Resumed, Suspended
from taskmanager.model.control import JobAction
from taskmanager.model.jobs import CancelMethod
from taskmanager.model.states import Status

QUIET = {"HEARTBEAT_SECONDS": "30"}
"""Whatever happens in the time of a test happens because the runner was told to ask."""
OFTEN = {"HEARTBEAT_SECONDS": "0.2"}


def book(roots: Path) -> dict[str, Any]:
    """A job of three files, each done when the test allows it."""
    fill(roots / "source", {f"{number}.tif": "x" * number for number in (1, 2, 3)})
    fill(roots / "leave", {})
    return {"source": str(roots / "source"), "destination": str(roots / "result")}


def leave(roots: Path, what: str) -> None:
    """Allow `paced` to finish a file, or `all`."""
    fill(roots / "leave", {what: ""})


def allowed(roots: Path) -> dict[str, str]:
    return {"leave": str(roots / "leave")}


async def hold(fake_scheduler: FakeScheduler, job: str) -> None:
    """Hold a job and wait until its slot was told."""
    await fake_scheduler.intervene(job, JobAction.HOLD)
    await fake_scheduler.until(lambda: "to be suspended at its next checkpoint" in fake_scheduler.log_of(job))


async def test_a_held_job_pauses_and_goes_on_with_the_next_file(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    async with fake_scheduler.open("paced"):
        start_runner("paced", **QUIET)
        job = await fake_scheduler.submit("paced", allowed(roots), **book(roots))
        await fake_scheduler.until(lambda: "1.tif" in fake_scheduler.log_of(job))
        await hold(fake_scheduler, job)
        leave(roots, "1")
        await fake_scheduler.until(lambda: fake_scheduler.status(job) is Status.PAUSED)
        assert fake_scheduler.jobs[job].owner == "r1"
        await fake_scheduler.intervene(job, JobAction.RELEASE)
        leave(roots, "all")
        done = await fake_scheduler.ended(job)
        assert (done.status, done.attempt) == (Status.DONE, 1)
        assert [line for line in fake_scheduler.log_of(job) if line.endswith(".tif")] == [
            "1.tif",
            "2.tif",
            "3.tif",
        ]
        assert [line for line in fake_scheduler.log_of(job) if line in {"suspended", "goes on"}] == [
            "suspended",
            "goes on",
        ]
        assert fake_scheduler.statuses[job][-5:] == [
            Status.PROCESSING,
            Status.PAUSED,
            Status.PROCESSING,
            Status.DOWNLOAD,
            Status.DONE,
        ]
    assert names(roots / "result") == ["1.tif", "2.tif", "3.tif"]


async def test_a_wish_that_every_heartbeat_repeats_is_obeyed_once(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    async with fake_scheduler.open("paced"):
        start_runner("paced", **OFTEN)
        job = await fake_scheduler.submit("paced", allowed(roots), **book(roots))
        await fake_scheduler.until(lambda: "1.tif" in fake_scheduler.log_of(job))
        await hold(fake_scheduler, job)
        leave(roots, "1")
        await fake_scheduler.until(lambda: fake_scheduler.events(Suspended))
        beats = len(fake_scheduler.events(Heartbeat))
        await fake_scheduler.until(lambda: len(fake_scheduler.events(Heartbeat)) > beats + 5)
        assert [reference.job for reference in fake_scheduler.events(Heartbeat)[-1].running] == [job]
        await fake_scheduler.intervene(job, JobAction.RELEASE)
        await fake_scheduler.until(lambda: fake_scheduler.events(Resumed))
        beats = len(fake_scheduler.events(Heartbeat))
        await fake_scheduler.until(lambda: len(fake_scheduler.events(Heartbeat)) > beats + 5)
        leave(roots, "all")
        await fake_scheduler.ended(job)
        assert (len(fake_scheduler.events(Suspended)), len(fake_scheduler.events(Resumed))) == (1, 1)


async def test_a_hold_that_is_released_before_it_took_effect_leaves_no_mark(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    async with fake_scheduler.open("paced"):
        start_runner("paced", **OFTEN)
        job = await fake_scheduler.submit("paced", allowed(roots), **book(roots))
        await fake_scheduler.until(lambda: "1.tif" in fake_scheduler.log_of(job))
        await hold(fake_scheduler, job)
        await fake_scheduler.intervene(job, JobAction.RELEASE)
        await fake_scheduler.until(lambda: "may go on" in fake_scheduler.log_of(job))
        leave(roots, "all")
        assert (await fake_scheduler.ended(job)).status is Status.DONE
        assert fake_scheduler.events(Suspended) == fake_scheduler.events(Resumed) == []


async def test_a_job_of_tools_is_held_by_signals(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    note = roots / "note"
    async with fake_scheduler.open("tick"):
        start_runner("tick", **OFTEN)
        job = await fake_scheduler.submit("tick", {"note": str(note)})
        await fake_scheduler.until(note.exists)
        await fake_scheduler.intervene(job, JobAction.HOLD)
        await fake_scheduler.until(lambda: fake_scheduler.status(job) is Status.PAUSED)
        await fake_scheduler.intervene(job, JobAction.RELEASE)
        await fake_scheduler.until(lambda: fake_scheduler.status(job) is Status.PROCESSING)
        count = int(note.read_text(encoding="ascii") or 0)
        await fake_scheduler.until(lambda: int(note.read_text(encoding="ascii") or 0) > count)
        fill(roots, {"note.end": ""})
        assert (await fake_scheduler.ended(job)).status is Status.DONE


async def test_a_cooperative_job_is_cancelled_as_soon_as_it_is_told(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    async with fake_scheduler.open("sleep"):
        start_runner("sleep", **QUIET)
        job = await fake_scheduler.submit("sleep", {"seconds": 600}, destination=str(roots / "result"))
        await fake_scheduler.until(lambda: fake_scheduler.is_processing(job))
        await fake_scheduler.intervene(job, JobAction.CANCEL)
        ended = await fake_scheduler.ended(job)
        assert (ended.status, ended.cancelled) == (Status.CANCELLED, CancelMethod.COOPERATIVE)
        assert names(roots) == []
        assert "cancelled cooperatively" in fake_scheduler.log_of(job)
        assert (
            await fake_scheduler.ended(await fake_scheduler.submit("sleep", {"seconds": 0}))
        ).status is Status.DONE


async def test_a_job_that_ignores_everything_is_killed_with_its_grandchildren(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path, tmp_path: Path
) -> None:
    note = roots / "pid"
    destination = fill(roots / "result", {"half.txt": "old"})
    before = picture(destination)
    async with fake_scheduler.open("stubborn"):
        start_runner("stubborn", **OFTEN)
        job = await fake_scheduler.submit("stubborn", {"note": str(note)}, destination=str(destination))
        tool = psutil.Process(await number_in(note))
        await fake_scheduler.until(tool.children)
        family = [tool.pid, *(child.pid for child in tool.children()), tool.ppid()]
        await fake_scheduler.intervene(job, JobAction.CANCEL)
        ended = await fake_scheduler.ended(job)
        assert (ended.status, ended.cancelled) == (Status.CANCELLED, CancelMethod.SIGKILL)
        assert all(is_gone(pid) for pid in family)
        assert picture(destination) == before
        assert attempts(tmp_path / "workspace" / "r1") == []
        assert len(fake_scheduler.events(Cancelled)) == 1
        note.unlink()
        again = await fake_scheduler.submit(
            "stubborn", {"note": str(note)}
        )  # by a new process in the same slot
        assert await number_in(note) not in family
        await fake_scheduler.intervene(again, JobAction.CANCEL)
        await fake_scheduler.ended(again)


async def test_a_held_job_is_cancelled_where_it_stands(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    job_fields = book(roots)
    before = picture(roots)
    async with fake_scheduler.open("paced"):
        start_runner("paced", **QUIET)
        job = await fake_scheduler.submit("paced", allowed(roots), **job_fields)
        await fake_scheduler.until(lambda: "1.tif" in fake_scheduler.log_of(job))
        await hold(fake_scheduler, job)
        leave(roots, "1")
        await fake_scheduler.until(lambda: fake_scheduler.status(job) is Status.PAUSED)
        await fake_scheduler.intervene(job, JobAction.CANCEL)
        ended = await fake_scheduler.ended(job)
        assert (ended.status, ended.cancelled) == (Status.CANCELLED, CancelMethod.COOPERATIVE)
        assert fake_scheduler.events(Resumed) == []
    assert picture(roots) == {**before, "leave/1": picture(roots / "leave")["1"]}


async def test_a_runner_that_stops_hands_a_held_job_back_at_once(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    async with fake_scheduler.open("paced"):
        runner = start_runner("paced", DRAIN_SECONDS="600", **QUIET)
        job = await fake_scheduler.submit("paced", allowed(roots), **book(roots))
        await fake_scheduler.until(lambda: "1.tif" in fake_scheduler.log_of(job))
        await hold(fake_scheduler, job)
        leave(roots, "1")
        await fake_scheduler.until(lambda: fake_scheduler.status(job) is Status.PAUSED)
        runner.terminate()
        await fake_scheduler.until(lambda: fake_scheduler.jobs[job].owner is None)
        assert fake_scheduler.status(job) is Status.PAUSED
