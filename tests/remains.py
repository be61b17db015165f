"""Processes of ours that outlived what started them, found by the folder they work in."""

from pathlib import Path

import psutil

from taskmanager_testing.waiting import eventually


def working_in(folder: Path) -> list[str]:
    """The living processes whose working folder is this one or lies in it: number, state and command line."""
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
    """Wait for those that are just ending; raises AssertionError that names what does not end."""
    what = f"an end of all processes that work in {folder}"
    eventually(lambda: not working_in(folder), within_seconds=within_seconds, what=what)
