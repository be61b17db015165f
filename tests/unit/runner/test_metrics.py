"""What a runner counts of the attempts it runs, on real slots, and what it shows of its machine."""

import os
import time
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from tests.unit.runner.scenes import paths, scene
from tests.unit.runner.slots import slot, task

from taskmanager_plugin_runner.attempt.outcomes import AttemptOutcome
from taskmanager_plugin_runner.metrics import PHASES, begin, job_metrics
from taskmanager_plugin_runner.slot_protocol import SlotStep
from taskmanager_plugin_runner.transport.workspace_space import WorkspaceSpace


def value(name: str, **labels: str) -> float:
    """One series of this process."""
    found = REGISTRY.get_sample_value(f"taskmanager_{name}", labels)
    assert found is not None, (name, labels)
    return found


def phases() -> list[float]:
    return [value("job_phase_seconds_count", plugin="tally", phase=phase) for phase in PHASES]


def moved(way: str) -> tuple[float, float]:
    of = {"plugin": "tally", "direction": way}
    return value("processed_files_total", **of), value("processed_bytes_total", **of)


def test_everything_a_runner_counts_begins_at_0() -> None:
    begin("newcomer", AttemptOutcome)

    for outcome in AttemptOutcome:
        assert value("runner_jobs_total", plugin="newcomer", outcome=outcome) == 0
    for phase in PHASES:
        assert value("job_phase_seconds_count", plugin="newcomer", phase=phase) == 0
    for way in ("in", "out"):
        assert value("processed_files_total", plugin="newcomer", direction=way) == 0
        assert value("processed_bytes_total", plugin="newcomer", direction=way) == 0
    for name in ("job_cpu_seconds_total", "job_peak_memory_bytes_count", "runner_slot_deaths_total"):
        assert value(name, plugin="newcomer") == 0
    assert value("runner_tickets_dropped_total", plugin="newcomer", reason="unknown") == 0
    assert value("retries_total", what="slot") >= 0


async def test_an_attempt_counts_its_phases_and_what_it_moved(tmp_path: Path) -> None:
    job_metrics("tally")
    before, read, written = phases(), moved("in"), moved("out")
    async with scene("tally", tmp_path) as made:
        await made.start("tally", **paths(tmp_path))

    assert made.over == [AttemptOutcome.FINISHED]
    assert phases() == [count + 1 for count in before]
    results = [file for file in (tmp_path / "out").rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in results)
    assert moved("in") == (read[0] + 2, read[1] + 2)
    assert moved("out") == (written[0] + len(results), written[1] + size)


async def test_what_a_failed_attempt_spent_is_counted_but_no_results(tmp_path: Path) -> None:
    job_metrics("fail")
    before = value("job_phase_seconds_count", plugin="fail", phase="PROCESSING")
    async with scene("fail", tmp_path) as made:
        await made.start("fail", destination=str(tmp_path / "out"))

    assert value("job_phase_seconds_count", plugin="fail", phase="PROCESSING") == before + 1
    assert value("processed_files_total", plugin="fail", direction="out") == 0


async def test_the_processor_time_of_a_step_holds_that_of_the_programs_it_started(tmp_path: Path) -> None:
    """Compared with what the kernel says of the process and its children when it is over."""
    began = time.monotonic()
    async with slot("burn", tmp_path) as (process, _):
        pid = process.pid
        before = _used(pid)
        answer = await process.ask(SlotStep.RUN, task("burn", parameters={"seconds": 0.3}))
        used = _used(pid) - before
    assert answer.failure is None
    assert 0.25 < answer.cpu_seconds < time.monotonic() - began
    assert abs(answer.cpu_seconds - used) < 0.1


def _used(pid: int | None) -> float:
    """User and system time of a process and of its ended children, as proc(5) has them."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def test_the_peak_of_an_attempt_that_was_too_short_to_be_looked_at_is_not_shown_as_none() -> None:
    metrics = job_metrics("short")
    metrics.over(0)
    assert value("job_peak_memory_bytes_count", plugin="short") == 0
    metrics.over(3 * 2**30)
    assert value("job_peak_memory_bytes_sum", plugin="short") == 3 * 2**30
    assert value("job_peak_memory_bytes_bucket", plugin="short", le="2.147483648e+09") == 0
    assert value("job_peak_memory_bytes_bucket", plugin="short", le="4.294967296e+09") == 1


async def test_the_free_space_of_the_workspace_is_that_of_its_file_system(tmp_path: Path) -> None:
    free = os.statvfs(tmp_path)
    await WorkspaceSpace(tmp_path, "tally").run_once()
    shown = value("workspace_free_bytes", plugin="tally")
    assert shown == pytest.approx(free.f_bavail * free.f_frsize, rel=0.05)
    await WorkspaceSpace(tmp_path / "gone", "tally").run_once()
    assert value("workspace_free_bytes", plugin="tally") == shown
