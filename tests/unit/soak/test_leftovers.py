"""A process that is left over at the end of a soak is found, also one that is stopped."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil
from tests.soak.leftovers import ended_with_their_runners

from taskmanager_testing.waiting import eventually


def test_a_stopped_process_that_works_below_the_folder_is_found(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace" / "job"
    workspace.mkdir(parents=True)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], cwd=workspace) as planted:
        try:
            planted.send_signal(signal.SIGSTOP)
            process = psutil.Process(planted.pid)
            eventually(lambda: process.status() == psutil.STATUS_STOPPED, what="the planted process stopped")

            (violation,) = ended_with_their_runners(tmp_path, within_seconds=0).violations
        finally:
            planted.kill()
    assert str(planted.pid) in violation
    assert psutil.STATUS_STOPPED in violation
    assert not ended_with_their_runners(tmp_path).violations
