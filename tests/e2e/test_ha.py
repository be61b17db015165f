"""A node of three brokers dies under work, beside three databases. `make ha` tries every case."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.ha import world

ROOT = Path(__file__).parents[2]
SHORT = ("--releases", "debian", "--jobs", "60", "--seed", "short", "--faults", "killed")
SERVERS = ("--servers", "broker-1")


@pytest.mark.timeout(420)
def test_a_dead_broker_node_breaks_no_invariant(tmp_path: Path) -> None:
    if problem := world.obstacle():
        pytest.skip(f"three hosts cannot be had: {problem}")
    done = subprocess.run(
        [sys.executable, "-m", "tests.ha", *SHORT, *SERVERS, "--folder", str(tmp_path / "ha")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every invariant held" in done.stdout
