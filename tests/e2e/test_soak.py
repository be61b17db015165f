"""A short soak: everything at once, and every invariant afterwards. `make soak` is the long one."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SMALL = ("--jobs", "100", "--minutes", "0.35", "--seed", "short", "--runners", "1", "--fault-seconds", "1")


@pytest.mark.timeout(420)
def test_random_work_commands_and_kills_break_no_invariant(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak", *SMALL, "--folder", str(tmp_path / "soak")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every invariant held" in done.stdout
