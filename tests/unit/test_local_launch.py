"""How `launch` counts restarts and waits between them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from taskmanager_local.launch import (
    HEALTHY_AFTER,
    LONGEST_WAIT,
    Record,
    next_record,
    read_record,
    wait_before,
    write_record,
)

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def record(*, restarts: int = 0, crashes: int = 0, started: datetime = NOW) -> Record:
    return Record(7, 1.0, restarts, crashes, started.isoformat())


def test_the_first_start_waits_for_nothing() -> None:
    first = next_record(None, NOW, pid=1, create_time=2.0)
    assert (first.restarts, first.crashes_in_a_row, first.starts_at) == (0, 0, NOW)


def test_waits_double_up_to_a_limit_and_never_end() -> None:
    waits = [wait_before(crashes) for crashes in range(1, 200)]
    assert waits[:3] == [timedelta(seconds=0.5), timedelta(seconds=1), timedelta(seconds=2)]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT


def test_a_quick_crash_makes_the_next_start_wait_longer() -> None:
    after = next_record(record(restarts=2, crashes=2), NOW + timedelta(seconds=1), pid=8, create_time=3.0)
    assert (after.restarts, after.crashes_in_a_row) == (3, 3)
    assert after.starts_at == NOW + timedelta(seconds=1) + wait_before(3)


def test_a_process_that_lived_long_starts_again_at_once() -> None:
    later = NOW + HEALTHY_AFTER
    after = next_record(record(restarts=5, crashes=5), later, pid=8, create_time=3.0)
    assert (after.restarts, after.crashes_in_a_row, after.starts_at) == (6, 1, later)


@pytest.mark.parametrize("kept", [None, record(restarts=3)])
def test_a_record_is_read_as_it_was_written(tmp_path: Path, kept: Record | None) -> None:
    file = tmp_path / "record.json"
    if kept:
        write_record(file, kept)
    assert read_record(file) == kept
