"""What killed runs of the tests leave behind is removed, and nothing of a run that lives or has ended."""

import os
import subprocess
import sys
from pathlib import Path

from tests.abandoned import remove_abandoned_runs


def run(folder: Path, number: int, lock: str | None) -> Path:
    made = folder / f"pytest-{number}"
    (made / "mongod0" / "journal").mkdir(parents=True)
    if lock is not None:
        (made / ".lock").write_text(lock, encoding="ascii")
    return made


def test_only_runs_whose_process_is_gone_are_removed(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    killed, alive = run(tmp_path, 1, str(gone.pid)), run(tmp_path, 2, str(os.getpid()))
    ended, beginning = run(tmp_path, 3, None), run(tmp_path, 4, "")
    other = tmp_path / "other"
    other.mkdir()

    assert remove_abandoned_runs(tmp_path) == [killed]
    assert not killed.exists()
    assert all(one.exists() for one in (alive, ended, beginning, other))
    assert remove_abandoned_runs(tmp_path / "nothing") == []


def test_the_lock_is_where_pytest_puts_it(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import os\ndef test_it(tmp_path):\n"
        "    lock = tmp_path.parent / '.lock'\n    assert int(lock.read_text()) == os.getpid()\n",
        encoding="ascii",
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    environment = {"PATH": os.environ["PATH"], "PYTEST_DEBUG_TEMPROOT": str(tmp_path)}
    done = subprocess.run(
        [*command, str(tmp_path / "test_it.py")],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
