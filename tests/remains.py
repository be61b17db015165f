"""Finds processes of ours that outlived what started them, by their working folder."""

from pathlib import Path

import psutil

from taskmanager_testing.waiting import eventually


def working_in(folder: Path) -> list[str]:
    """Living processes whose working folder is this one or below it: pid, state and command line."""
    found = []
    for process in psutil.process_iter():
        try:
            inside = Path(process.cwd()).is_relative_to(folder.resolve())
            if inside and process.status() != psutil.STATUS_ZOMBIE:
                found.append(f"{process.pid} ({process.status()}): {' '.join(process.cmdline())}")
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def require_none(folder: Path, *, within_seconds: float = 20) -> None:
    """Wait for processes that are ending; raises AssertionError naming those that do not."""
    what = f"an end of all processes that work in {folder}"
    eventually(lambda: not working_in(folder), within_seconds=within_seconds, what=what)
