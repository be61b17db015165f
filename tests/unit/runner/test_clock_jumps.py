"""A runner whose wall clock jumps: nothing but the times people read depends on it."""

import ast
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import taskmanager_plugin_runner
from taskmanager_plugin_runner.clock import elapsed_seconds
from taskmanager_plugin_runner.messaging.leases import Leases

PACKAGE = Path(taskmanager_plugin_runner.__file__).parent
WALL_CLOCKS = {
    "time.time",
    "time.time_ns",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "SystemClock",
}
ONLY_SHOWN = {
    "bags.py": "the date in a bag",
    "recording.py": "when a job read and wrote its files, in the record of its provenance",
    "examination.py": "the date in the report about a TIFF",
    "packing.py": "the day in a bag",
    "book.py": "when a PDF was made, in its metadata",
    "package.py": "when an EPUB was made, in its metadata",
    "verification.py": "the time in the report about checksums",
    "__main__.py": "when the runner was started, in its hello",
    "slot_events.py": "the time of a log line",
    "job_log.py": "the time of a log line",
    "line_log.py": "the time of a log line",
    "worker.py": "the time of a log line",
}


def calls(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def test_the_wall_clock_is_read_only_for_what_is_shown() -> None:
    readers = {file.name for file in PACKAGE.rglob("*.py") if WALL_CLOCKS & set(calls(file))}

    assert readers == set(ONLY_SHOWN)


@pytest.mark.parametrize("jump", [timedelta(days=400), -timedelta(days=400)])
def test_a_jump_neither_ends_nor_prolongs_a_lease(jump: timedelta, monkeypatch: pytest.MonkeyPatch) -> None:
    leases = Leases(timedelta(seconds=5))
    leases.granted(("1", 1), elapsed_seconds(), 60)
    jumped = time.time() + jump.total_seconds()

    monkeypatch.setattr(time, "time", lambda: jumped)

    assert 0 < leases.seconds_left(("1", 1)) <= 60
