"""What a slot does differently for a job whose input is brought ahead. Real slot processes."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.runner.faults import fill, names
from tests.unit.runner.scenes import JOB, Scene, scene
from tests.unit.runner.slots import PLUGINS, slot, task, until

from taskmanager.messages import Failed, HandedBack
from taskmanager.model.control import DesiredState
from taskmanager_plugin_runner.attempt import attempt as attempts
from taskmanager_plugin_runner.attempt.outcomes import AttemptOutcome
from taskmanager_plugin_runner.clock import elapsed_seconds
from taskmanager_plugin_runner.slot.process import OrderTerms
from taskmanager_plugin_runner.slot_protocol import SlotOrder, SlotStep

PAGES = {"1.tif": "one", "2.tif": "two"}
OTHER = ("another job", 1)


@pytest.fixture(autouse=True)
def test_plugins_can_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(PLUGINS))


def paths(folder: Path) -> dict[str, Any]:
    return {"source": str(fill(folder / "in", PAGES)), "destination": str(folder / "out")}


@asynccontextmanager
async def waiting(folder: Path) -> AsyncIterator[tuple[Scene, Any]]:
    """An attempt that began while another one had the only place, and waits."""
    async with scene("press", folder) as made:
        made.around.places.enter(OTHER)
        made.around.places.take(OTHER, 0)
        running = made.start("press", **paths(folder))
        await until(lambda: attempts.WAITS_FOR_PLACE in made.fake_scheduler.log())
        yield made, running


async def test_an_attempt_that_waits_works_as_soon_as_there_is_a_place(tmp_path: Path) -> None:
    async with waiting(tmp_path) as (made, running):
        made.around.places.leave(OTHER)
        await running
        assert made.over == [AttemptOutcome.FINISHED]
        assert made.around.places.entered == 0
    assert names(tmp_path / "out") == ["1.out", "2.out"]


async def left_nothing(made: Scene, folder: Path) -> None:
    assert not (folder / "out").exists()
    assert not list((folder / "workspace").glob(f"{JOB}-*"))
    assert made.around.places.entered == 1
    assert not made.fake_scheduler.of(Failed)


@pytest.mark.parametrize("outcome", [AttemptOutcome.HANDED_BACK, AttemptOutcome.SUPERSEDED])
async def test_an_attempt_that_waits_can_be_taken_away(tmp_path: Path, outcome: AttemptOutcome) -> None:
    async with waiting(tmp_path) as (made, running):
        made.interrupt(outcome)
        await running
        assert made.over == [outcome]
        await left_nothing(made, tmp_path)


async def test_an_attempt_that_waits_can_be_cancelled(tmp_path: Path) -> None:
    async with waiting(tmp_path) as (made, running):
        made.want(DesiredState.CANCEL)
        await running
        assert made.over == [AttemptOutcome.CANCELLED]
        await left_nothing(made, tmp_path)


async def test_an_attempt_that_waits_and_is_held_is_handed_back(tmp_path: Path) -> None:
    async with waiting(tmp_path) as (made, running):
        made.want(DesiredState.SUSPEND)
        await running
        assert made.over == [AttemptOutcome.HANDED_BACK]
        assert len(made.fake_scheduler.of(HandedBack)) == 1
        await left_nothing(made, tmp_path)


async def test_an_attempt_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "LONGEST_WAIT", timedelta(milliseconds=10))
    async with scene("press", tmp_path) as made:
        made.around.places.enter(OTHER)
        made.around.places.take(OTHER, 0)
        await made.start("press", **paths(tmp_path))
        assert made.over == [AttemptOutcome.HANDED_BACK]
        await left_nothing(made, tmp_path)


async def test_a_slot_that_dies_while_its_job_waits_is_noticed_at_once(tmp_path: Path) -> None:
    async with waiting(tmp_path) as (made, running):
        made.slot.kill()
        await running
        assert made.over == [AttemptOutcome.CRASHED]
        assert made.around.places.entered == 1


async def test_an_input_for_which_there_is_no_room_yet_fails_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{PLUGINS}{os.pathsep}{full_disk(tmp_path)}")
    async with scene("press", tmp_path) as made:
        made.around.places.enter(OTHER)
        made.around.pace.brought(1.0)
        await made.start("press", **paths(tmp_path))
        assert made.over == [AttemptOutcome.HANDED_BACK]
        assert made.around.pace.jobs_ahead([0.0], elapsed_seconds()) == 0
        await left_nothing(made, tmp_path)


async def test_a_job_that_is_not_ahead_fails_for_lack_of_room_as_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{PLUGINS}{os.pathsep}{full_disk(tmp_path)}")
    async with scene("press", tmp_path) as made:
        await made.start("press", **paths(tmp_path))
        assert made.over == [AttemptOutcome.FAILED]
        assert "not enough space" in made.fake_scheduler.of(Failed)[0].error.message


def full_disk(folder: Path) -> Path:
    """A folder that makes the Python processes which find it believe that every disk is full."""
    code = "import shutil, types; shutil.disk_usage = lambda _: types.SimpleNamespace(free=0)"
    (fill(folder / "full", {}) / "sitecustomize.py").write_text(code, encoding="ascii")
    return folder / "full"


async def test_an_input_brought_ahead_comes_before_the_plugin_runs(tmp_path: Path) -> None:
    async with slot("press", tmp_path, upload_mode="copy") as (process, _):
        job = task("press", **paths(tmp_path))
        answer = await process.order(SlotStep.STAGE_IN, job, None, OrderTerms(ahead=True))
        assert answer.coming
        source = Path(answer.source or "")
        await until(lambda: names(source) == ["1.tif", "2.tif"])
        assert (await process.ask(SlotStep.RUN, job, source)).failure is None
        assert (await process.ask(SlotStep.STAGE_OUT, job)).files == 2


async def test_without_being_told_so_nothing_comes_before_the_plugin_runs(tmp_path: Path) -> None:
    async with slot("press", tmp_path, upload_mode="copy") as (process, _):
        job = task("press", **paths(tmp_path))
        answer = await process.ask(SlotStep.STAGE_IN, job)
        assert answer.coming
        assert (await process.ask(SlotStep.CLEAN, job)).failure is None
        assert not (tmp_path / "out").exists()


async def test_an_input_that_is_coming_can_be_removed(tmp_path: Path) -> None:
    async with slot("press", tmp_path, upload_mode="copy") as (process, _):
        job = task("press", **paths(tmp_path))
        await process.order(SlotStep.STAGE_IN, job, None, OrderTerms(ahead=True))
        assert (await process.ask(SlotStep.CLEAN, job)).failure is None
        assert not list((tmp_path / "workspace").glob(f"{job.job}-*"))
        assert names(tmp_path / "in") == ["1.tif", "2.tif"]


async def test_the_plugin_runs_on_the_processors_of_its_place(tmp_path: Path) -> None:
    only = max(os.sched_getaffinity(0))
    async with slot("noop", tmp_path) as (process, _):
        await process.order(SlotStep.RUN, task("noop"), None, OrderTerms(processors=(only,)))
        assert process.pid is not None
        assert os.sched_getaffinity(process.pid) == {only}


def test_an_order_says_nothing_of_it_unless_there_is_something_to_say() -> None:
    plain = SlotOrder(1, SlotStep.RUN, JOB, 1, task("noop").spec)
    assert b"ahead" not in plain.encode()
    assert b"processors" not in plain.encode()
    told = SlotOrder(1, SlotStep.RUN, JOB, 1, task("noop").spec, Path("/x"), ahead=True, processors=(1, 3))
    assert SlotOrder.decode(told.encode()) == told
