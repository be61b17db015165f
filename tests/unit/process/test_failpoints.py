"""A process dies at the point its environment names, at that time only, and otherwise nowhere."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from taskmanager.process.failpoints import END_AT, END_ONCE, Failpoint

PROGRAM = """
import sys
from taskmanager.process.failpoints import Failpoint, failpoint
for name in sys.argv[1:]:
    failpoint(Failpoint(name))
"""


def ended(*points: Failpoint, at: str | None = None, once: Path | None = None) -> int:
    environment = {name: value for name, value in os.environ.items() if name not in {END_AT, END_ONCE}}
    environment |= {END_AT: at} if at else {}
    environment |= {END_ONCE: str(once)} if once else {}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *points], env=environment, check=False, capture_output=True
    ).returncode


def test_without_the_setting_nothing_happens() -> None:
    assert ended(*Failpoint) == 0


def test_it_dies_at_the_named_point_only() -> None:
    assert ended(Failpoint.SLOT_RUNNING, at=Failpoint.SLOT_CLEANING) == 0
    assert (
        ended(Failpoint.SLOT_RUNNING, Failpoint.SLOT_CLEANING, at=Failpoint.SLOT_CLEANING) == -signal.SIGKILL
    )


@pytest.mark.parametrize(("times", "code"), [(1, 0), (2, -signal.SIGKILL), (3, -signal.SIGKILL)])
def test_it_dies_the_nth_time(times: int, code: int) -> None:
    assert ended(*[Failpoint.SLOT_RUNNING] * times, at=f"{Failpoint.SLOT_RUNNING}:2") == code


def test_of_all_that_share_the_file_one_dies(tmp_path: Path) -> None:
    codes = [
        ended(Failpoint.SLOT_RUNNING, at=Failpoint.SLOT_RUNNING, once=tmp_path / "died") for _ in range(2)
    ]

    assert codes == [-signal.SIGKILL, 0]


def test_every_point_is_somewhere_in_the_services() -> None:
    """No change of the code may remove a failpoint: its row of the crash table would be unproven."""
    folders = [Path(__file__).parents[3] / name for name in ("services", "shared/src")]
    sources = [file.read_text(encoding="utf-8") for folder in folders for file in folder.rglob("*.py")]

    assert [
        point for point in Failpoint if not any(f"Failpoint.{point.name}" in text for text in sources)
    ] == []


def test_a_setting_that_names_no_point_is_no_silent_pass() -> None:
    assert ended(Failpoint.SLOT_RUNNING, at="nowhere") == 1
