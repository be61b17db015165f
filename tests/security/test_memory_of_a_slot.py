"""A job that wants all memory of the machine is ended, though nobody has set a limit."""

from pathlib import Path

import pytest
from tests.unit.runner.slots import manifest, options

from taskmanager.model.manifest import JobLimits
from taskmanager_plugin_runner.settings import RunnerSettings
from taskmanager_plugin_runner.system.memory import for_pictures, machine_bytes

GIB = 1024**3


def limit(slots: int, own: int | None = None, declared: int | None = None) -> int | None:
    settings = RunnerSettings(workspace=Path("/w"), memory_limit_bytes=own)
    made = manifest("x", limits=JobLimits(memory_limit_bytes=declared))
    return settings.limited(made, slots).limits.memory_limit_bytes


@pytest.mark.parametrize("slots", [1, 2, 7])
def test_without_a_word_all_slots_together_leave_something_of_the_machine(slots: int) -> None:
    share = limit(slots)
    assert share is not None
    assert 0.8 * machine_bytes() < share * slots < 0.95 * machine_bytes()


def test_what_the_plugin_or_the_operator_says_stands() -> None:
    assert limit(2, declared=GIB) == GIB
    assert limit(2, own=2 * GIB, declared=GIB) == 2 * GIB
    assert limit(2, own=0) is None
    assert limit(2, own=0, declared=GIB) is None


def test_a_container_with_less_than_its_machine_counts(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("1000000\n", encoding="ascii")
    (tmp_path / "none").write_text("max\n", encoding="ascii")
    assert machine_bytes([tmp_path / "memory.max", tmp_path / "none", tmp_path / "missing"]) == 1_000_000


def test_a_picture_beyond_the_limit_of_its_job_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    assert options("noop", tmp_path).memory_bytes is None
    assert for_pictures(GIB) < GIB
    assert for_pictures(10**15) <= machine_bytes() // 2
