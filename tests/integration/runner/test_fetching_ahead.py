"""A slot brings the input of its next job and places results while its plugin works. Real processes."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.integration.runner.conftest import StartRunner
from tests.integration.runner.fake_scheduler import FakeScheduler
from tests.unit.runner.faults import fill, names
from tests.unit.runner.slots import is_gone

from taskmanager.messages import Commit, HandedBack, Heartbeat
from taskmanager.model.control import JobAction
from taskmanager.model.states import Status
from taskmanager_plugin_runner.attempt.attempt import WAITS_FOR_PLACE
from taskmanager_plugin_runner.pipeline.pace import WORTH_BYTES

PAGES = {"1.tif": "1" * WORTH_BYTES, "2.tif": "2"}
OFTEN = {"HEARTBEAT_SECONDS": "0.2"}


@dataclass
class Scene:
    """A runner with one slot whose plugin makes two pages and then works until the test lets it go."""

    scheduler: FakeScheduler
    roots: Path
    workspace: Path
    start: Callable[[], subprocess.Popen[bytes]]

    async def submit(self, name: str) -> str:
        """A job with a source and a destination of its own, and a file that ends its work."""
        fill(self.roots / f"{name}-in", PAGES)
        return await self.scheduler.submit(
            "press",
            {"until": str(self.roots / f"{name}-go")},
            source=str(self.roots / f"{name}-in"),
            destination=str(self.roots / f"{name}-out"),
        )

    def let_go(self, *jobs: str) -> None:
        fill(self.roots, {f"{name}-go": "" for name in jobs})

    def results(self, name: str) -> list[str]:
        folder = self.roots / f"{name}-out"
        return names(folder) if folder.exists() else []

    def input_of(self, job: str, attempt: int = 1) -> list[str]:
        folder = self.workspace / f"{job}-{attempt}" / "input"
        return names(folder) if folder.exists() else []

    async def at_work(self, job: str) -> None:
        await self.scheduler.until(lambda: self.scheduler.is_processing(job))

    async def is_ahead(self, job: str) -> None:
        """Its input is there, and it does not work."""
        await self.scheduler.until(lambda: self.scheduler.status(job) is Status.UPLOAD)
        await self.scheduler.until(lambda: self.input_of(job) == ["1.tif", "2.tif"])

    async def first_and_next(self) -> tuple[str, str]:
        first = await self.submit("first")
        await self.at_work(first)
        following = await self.submit("next")
        await self.is_ahead(following)
        return first, following

    def process(self, slot: int) -> int:
        """The process with that number: the first job runs in 0, the next one in 1."""
        return int(json.loads((self.workspace / f".slot.{slot}.json").read_text())["pid"])

    async def placing(self, job: str) -> None:
        """The plugin of the job in process 0 has worked, and placing its results stands still."""
        self.scheduler.mute = lambda event: isinstance(event, Commit)
        self.let_go("first")
        await self.scheduler.until(lambda: self.scheduler.events(Commit, job))
        os.kill(self.process(0), signal.SIGSTOP)
        self.scheduler.mute = lambda _: False
        await self.scheduler.until(lambda: self.scheduler.status(job) is Status.DOWNLOAD)


@asynccontextmanager
async def scene(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path, **settings: str
) -> AsyncIterator[Scene]:
    def start() -> subprocess.Popen[bytes]:
        return start_runner("press", UPLOAD_MODE="copy", **OFTEN, **settings)

    async with fake_scheduler.open("press"):
        made = Scene(fake_scheduler, roots, roots.parent / "workspace" / "r1", start)
        start()
        yield made


async def unfailed(made: Scene, job: str, status: Status = Status.STARTED) -> None:
    """The job is back in the queue, has cost nothing and left nothing."""
    await made.scheduler.until(lambda: made.scheduler.status(job) is status)
    stored = made.scheduler.jobs[job]
    assert (stored.attempt, stored.crashes, stored.failures, stored.error) == (1, 0, 0, None)
    assert Status.PROCESSING not in made.scheduler.statuses[job]
    assert not list(made.workspace.glob(f"{job}-*"))
    assert made.results("next") == []


async def test_the_next_input_is_brought_while_the_plugin_works_and_no_more(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    async with scene(fake_scheduler, start_runner, roots) as made:
        first, following = await made.first_and_next()
        third = await made.submit("third")
        beats = len(fake_scheduler.events(Heartbeat))
        await fake_scheduler.until(lambda: len(fake_scheduler.events(Heartbeat)) > beats + 10)
        assert fake_scheduler.is_processing(first)
        assert fake_scheduler.status(following) is Status.UPLOAD
        assert not fake_scheduler.claims_of(third)
        last = fake_scheduler.events(Heartbeat)[-1]
        assert (last.slots, last.busy, len(last.running)) == (1, 1, 2)
        made.let_go("first")
        assert (await fake_scheduler.ended(first)).attempt == 1
        await made.at_work(following)
        await made.is_ahead(third)
        made.let_go("next", "third")
        for job in (following, third):
            done = await fake_scheduler.ended(job)
            assert (done.status, done.attempt) == (Status.DONE, 1)
        assert WAITS_FOR_PLACE in fake_scheduler.log_of(following)
        assert fake_scheduler.statuses[following][-4:] == [
            Status.UPLOAD,
            Status.PROCESSING,
            Status.DOWNLOAD,
            Status.DONE,
        ]
    assert made.results("next") == ["1.out", "2.out"]


async def test_with_the_setting_at_zero_a_slot_has_one_job(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    async with scene(fake_scheduler, start_runner, roots, FETCH_AHEAD="0") as made:
        first = await made.submit("first")
        await made.at_work(first)
        following = await made.submit("next")
        await fake_scheduler.until(lambda: fake_scheduler.status(following) is Status.STARTED)
        beats = len(fake_scheduler.events(Heartbeat))
        await fake_scheduler.until(lambda: len(fake_scheduler.events(Heartbeat)) > beats + 10)
        assert not fake_scheduler.claims_of(following)
        made.let_go("first", "next")
        assert (await fake_scheduler.ended(following)).status is Status.DONE
        assert not (made.workspace / ".slot.1.json").exists()


async def test_results_are_placed_while_the_plugin_works_on_the_next_job(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    async with scene(fake_scheduler, start_runner, roots) as made:
        first, following = await made.first_and_next()
        await made.placing(first)
        await made.at_work(following)
        assert fake_scheduler.status(first) is Status.DOWNLOAD
        os.kill(made.process(0), signal.SIGCONT)
        assert (await fake_scheduler.ended(first)).status is Status.DONE
        made.let_go("next")
        assert (await fake_scheduler.ended(following)).attempt == 1
    assert made.results("first") == made.results("next") == ["1.out", "2.out"]


async def test_nothing_begins_after_a_stop_though_its_input_is_there(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    async with scene(fake_scheduler, start_runner, roots) as made:
        first, following = await made.first_and_next()
        fake_scheduler.paused = True
        await fake_scheduler.until(lambda: fake_scheduler.events(HandedBack, following))
        made.let_go("first")
        assert (await fake_scheduler.ended(first)).attempt == 1
        await unfailed(made, following)
        fake_scheduler.paused = False
        made.let_go("next")
        assert (await fake_scheduler.ended(following)).attempt == 2


async def test_a_drained_runner_hands_back_what_is_ahead_and_ends_the_rest(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    async with scene(fake_scheduler, start_runner, roots) as made:
        first, following = await made.first_and_next()
        await fake_scheduler.drain()
        await fake_scheduler.until(lambda: fake_scheduler.events(HandedBack, following))
        await unfailed(made, following)
        assert fake_scheduler.is_processing(first)
        made.let_go("first")
        assert (await fake_scheduler.ended(first)).attempt == 1
        assert not fake_scheduler.events(HandedBack, first)


async def test_a_runner_that_is_stopped_while_it_places_ends_what_it_can(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    async with fake_scheduler.open("press"):
        runner = start_runner("press", UPLOAD_MODE="copy", DRAIN_SECONDS="20", **OFTEN)
        made = Scene(fake_scheduler, roots, roots.parent / "workspace" / "r1", lambda: runner)
        first, following = await made.first_and_next()
        await made.placing(first)
        await made.at_work(following)
        runner.terminate()
        os.kill(made.process(0), signal.SIGCONT)
        made.let_go("next")
        assert (await fake_scheduler.ended(first)).attempt == 1
        assert (await fake_scheduler.ended(following)).attempt == 1
        assert await asyncio.to_thread(runner.wait, 30) == 0


async def test_a_held_job_whose_input_is_there_waits_in_the_queue(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    async with scene(fake_scheduler, start_runner, roots) as made:
        first, following = await made.first_and_next()
        await fake_scheduler.intervene(following, JobAction.HOLD)
        await unfailed(made, following, Status.PAUSED)
        made.let_go("first")
        assert (await fake_scheduler.ended(first)).attempt == 1


async def test_a_cancelled_job_whose_input_is_there_leaves_nothing(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    async with scene(fake_scheduler, start_runner, roots) as made:
        first, following = await made.first_and_next()
        await fake_scheduler.intervene(following, JobAction.CANCEL)
        await unfailed(made, following, Status.CANCELLED)
        assert fake_scheduler.is_processing(first)
        made.let_go("first")
        assert (await fake_scheduler.ended(first)).attempt == 1


async def test_a_job_that_waits_behind_a_held_one_goes_back_to_the_queue(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    async with scene(fake_scheduler, start_runner, roots) as made:
        first, following = await made.first_and_next()
        await fake_scheduler.intervene(first, JobAction.HOLD)
        await fake_scheduler.until(lambda: fake_scheduler.status(first) is Status.PAUSED)
        await fake_scheduler.until(lambda: fake_scheduler.events(HandedBack, following))
        await unfailed(made, following)
        made.let_go("first", "next")
        await fake_scheduler.intervene(first, JobAction.RELEASE)
        assert (await fake_scheduler.ended(first)).attempt == 1
        assert (await fake_scheduler.ended(following)).attempt == 2


async def test_cancelling_the_job_at_work_lets_the_next_one_begin(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    async with scene(fake_scheduler, start_runner, roots) as made:
        first, following = await made.first_and_next()
        await fake_scheduler.intervene(first, JobAction.CANCEL)
        await made.at_work(following)
        assert (await fake_scheduler.ended(first)).status is Status.CANCELLED
        made.let_go("next")
        assert (await fake_scheduler.ended(following)).attempt == 1
    assert made.results("first") == []


async def test_a_crash_at_work_costs_the_next_job_nothing(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    async with scene(fake_scheduler, start_runner, roots) as made:
        first, following = await made.first_and_next()
        os.kill(made.process(0), signal.SIGKILL)
        await made.at_work(following)
        await fake_scheduler.until(lambda: fake_scheduler.jobs[first].crashes == 1)
        made.let_go("first", "next")
        done = await fake_scheduler.ended(following)
        assert (done.attempt, done.crashes) == (1, 0)
        assert (await fake_scheduler.ended(first)).attempt == 2


async def test_a_crash_of_a_job_that_waits_costs_the_one_at_work_nothing(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    async with scene(fake_scheduler, start_runner, roots) as made:
        first, following = await made.first_and_next()
        os.kill(made.process(1), signal.SIGKILL)
        await fake_scheduler.until(lambda: fake_scheduler.jobs[following].crashes == 1)
        assert fake_scheduler.is_processing(first)
        made.let_go("first", "next")
        assert (await fake_scheduler.ended(first)).attempt == 1
        assert (await fake_scheduler.ended(following)).attempt == 2


async def test_a_crash_while_placing_costs_the_job_at_work_nothing(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    async with scene(fake_scheduler, start_runner, roots) as made:
        first, following = await made.first_and_next()
        await made.placing(first)
        await made.at_work(following)
        os.kill(made.process(0), signal.SIGKILL)
        await fake_scheduler.until(lambda: fake_scheduler.jobs[first].crashes == 1)
        assert made.results("first") == []
        assert fake_scheduler.is_processing(following)
        made.let_go("next")
        assert (await fake_scheduler.ended(following)).attempt == 1
        assert (await fake_scheduler.ended(first)).attempt == 2
    assert made.results("first") == made.results("next") == ["1.out", "2.out"]


async def test_a_killed_runner_leaves_nothing_of_any_phase(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    async with fake_scheduler.open("press"):
        runner = start_runner("press", UPLOAD_MODE="copy", **OFTEN)
        made = Scene(fake_scheduler, roots, roots.parent / "workspace" / "r1", lambda: runner)
        first, following = await made.first_and_next()
        processes = [made.process(0), made.process(1)]
        await made.placing(first)
        await made.at_work(following)
        runner.kill()
        await asyncio.to_thread(runner.wait, 30)
        await fake_scheduler.until(lambda: all(map(is_gone, processes)))
        made.let_go("next")
        start_runner("press", UPLOAD_MODE="copy", **OFTEN)
        for job in (first, following):
            done = await fake_scheduler.ended(job)
            assert (done.status, done.attempt) == (Status.DONE, 2)
        await fake_scheduler.until(lambda: not list(made.workspace.glob("*-[12]")))
    assert made.results("first") == made.results("next") == ["1.out", "2.out"]


async def test_a_job_taken_away_while_it_waits_is_left_to_its_new_owner(
    fake_scheduler: FakeScheduler, start_runner: StartRunner, roots: Path
) -> None:
    async with scene(fake_scheduler, start_runner, roots) as made:
        first, following = await made.first_and_next()
        fake_scheduler.kill.add(following)
        await fake_scheduler.until(lambda: not list(made.workspace.glob(f"{following}-*")))
        assert fake_scheduler.is_processing(first)
        made.let_go("first")
        assert (await fake_scheduler.ended(first)).attempt == 1
        assert Status.PROCESSING not in fake_scheduler.statuses[following]
