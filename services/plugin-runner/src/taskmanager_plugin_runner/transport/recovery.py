"""The runner's folder in the workspace: held by one process at a time, tidied up before it claims jobs."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from taskmanager.errors import PermanentError, TaskManagerError
from taskmanager.process.logs import get_logger
from taskmanager_plugin_runner.failures import file_sentence
from taskmanager_plugin_runner.files.seals import NO_KEY, Seal
from taskmanager_plugin_runner.results.placement import clean
from taskmanager_plugin_runner.settings import NUMBER
from taskmanager_plugin_runner.transport.choice import undo
from taskmanager_plugin_runner.transport.workspace import AttemptFolder

LOCK = ".lock"
MOST_NUMBERS = 1000
"""More runners than one workspace ever serves."""

log = get_logger(__name__)


@contextlib.contextmanager
def held_folder(workspace: Path, runner: str) -> Iterator[Path]:
    """The folder `<workspace>/<runner>`, locked; its name is the runner's id.

    `{number}` in `runner` becomes the lowest number from 1 whose folder nobody holds. The kernel gives a lock
    up when its process ends, so whoever starts next has the id, and the files, of one that is gone.

    Raises:
        PermanentError: the folder cannot be used, or all are held.
    """
    for number in range(1, MOST_NUMBERS + 1):
        folder = workspace.resolve() / runner.replace(NUMBER, str(number))
        descriptor = _locked(folder)
        if descriptor is not None:
            break
        if NUMBER not in runner:
            raise PermanentError(
                f"another runner {runner} uses the workspace {workspace}: give this one another --id"
            )
    else:
        raise PermanentError(f"{MOST_NUMBERS} runners {runner} use the workspace {workspace}")
    with os.fdopen(descriptor, "rb"):
        yield folder


def _locked(folder: Path) -> int | None:
    """The open and locked file in the folder; None if another process has locked it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise PermanentError(f"the workspace cannot be used: {file_sentence(error)}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def recover(folder: Path, goobi: Path | None = None, seal: Seal = NO_KEY) -> int:
    """Undo what an earlier process's attempts began to place and remove their files; returns their number.

    What cannot be undone now (a share that is not mounted, a Goobi that is away) is kept for the next start.
    `goobi` is the Goobi settings file, `seal` that of the journals.
    """
    left = [AttemptFolder(path) for path in sorted(folder.iterdir()) if path.is_dir()]
    for attempt in left:
        try:
            placement = attempt.remembered(seal)
            if placement is not None and placement.home.is_dir():
                clean(placement)
            elif placement is not None:
                log.warning("recovery_postponed", attempt=attempt.path.name, home=str(placement.home))
                continue
            undo(goobi, attempt, seal)
            attempt.remove()
        except (OSError, ValueError, TaskManagerError) as error:
            log.warning("recovery_failed", attempt=attempt.path.name, error=str(error))
    return len(left)
