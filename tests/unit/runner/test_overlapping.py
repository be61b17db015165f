"""Input comes and results go while the plugin works, and no rule about either is broken by it."""

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from tests.unit.runner.faults import Crash, attempts, crash, fill, names, picture, stopped_before
from tests.unit.runner.slots import Ears, options, task, until

from taskmanager.errors import JobFailedError, JobKilledError, SupersededError
from taskmanager.files.roots import Roots
from taskmanager.messages import Grant
from taskmanager.model.control import DesiredState
from taskmanager.process.failpoints import END_AT, Failpoint
from taskmanager_plugin_runner.files.sources import Fingerprint, SourceFile, scan
from taskmanager_plugin_runner.results.early_copies import EarlyCopies
from taskmanager_plugin_runner.results.placement import Placement, clean, place, prepare
from taskmanager_plugin_runner.results.planning import Terms
from taskmanager_plugin_runner.slot.process import OrderTerms, SlotProcess
from taskmanager_plugin_runner.slot_protocol import SlotStep
from taskmanager_plugin_runner.transport.input_ahead import InputAhead
from taskmanager_plugin_runner.transport.recovery import recover
from taskmanager_testing.waiting import eventually

JOB = "0195e4a0-0000-7000-8000-000000000001"
PAGES = {f"{number}.tif": "x" * 10 for number in range(1, 7)}
MEMORY = Path("/dev/shm")
RESULTS = {"1.out": "one", "2.out": "two", "sub/3.out": "three"}


class EndedError(Exception):
    """What a check raises that ends a job."""


def go_on() -> None:
    """A check of a job nobody wants to end."""


@pytest.fixture
def files(tmp_path: Path) -> list[SourceFile]:
    return scan(fill(tmp_path / "source", PAGES), Roots.of([tmp_path]))


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return fill(tmp_path / "input", {})


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system than the destination."""
    if not MEMORY.is_dir() or MEMORY.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system to work on")
    with TemporaryDirectory(dir=MEMORY) as folder:
        yield Path(folder)


@pytest.fixture
def started() -> Iterator[Callable[..., InputAhead]]:
    made: list[InputAhead] = []

    def start(*arguments: Any, suspended: Callable[[], bool] = lambda: False) -> InputAhead:
        made.append(InputAhead(*arguments))
        made[-1].start(suspended)
        return made[-1]

    yield start
    for ahead in made:
        ahead.stop()


def test_files_come_in_their_order_and_not_too_far_ahead(
    files: list[SourceFile], target: Path, started: Callable[..., InputAhead]
) -> None:
    ahead = started(files, target, 20)
    eventually(lambda: len(names(target)) == 2)
    ahead.wait_for(target / "1.tif", go_on)
    ahead.wait_for(target / "2.tif", go_on)
    eventually(lambda: names(target) == ["1.tif", "2.tif", "3.tif", "4.tif"])
    ahead.wait_for(target / "6.tif", go_on)
    assert names(target) == [*PAGES]
    assert (target / "6.tif").read_text(encoding="utf-8") == PAGES["6.tif"]


def test_a_file_larger_than_the_limit_comes_all_the_same(
    files: list[SourceFile], target: Path, started: Callable[..., InputAhead]
) -> None:
    ahead = started(files, target, 1)
    for path in ahead.paths:
        ahead.wait_for(path, go_on)
        assert path.exists()


def test_a_file_that_cannot_be_had_fails_who_asks_for_it_and_nobody_else(
    files: list[SourceFile], target: Path, started: Callable[..., InputAhead]
) -> None:
    files[1].path.unlink()
    ahead = started(files, target, 1000)
    ahead.wait_for(target / "6.tif", go_on)
    with pytest.raises(JobFailedError, match=r"2\.tif could not be copied to the workspace"):
        ahead.wait_for(target / "2.tif", go_on)


def test_nothing_comes_while_the_job_is_suspended_and_who_waits_hears_of_a_cancel(
    files: list[SourceFile], target: Path, started: Callable[..., InputAhead]
) -> None:
    suspended = threading.Event()
    suspended.set()

    def end() -> None:
        raise EndedError

    ahead = started(files, target, 1000, suspended=suspended.is_set)
    with pytest.raises(EndedError):
        ahead.wait_for(target / "1.tif", end)
    assert names(target) == []
    suspended.clear()
    ahead.wait_for(target / "1.tif", go_on)


def test_what_is_none_of_the_files_is_there_already(files: list[SourceFile], target: Path) -> None:
    InputAhead(files, target, 1).wait_for(target / "other", go_on)


def test_who_waits_when_the_job_is_over_is_told(
    files: list[SourceFile], target: Path, started: Callable[..., InputAhead]
) -> None:
    ahead = started(files, target, 1)
    ahead.stop()
    with pytest.raises(JobFailedError, match="after the job had ended"):
        ahead.wait_for(target / "6.tif", go_on)


class Desk:
    """An output on another file system than its destination, and what carries it over."""

    def __init__(self, folder: Path, output: Path) -> None:
        self.roots = Roots.of([folder])
        self.destination = fill(folder / "process" / "out", {"1.out": "old one", "keep.txt": "mine"})
        self.before = picture(self.destination)
        self.output = fill(output / "output", RESULTS)
        self.placement = self.prepare()
        self.carrier = EarlyCopies(self.placement, self.output, lambda: False)

    def prepare(self, attempt: int = 1) -> Placement:
        return prepare(str(self.destination), self.roots, JOB, attempt)

    @property
    def staged(self) -> Path:
        return self.placement.home / self.placement.stage / "new"

    def carried(self, *wanted: str) -> dict[str, Fingerprint]:
        """Carry these and stop."""
        for name in wanted:
            self.carrier.finished(self.output / name)
        eventually(lambda: all((self.staged / name).exists() for name in wanted))
        return self.carrier.stop(abort=False)


@pytest.fixture
def fake_scheduler(tmp_path: Path, elsewhere: Path) -> Desk:
    return Desk(tmp_path, elsewhere)


def test_a_finished_result_goes_to_the_stage_and_is_not_copied_again(fake_scheduler: Desk) -> None:
    carried = fake_scheduler.carried("1.out", "sub/3.out")
    assert fake_scheduler.before == {
        name: what
        for name, what in picture(fake_scheduler.destination).items()
        if not name.startswith(".tm-")
    }
    known = {name: (fake_scheduler.staged / name).stat().st_ino for name in carried}
    assert place(fake_scheduler.output, fake_scheduler.placement, Terms(carried=carried)) == (3, 11)
    assert {name: (fake_scheduler.destination / name).stat().st_ino for name in carried} == known
    assert names(fake_scheduler.destination) == ["1.out", "2.out", "keep.txt", "sub"]


def test_a_result_that_changed_after_it_was_finished_is_copied_again(fake_scheduler: Desk) -> None:
    carried = fake_scheduler.carried("1.out")
    (fake_scheduler.output / "1.out").write_text("one, second thought", encoding="utf-8")
    place(fake_scheduler.output, fake_scheduler.placement, Terms(carried=carried))
    assert (fake_scheduler.destination / "1.out").read_text(encoding="utf-8") == "one, second thought"


def test_a_result_that_was_withdrawn_or_is_only_half_there_is_not_placed(fake_scheduler: Desk) -> None:
    carried = fake_scheduler.carried("1.out", "sub/3.out")
    (fake_scheduler.output / "sub" / "3.out").unlink()
    fill(fake_scheduler.staged, {"2.out": "ha", "sub/deep/half": "x"})
    place(fake_scheduler.output, fake_scheduler.placement, Terms(carried=carried))
    assert names(fake_scheduler.destination) == ["1.out", "2.out", "keep.txt"]
    assert (fake_scheduler.destination / "2.out").read_text(encoding="utf-8") == "two"


def test_a_result_that_is_finished_twice_is_carried_as_it_is_now(fake_scheduler: Desk) -> None:
    fake_scheduler.carrier.finished(fake_scheduler.output / "1.out")
    eventually((fake_scheduler.staged / "1.out").exists)
    (fake_scheduler.output / "1.out").write_text("one again", encoding="utf-8")
    fake_scheduler.carrier.finished(fake_scheduler.output / "1.out")
    staged = fake_scheduler.staged / "1.out"  # it is gone for a moment while it is replaced
    eventually(lambda: staged.exists() and staged.stat().st_size == len("one again"))
    place(
        fake_scheduler.output,
        fake_scheduler.placement,
        Terms(carried=fake_scheduler.carrier.stop(abort=False)),
    )
    assert (fake_scheduler.destination / "1.out").read_text(encoding="utf-8") == "one again"


def test_what_is_carried_never_shows_if_the_attempt_fails(fake_scheduler: Desk) -> None:
    fake_scheduler.carried("1.out", "sub/3.out")
    clean(fake_scheduler.placement)
    assert picture(fake_scheduler.destination) == fake_scheduler.before


def test_an_attempt_that_was_overtaken_carries_nothing_more(fake_scheduler: Desk) -> None:
    fake_scheduler.carrier.finished(fake_scheduler.output / "1.out")
    eventually((fake_scheduler.staged / "1.out").exists)
    later = fake_scheduler.prepare(attempt=2)
    fake_scheduler.carrier.finished(fake_scheduler.output / "2.out")
    carried = fake_scheduler.carrier.stop(abort=False)
    assert [name for name in names(fake_scheduler.destination) if name.startswith(".tm-")] == [later.stage]
    with pytest.raises(SupersededError):
        place(fake_scheduler.output, fake_scheduler.placement, Terms(carried=carried))
    clean(later)
    assert picture(fake_scheduler.destination) == fake_scheduler.before


def test_nothing_is_carried_where_links_do(tmp_path: Path) -> None:
    fake_scheduler = Desk(tmp_path, tmp_path / "same")
    fake_scheduler.carrier.finished(fake_scheduler.output / "1.out")
    assert fake_scheduler.carrier.stop(abort=False) == {}
    assert not fake_scheduler.staged.exists()


def test_only_results_can_be_finished(fake_scheduler: Desk) -> None:
    with pytest.raises(ValueError, match="not in the subpath"):
        fake_scheduler.carrier.finished(fake_scheduler.destination / "keep.txt")


@pytest.mark.parametrize("step", range(0, 60, 2))
def test_a_crash_before_any_step_of_placing_what_was_carried_is_undone(
    fake_scheduler: Desk, tmp_path: Path, step: int
) -> None:
    carried = fake_scheduler.carried("1.out", "sub/3.out")
    expected = picture(fill(tmp_path / "expected", {"keep.txt": "mine", **RESULTS}))
    sealed = True
    with stopped_before(step, crash):
        try:
            place(fake_scheduler.output, fake_scheduler.placement, Terms(carried=carried))
        except Crash:
            sealed = any(path.name.endswith("-placed") for path in fake_scheduler.destination.glob(".tm-*"))
    clean(fake_scheduler.prepare(attempt=2))
    assert picture(fake_scheduler.destination) == (expected if sealed else fake_scheduler.before)


# --- in a slot


@asynccontextmanager
async def slot(folder: Path, workspace: Path, **more: Any) -> AsyncIterator[tuple[SlotProcess, Ears]]:
    made = replace(options("press", folder, upload_mode="copy"), folder=str(workspace), **more)
    process, ears = SlotProcess(0, made), Ears()
    await process.start()
    process.listener = ears
    try:
        yield process, ears
    finally:
        await process.stop()


def job(folder: Path, **parameters: str) -> Grant:
    fill(folder / "source", PAGES)
    source, destination = str(folder / "source"), str(folder / "out")
    return task("press", job=JOB, parameters=parameters, source=source, destination=destination)


async def brought(process: SlotProcess, made: Grant) -> Path:
    answer = await process.ask(SlotStep.STAGE_IN, made)
    assert answer.failure is None
    assert (answer.files, answer.bytes) == (6, 60)
    return Path(answer.source or "")


@pytest.mark.parametrize("ahead_bytes", [0, 1, 1024])
async def test_a_job_over_another_file_system_comes_out_whole(
    tmp_path: Path, elsewhere: Path, ahead_bytes: int
) -> None:
    made = job(tmp_path)
    async with slot(tmp_path, elsewhere, ahead_bytes=ahead_bytes) as (process, ears):
        source = await brought(process, made)
        assert len(names(source)) == (0 if ahead_bytes else 6)
        assert (await process.ask(SlotStep.RUN, made, source)).failure is None
        placed = await process.ask(SlotStep.STAGE_OUT, made)
        assert (placed.failure, placed.files) == (None, 6)
        await process.ask(SlotStep.CLEAN, made)
    assert ears.progress[-1].done == 6
    assert names(tmp_path / "out") == [name.replace("tif", "out") for name in PAGES]
    assert (tmp_path / "out" / "6.out").read_text(encoding="utf-8") == "printed xxxxxxxxxx"
    assert attempts(elsewhere) == []


async def test_the_plugin_works_before_its_last_file_is_there(tmp_path: Path, elsewhere: Path) -> None:
    made = job(tmp_path)
    async with slot(tmp_path, elsewhere) as (process, ears):
        source = await brought(process, made)
        (tmp_path / "source" / "3.tif").unlink()
        answer = await process.ask(SlotStep.RUN, made, source)
        assert answer.failure is not None
        assert "3.tif could not be copied to the workspace" in answer.failure.message
        assert ears.progress[-1].done == 2
        await process.ask(SlotStep.CLEAN, made)
    assert not (tmp_path / "out").exists()


async def test_a_slot_that_was_replaced_does_not_take_half_an_input_for_the_whole(
    tmp_path: Path, elsewhere: Path
) -> None:
    made = job(tmp_path)
    async with slot(tmp_path, elsewhere) as (process, _):
        source = await brought(process, made)
    async with slot(tmp_path, elsewhere) as (process, ears):
        answer = await process.ask(SlotStep.RUN, made, source)
    assert answer.failure is not None
    assert answer.failure.temporary
    assert ears.progress == []


async def test_a_job_that_waits_for_a_file_obeys_a_cancel(tmp_path: Path, elsewhere: Path) -> None:
    made = job(tmp_path)
    async with slot(tmp_path, elsewhere, ahead_bytes=1) as (process, ears):
        source = await brought(process, made)
        answering = process.order(SlotStep.RUN, made, source, OrderTerms(DesiredState.SUSPEND))
        await until(lambda: ears.suspended)
        process.tell(DesiredState.CANCEL)
        assert (await answering).cancelled
        assert names(source) == []
        assert (await process.ask(SlotStep.CLEAN, made)).failure is None
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("exists", [True, False], ids=["an existing folder", "a new folder"])
@pytest.mark.parametrize(
    "point",
    [f"{Failpoint.SLOT_LOOKING_AHEAD}:3", f"{Failpoint.SLOT_CARRYING}:1", f"{Failpoint.SLOT_CARRYING}:4"],
)
async def test_a_death_while_files_come_and_go_leaves_no_trace(
    tmp_path: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch, point: str, exists: bool
) -> None:
    if exists:
        fill(tmp_path / "out", {"1.out": "old", "keep.txt": "mine"})
    made = job(tmp_path, until=str(tmp_path / "never"))
    fill(tmp_path, {"workspace/": ""})
    before = picture(tmp_path)
    monkeypatch.setenv(END_AT, point)
    async with slot(tmp_path, elsewhere) as (process, _):
        source = await brought(process, made)
        with pytest.raises(JobKilledError):
            await process.ask(SlotStep.RUN, made, source)
    assert recover(elsewhere) == 1
    assert picture(tmp_path) == before
    assert attempts(elsewhere) == []
