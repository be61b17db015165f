"""Several short jobs given to a slot at once: reported as if each had been alone, and taken back unbegun."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.runner.scenes import FakeScheduler
from tests.unit.runner.slots import manifest, slot, until
from tests.unit.runner.tickets import ticket_delivery

from taskmanager.messages import Advanced, Cancelled, Failed, Finished, Grant, Logged, Progressed
from taskmanager.model.control import DesiredState
from taskmanager.model.jobs import JobSpec
from taskmanager.model.manifest import PauseSupport
from taskmanager_plugin_runner.at_work import bunch as module
from taskmanager_plugin_runner.at_work.bunch import Bunch
from taskmanager_plugin_runner.attempt.attempt import Attempt, Begun
from taskmanager_plugin_runner.attempt.outcomes import AttemptOutcome
from taskmanager_plugin_runner.attempt.services import AttemptServices
from taskmanager_plugin_runner.attempt.transfer_limit import TransferLimit
from taskmanager_plugin_runner.clock import elapsed_seconds
from taskmanager_plugin_runner.messaging.granted import Granted
from taskmanager_plugin_runner.messaging.leases import Leases
from taskmanager_plugin_runner.pipeline.places import Places
from taskmanager_plugin_runner.slot.process import SlotProcess
from taskmanager_plugin_runner.slot_protocol import AtRest, encode_event

PATIENT = timedelta(seconds=30)
"""Nothing is cut because it takes long, however slow the machine is."""


class Scene:
    """One slot, with a scheduler in memory; records what a bunch tells its owner."""

    def __init__(self, process: SlotProcess, folder: Path) -> None:
        self.slot, self.folder = process, folder
        self.scheduler = FakeScheduler()
        self.services = AttemptServices(
            self.scheduler,
            Leases(timedelta(seconds=5)),
            TransferLimit(1, "brisk"),
            manifest("brisk", pause=PauseSupport.CHECKPOINT, grace_seconds=2),
            Places(1),
        )
        self.successes: list[float] = []
        self.taken_over: list[Attempt] = []
        self.begun: list[str] = []
        self.unbegun: list[str] = []
        self.over_with: list[AttemptOutcome] = []
        self.jobs = 0

    def bunch(self, *deeds: str) -> Bunch:
        """Begin jobs with these deeds; their names are `job-1` and so on, `wait` waits for `go`."""
        granted = []
        for deed in deeds:
            self.jobs += 1
            parameters = {
                "diary": str(self.folder / "diary"),
                "deed": deed,
                "until": str(self.folder / "go"),
            }
            spec = JobSpec(plugin="brisk", parameters=parameters)
            grant = Grant(claim_id="c", job=f"job-{self.jobs}", attempt=1, lease_seconds=60, spec=spec)
            granted.append(Granted(grant, ticket_delivery(), 0.0, 0.0, -1))
        made = Bunch(granted, self.slot, self.services, self)
        made.begin()
        return made

    async def end(self, bunch: Bunch) -> None:
        attempt = await bunch.run()
        if attempt is not None:
            await attempt.run(self.over_with.append)

    def on_success(self, seconds: float) -> None:
        self.successes.append(seconds)

    def take_over(self, granted: Granted, slot: SlotProcess, begun: Begun) -> Attempt:
        attempt = Attempt(granted.grant, slot, self.services, begun)
        self.taken_over.append(attempt)
        return attempt

    def over(self, _bunch: Bunch, begun: Sequence[Granted], unbegun: Sequence[Granted]) -> None:
        self.begun += [one.grant.job for one in begun]
        self.unbegun += [one.grant.job for one in unbegun]

    @property
    def ran(self) -> list[str]:
        diary = self.folder / "diary"
        return diary.read_text(encoding="ascii").split() if diary.exists() else []

    @property
    def finished(self) -> list[str]:
        return [event.job for event in self.scheduler.of(Finished)]

    @property
    def failed(self) -> list[tuple[str, bool]]:
        return [(event.job, event.crashed) for event in self.scheduler.of(Failed)]

    def lines_of(self, job: str) -> list[str]:
        blocks = [event for event in self.scheduler.of(Logged) if event.job == job]
        return [line.text for block in blocks for line in block.lines]

    def go(self) -> None:
        (self.folder / "go").touch()


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    async with slot("brisk", folder) as (process, _):
        process.listener = None
        yield Scene(process, folder)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST", PATIENT)


pytestmark = pytest.mark.usefixtures("patient")


async def test_all_are_reported_in_order_each_as_if_it_had_been_alone(tmp_path: Path) -> None:
    async with scene(tmp_path) as made:
        await made.end(made.bunch("nothing", "nothing", "nothing"))
        assert made.ran == made.finished == made.begun == ["job-1", "job-2", "job-3"]
        told = [(type(event).__name__, event.seq) for event in made.scheduler.of(object)]
        assert told == [("Advanced", 1), ("Finished", 2)] * 3
        assert made.unbegun == []
        assert made.taken_over == []
        assert made.services.places.entered == 0
        assert all(0 <= seconds < PATIENT.total_seconds() for seconds in made.successes)


async def test_what_each_logs_is_its_own(tmp_path: Path) -> None:
    async with scene(tmp_path) as made:
        await made.end(made.bunch("nothing", "log", "log"))
        assert made.finished == ["job-1", "job-2", "job-3"]
        assert [made.lines_of(job) for job in made.finished] == [
            [],
            ["a line of job-2"],
            ["a line of job-3"],
        ]
        assert [event.job for event in made.scheduler.of(Progressed)] == ["job-2", "job-3"]
        warnings = [event.warnings and event.warnings.count for event in made.scheduler.of(Finished)]
        assert warnings == [None, 1, 1]


@pytest.mark.parametrize("deed", ["print", "write", "fail"])
async def test_a_job_that_leaves_something_is_the_last_of_its_bunch(tmp_path: Path, deed: str) -> None:
    async with scene(tmp_path) as made:
        await made.end(made.bunch("nothing", deed, "nothing"))
        assert made.ran == made.begun == ["job-1", "job-2"]
        assert made.unbegun == ["job-3"]
        assert [attempt.key for attempt in made.taken_over] == [("job-2", 1)]
        assert made.services.places.entered == 0
        assert not list((tmp_path / "workspace").glob("job-*"))
        if deed == "fail":
            assert made.failed == [("job-2", False)]
            assert made.over_with == [AttemptOutcome.FAILED]
        else:
            assert made.finished == ["job-1", "job-2"]
        if deed == "print":
            assert made.lines_of("job-2") == ["printed by job-2"]


async def test_a_crash_takes_only_the_job_that_ran(tmp_path: Path) -> None:
    async with scene(tmp_path) as made:
        await made.end(made.bunch("nothing", "crash", "nothing", "nothing"))
        assert made.finished == ["job-1"]
        assert made.failed == [("job-2", True)]
        assert made.scheduler.of(Failed)[0].error.traceback == "last words"
        assert made.unbegun == ["job-3", "job-4"]
        assert made.ran == ["job-1", "job-2"]
        await made.end(made.bunch("nothing"))
        assert made.ran[-1] == "job-5", "the slot has a new process"


async def test_a_slot_that_rests_and_owes_an_answer_is_ended(tmp_path: Path) -> None:
    async with scene(tmp_path) as made:
        bunch = made.bunch("wait", "nothing")
        await until(lambda: made.ran)
        bunch.cut()
        made.slot.on_line(encode_event(AtRest()))
        await made.end(bunch)
        assert made.over_with == [AttemptOutcome.CRASHED]


async def test_what_the_others_have_done_is_not_lost_with_the_process(tmp_path: Path) -> None:
    async with scene(tmp_path) as made:
        bunch = made.bunch("nothing", "log", "wait", "nothing")
        await until(lambda: "job-3" in made.ran)
        assert made.finished == [], "nobody has asked yet"
        made.slot.kill()
        await made.end(bunch)
        assert made.finished == ["job-1", "job-2"]
        assert made.failed == [("job-3", True)]
        assert made.unbegun == ["job-4"]


async def test_after_a_cut_nothing_of_it_begins(tmp_path: Path) -> None:
    async with scene(tmp_path) as made:
        bunch = made.bunch("nothing", "wait", "nothing", "nothing")
        await until(lambda: "job-2" in made.ran)
        bunch.cut()
        assert made.unbegun == ["job-3", "job-4"]
        assert made.finished == ["job-1"]
        assert made.scheduler.of(Advanced)[-1].job == "job-2", "it is reported as soon as it is alone"
        made.go()
        await made.end(bunch)
        assert made.finished == made.ran == ["job-1", "job-2"]
        await made.end(made.bunch("nothing", "nothing"))
        assert made.ran == ["job-1", "job-2", "job-5", "job-6"], "and the slot takes the next ones"


async def test_what_takes_long_goes_on_alone_and_may_be_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST", timedelta(milliseconds=300))
    async with scene(tmp_path) as made:
        running = asyncio.create_task(made.end(made.bunch("wait", "nothing")))
        await until(lambda: made.taken_over)
        assert made.unbegun == ["job-2"]
        made.taken_over[0].want(DesiredState.CANCEL)
        await running
        assert made.over_with == [AttemptOutcome.CANCELLED]
        assert [event.job for event in made.scheduler.of(Cancelled)] == ["job-1"]
        assert made.slot.alive


async def test_a_cancel_that_comes_with_the_cut_ends_the_job_and_not_only_the_waiting_for_it(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as made:
        bunch = made.bunch("wait", "nothing")
        await until(lambda: made.ran)
        bunch.cut()
        made.taken_over[0].want(DesiredState.CANCEL)
        await made.end(bunch)
        assert made.over_with == [AttemptOutcome.CANCELLED]
        await made.end(made.bunch("nothing"))
        assert made.ran == ["job-1", "job-3"]


async def test_the_job_that_runs_may_be_suspended(tmp_path: Path) -> None:
    async with scene(tmp_path) as made:
        bunch = made.bunch("wait", "nothing")
        await until(lambda: made.ran)
        bunch.cut()
        attempt = made.taken_over[0]
        attempt.want(DesiredState.SUSPEND)
        running = asyncio.create_task(made.end(bunch))
        await until(lambda: attempt.suspended)
        made.go()
        attempt.want(None)
        await running
        assert made.finished == ["job-1"]


@asynccontextmanager
async def stopped(process: SlotProcess) -> AsyncIterator[None]:
    """The process gets no processor, as on a machine that is too busy."""
    assert process.pid is not None
    os.kill(process.pid, signal.SIGSTOP)
    yield
    process.resume()


async def test_what_the_slot_was_told_but_may_not_begin_any_more_it_never_begins(tmp_path: Path) -> None:
    async with scene(tmp_path) as made:
        async with stopped(made.slot):
            bunch = made.bunch("nothing", "nothing")
            bunch.cut()
            assert made.unbegun == ["job-1", "job-2"]
            resting = asyncio.create_task(made.end(bunch))
            await asyncio.sleep(0)
            assert not resting.done(), "or its next permits would be taken for these jobs"
        await resting
        await made.end(made.bunch("nothing", "nothing"))
        assert made.ran == made.finished == ["job-3", "job-4"]


async def test_a_slot_that_is_too_slow_to_begin_keeps_the_first_job_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST", timedelta(milliseconds=50))
    async with scene(tmp_path) as made:
        async with stopped(made.slot):
            running = asyncio.create_task(made.end(made.bunch("nothing", "nothing")))
            await until(lambda: made.taken_over)
            assert made.unbegun == ["job-2"]
        await running
        assert made.ran == made.finished == ["job-1"]


async def test_a_slot_that_died_before_it_began_has_crashed_no_job(tmp_path: Path) -> None:
    async with scene(tmp_path) as made:
        async with stopped(made.slot):
            bunch = made.bunch("nothing", "nothing")
            made.slot.kill()
            await made.slot.ended.wait()
        await made.end(bunch)
        assert made.unbegun == ["job-1", "job-2"]
        assert made.failed == []
        assert made.services.places.entered == 0


async def test_late_jobs_of_a_bunch_are_not_begun_even_if_the_runner_sleeps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "elapsed_seconds", lambda: elapsed_seconds() - 2 * PATIENT.total_seconds())
    async with scene(tmp_path) as made:
        await made.end(made.bunch("nothing", "nothing"))
        assert made.ran == made.finished == ["job-1"]
        assert made.unbegun == ["job-2"]
