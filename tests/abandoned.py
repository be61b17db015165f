"""Removes what runs of the tests that were killed have left behind in the temporary folder.

pytest removes the folder of a run that has passed. It cannot when it is killed, as by a time limit, and what
is left then counts as in use for three days: gigabytes, since each mongod has a journal of 300 MB.
"""

import shutil
from pathlib import Path

import psutil


def remove_abandoned_runs(folder: Path) -> list[Path]:
    """Remove the runs below `folder` whose process is gone; returns them.

    The folder of each run has a file `.lock` with the id of the process that made it. A run without one has
    ended by itself: what it keeps is there to be looked at.
    """
    removed = []
    for lock in folder.glob("pytest-*/.lock"):
        try:
            maker = int(lock.read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):  # another run has just removed it, or has not written it yet
            continue
        if not psutil.pid_exists(maker):
            shutil.rmtree(lock.parent, ignore_errors=True)  # another run may be removing it, too
            removed.append(lock.parent)
    return removed
