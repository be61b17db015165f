"""The phases of an attempt, its fence and its reports, on real slots with a scheduler in memory."""

import asyncio
from pathlib import Path

import pytest
from tests.unit.runner.faults import attempts, picture
from tests.unit.runner.scenes import paths, scene
from tests.unit.runner.slots import until

from taskmanager.messages import (
    Advanced,
    Cancelled,
    Commit,
    Failed,
    Finished,
    Grant,
    HandedBack,
    Logged,
    Progressed,
)
from taskmanager.model.jobs import CancelMethod, JobSpec
from taskmanager_plugin_runner.attempt import commit_fence
from taskmanager_plugin_runner.attempt.attempt import Attempt
from taskmanager_plugin_runner.attempt.outcomes import AttemptOutcome
from taskmanager_plugin_runner.slot_protocol import SlotAnswer, SlotStep


async def test_events_have_growing_numbers_in_the_order_of_the_phases(tmp_path: Path) -> None:
    async with scene("tally", tmp_path) as made:
        await made.start("tally", **paths(tmp_path))
    kinds = [type(event) for event in made.fake_scheduler.events if not isinstance(event, Logged)]
    assert [kind for kind in kinds if kind is not Progressed] == [Advanced, Advanced, Commit, Finished]
    numbers = [
        event.seq
        for event in made.fake_scheduler.events
        if isinstance(event, Advanced | Progressed | Commit | Finished)
    ]
    assert numbers == list(range(1, len(numbers) + 1))
    assert made.fake_scheduler.of(Progressed)[-1].progress.percent == 100
    assert made.over == [AttemptOutcome.FINISHED]
    assert attempts(tmp_path / "workspace") == []


async def test_an_attempt_that_is_not_allowed_to_place_ends_without_a_trace(tmp_path: Path) -> None:
    async with scene("tally", tmp_path, answer=False) as made:
        job = paths(tmp_path)
        before = picture(tmp_path)
        await made.start("tally", **job)
    assert made.over == [AttemptOutcome.SUPERSEDED]
    assert made.fake_scheduler.of(Finished, Failed) == []
    # in vain unless it was refused for a cancel whose order is still on its way
    assert [event.method for event in made.fake_scheduler.of(Cancelled)] == [CancelMethod.COOPERATIVE]
    assert picture(tmp_path) == before


async def test_a_verdict_that_got_old_while_waiting_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        commit_fence, "FRESH_SECONDS", -1.0
    )  # and there is no lease: every allowance is too old
    async with scene("tally", tmp_path) as made:
        running = made.start("tally", **paths(tmp_path))
        await until(lambda: len(made.fake_scheduler.of(Commit)) > 2)
        assert not (tmp_path / "out").exists()
        made.fake_scheduler.answer = False
        await running
    assert made.over == [AttemptOutcome.SUPERSEDED]


async def test_a_failure_is_reported_after_the_folder_is_as_it_was(tmp_path: Path) -> None:
    async with scene("fail", tmp_path) as made:
        before = picture(tmp_path)
        await made.start("fail", destination=str(tmp_path / "out"))
    assert made.over == [AttemptOutcome.FAILED]
    assert made.fake_scheduler.of(Failed)[0].error.message == "this job is meant to fail"
    assert not made.fake_scheduler.of(Failed)[0].crashed
    assert picture(tmp_path) == before


async def test_a_crash_is_reported_as_one_and_the_slot_is_replaced(tmp_path: Path) -> None:
    async with scene("crash", tmp_path) as made:
        before = picture(tmp_path)
        await made.start("crash", destination=str(tmp_path / "out"))
        assert made.slot.alive
    assert made.over == [AttemptOutcome.CRASHED]
    failed = made.fake_scheduler.of(Failed)[0]
    assert failed.crashed
    assert "SIGKILL" in failed.error.message
    assert failed.error.traceback == "last words"
    assert picture(tmp_path) == before


async def test_folders_are_put_back_although_the_process_that_does_it_is_killed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene("crash", tmp_path) as made:
        before, ask, asked = picture(tmp_path), made.slot.ask, []

        async def killed_at_first(step: SlotStep, task: Grant, source: Path | None = None) -> SlotAnswer:
            asked.append(step)
            if len(asked) == 1:
                made.slot.kill()
            return await ask(step, task, source)

        monkeypatch.setattr(made.slot, "ask", killed_at_first)
        await made.start("crash", destination=str(tmp_path / "out"))
    assert asked == [SlotStep.CLEAN, SlotStep.CLEAN]
    assert made.over == [AttemptOutcome.CRASHED]
    assert "The folders could not be put back" not in made.fake_scheduler.of(Failed)[0].error.message
    assert picture(tmp_path) == before


@pytest.mark.parametrize("outcome", [AttemptOutcome.HANDED_BACK, AttemptOutcome.SUPERSEDED])
async def test_an_interrupted_attempt_is_no_failure(tmp_path: Path, outcome: AttemptOutcome) -> None:
    async with scene("sleep", tmp_path) as made:
        before = picture(tmp_path)
        running = made.start("sleep", parameters={"seconds": 600}, destination=str(tmp_path / "out"))
        await until(lambda: made.fake_scheduler.of(Advanced))
        made.interrupt(outcome)
        made.interrupt(AttemptOutcome.HANDED_BACK)  # a second order changes nothing
        await running
    assert made.over == [outcome]
    assert made.fake_scheduler.of(Failed) == []
    assert len(made.fake_scheduler.of(HandedBack)) == (outcome is AttemptOutcome.HANDED_BACK)
    assert picture(tmp_path) == before


async def test_an_attempt_is_interrupted_while_it_waits_for_a_transfer(tmp_path: Path) -> None:
    async with scene("tally", tmp_path) as made:
        release = asyncio.Event()
        other = asyncio.create_task(made.around.transfers.during(release.wait, asyncio.Event()))
        await asyncio.sleep(0)
        running = made.start("tally", **paths(tmp_path))
        await asyncio.sleep(0)
        assert made.fake_scheduler.events == []  # it waits: no upload is reported
        made.interrupt(AttemptOutcome.HANDED_BACK)
        await running
        release.set()
        await other
        await made.around.transfers.during(release.wait, asyncio.Event())
    assert made.over == [AttemptOutcome.HANDED_BACK]


async def test_a_job_whose_id_could_not_be_a_file_name_fails(tmp_path: Path) -> None:
    async with scene("noop", tmp_path) as made:
        grant = Grant(claim_id="c", job="../x", attempt=1, lease_seconds=60, spec=JobSpec(plugin="noop"))
        await Attempt(grant, made.slot, made.around).run(made.over.append)
    assert made.over == [AttemptOutcome.FAILED]
