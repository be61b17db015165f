"""What counts for a limit, by a clock of the test."""

import os
from datetime import timedelta

import pytest

from taskmanager.model.manifest import JobLimits, PluginManifest
from taskmanager_plugin_runner.attempt.limit_watch import LimitWatch
from taskmanager_plugin_runner.slot_protocol import ProgressNote, SlotOptions
from taskmanager_plugin_runner.system import memory

ME = os.getpid()


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Watched:
    """A watch that is looked at every second."""

    def __init__(self, **limits: float | bool) -> None:
        self.clock = Clock()
        self.watch = LimitWatch(JobLimits.model_validate(limits), self.clock)
        self.watch.begin()

    async def pass_seconds(self, seconds: int, *, suspended: bool = False) -> str | None:
        """What it says first, if anything."""
        for _ in range(seconds):
            self.clock.seconds += 1
            error = await self.watch.look(ME, suspended=suspended)
            if error is not None:
                return error.message
        return None


async def test_a_job_may_use_its_time_and_no_more() -> None:
    watched = Watched(time_limit_seconds=90)
    assert await watched.pass_seconds(89) is None
    assert await watched.pass_seconds(1) == (
        "the time limit for a job, 0:01:30, was exceeded: stopped after 90 s of work"
    )


async def test_time_in_which_it_stands_is_not_its_time() -> None:
    watched = Watched(time_limit_seconds=10, file_time_limit_seconds=10)
    await watched.pass_seconds(9)
    assert await watched.pass_seconds(100, suspended=True) is None
    assert await watched.pass_seconds(1) is not None


async def test_time_in_which_nobody_looked_is_not_its_time() -> None:
    watched = Watched(time_limit_seconds=10)
    watched.clock.seconds += 3600
    assert await watched.pass_seconds(1) is None


async def test_each_file_has_its_own_time() -> None:
    watched = Watched(file_time_limit_seconds=10)
    for number, name in enumerate("abc"):
        watched.watch.progressed(ProgressNote(number, 3, name))
        assert await watched.pass_seconds(9) is None
        watched.watch.progressed(ProgressNote(number, 3, name))  # the same again is no progress
    assert await watched.pass_seconds(1) == (
        "the time limit for a file, 10 s, was exceeded: stopped after 10 s without progress to the next "
        "file, 28 s of work in all, at file c, 2 of 3 files done"
    )


async def test_a_failure_is_temporary_if_the_limits_say_so() -> None:
    clock = Clock()
    watch = LimitWatch(JobLimits(memory_limit_bytes=1, temporary=True), clock)
    error = await watch.look(ME, suspended=False)
    assert error is not None
    assert (error.kind, error.temporary) == ("MemoryLimit", True)
    assert error.message.startswith("the memory limit, 1 bytes, was exceeded: it used ")


async def test_evidence_tells_memory_and_file() -> None:
    watch = LimitWatch(JobLimits())
    watch.progressed(ProgressNote(1, 3, "2.tif"))
    assert watch.struck() is None
    await watch.look(ME, suspended=False)
    assert watch.peak.bytes > 2**20
    assert [*watch.evidence()][-1] == "at file 2.tif, 1 of 3 files done"


def test_a_template_goes_before_its_plugin() -> None:
    manifest = PluginManifest(
        name="x",
        title="x",
        job_type="X",
        templates=("a", "b"),
        template_default="a",
        limits=JobLimits(time_limit_seconds=60, temporary=True),
        template_limits={"b": JobLimits(time_limit_seconds=5, memory_limit_bytes=7)},
    )
    assert manifest.limits_for(None) == manifest.limits_for("nonsense") == manifest.limits
    chosen = manifest.limits_for("b.xml")
    assert (chosen.time_limit, chosen.memory_limit_bytes, chosen.temporary) == (timedelta(seconds=5), 7, True)


def test_a_process_that_is_gone_uses_nothing() -> None:
    assert memory.resident(2**22 + 1) == memory.Usage()


@pytest.mark.parametrize(
    ("size", "words"), [(12, "12 bytes"), (1536, "1.5 KiB"), (3 * 2**30, "3.0 GiB"), (2**51, "2048.0 TiB")]
)
def test_sizes_are_for_people(size: int, words: str) -> None:
    assert memory.size_words(size) == words


def test_neighbours_get_different_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {2, 3, 5, 7})
    options = SlotOptions("x", "/", "/", "auto", 1)
    chosen = [options.on_processors(slot, 3).processors for slot in range(3)]
    assert chosen == [(2, 3, 5), (2, 3, 7), (2, 5, 7)]
    assert options.on_processors(1, 4) == options.on_processors(1, None) == options
    limited = options.on_processors(0, 1)
    assert SlotOptions.decode(limited.encode()) == limited
