"""Copies finished results next to their destination in a thread, while the plugin makes the next one.

Writes only into the stage of the attempt, which it never creates: an attempt that was superseded finds it
gone and stops. It never fails a job: whatever it could not do, placing does again and reports what is wrong.
"""

import queue
import threading
from collections.abc import Callable
from pathlib import Path

from taskmanager.errors import JobFailedError
from taskmanager.process.failpoints import Failpoint, failpoint
from taskmanager.process.logs import get_logger
from taskmanager_plugin_runner.files import folders
from taskmanager_plugin_runner.files.copying import CopyStoppedError
from taskmanager_plugin_runner.files.sources import Fingerprint
from taskmanager_plugin_runner.results.placement import Placement
from taskmanager_plugin_runner.results.stage_filling import copy, links_do, make_parents, remove
from taskmanager_plugin_runner.results.stages import NEW
from taskmanager_plugin_runner.system.filesystems import require_space

LOOK_SECONDS = 0.2

log = get_logger(__name__)


class EarlyCopies:
    """The results of one attempt that are copied early."""

    def __init__(self, placement: Placement, output: Path, suspended: Callable[[], bool]) -> None:
        """`suspended` returns whether copying is to pause."""
        self._placement, self._output, self._suspended = placement, output, suspended
        self._finished: queue.SimpleQueue[Path | None] = queue.SimpleQueue()
        self._carried: dict[str, Fingerprint] = {}
        self._stopping, self._aborting = threading.Event(), False
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def finished(self, path: Path) -> None:
        """Queue a finished result below the output; raises ValueError for any other path."""
        path.relative_to(self._output)
        self._finished.put(path)
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="carrier", daemon=True)
                self._thread.start()

    def stop(self, *, abort: bool) -> dict[str, Fingerprint]:
        """Start no further file and, with `abort`, break off the current one; returns what was copied."""
        self._aborting = abort
        self._stopping.set()
        self._finished.put(None)
        if self._thread is not None:
            self._thread.join()
        return self._carried

    def _work(self) -> None:
        placement, made = self._placement, set[str]()
        try:
            with folders.opened(placement.home) as home_fd:
                while (path := self._next()) is not None:
                    if links_do(home_fd, path):
                        return  # placing needs no copy at all
                    self._carry(home_fd, path, made)
        except CopyStoppedError:
            return
        except (OSError, JobFailedError) as error:
            log.info("carrying_stopped", job=placement.job, attempt=placement.attempt, error=str(error))

    def _next(self) -> Path | None:
        path = self._finished.get()
        while self._suspended() and not self._stopping.wait(LOOK_SECONDS):
            pass
        return None if self._stopping.is_set() else path

    def _carry(self, home_fd: int, path: Path, made: set[str]) -> None:
        name = str(self._placement.inside / path.relative_to(self._output))
        base = f"{self._placement.stage}/{NEW}"
        known = Fingerprint.of(path.lstat())
        require_space(self._placement.home, known.bytes)
        make_parents(home_fd, base, name, made)
        if self._carried.pop(name, None) is not None:
            remove(home_fd, f"{base}/{name}")
        failpoint(Failpoint.SLOT_CARRYING)
        copy(path, f"{base}/{name}", home_fd, lambda: self._aborting)
        self._carried[name] = known
