"""Brings the input of a job in order, in a thread, while the plugin works on the first files.

Copies only into the workspace. How far it runs ahead of what was requested is limited in bytes, so that a
share is read as fast as the work proceeds and no faster. Knows no plugin and no order of the runner.
"""

import threading
from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path

from taskmanager.errors import JobFailedError
from taskmanager.model.reasons.coded_text import told
from taskmanager.model.reasons.job_texts import file_texts
from taskmanager.process.failpoints import Failpoint, failpoint
from taskmanager_plugin_runner.files.copying import CopyStoppedError, copy_source
from taskmanager_plugin_runner.files.sources import SourceFile

LOOK_SECONDS = 0.2
"""The longest delay before a thread that waits for a file notices a request to suspend or end."""


class InputAhead:
    """The files of one job; call `start` once, and `stop` in any case."""

    def __init__(
        self, files: Sequence[SourceFile], target: Path, limit_bytes: int, *, foreign_links: bool = True
    ) -> None:
        """Files are copied to `target`, at most `limit_bytes` ahead, but always the next one.

        For `foreign_links` see `opening.open_regular`.
        """
        self._files, self._target, self._limit = files, target, limit_bytes
        self._foreign_links = foreign_links
        self.paths = tuple(target / file.name for file in files)
        self._numbers = {path: number for number, path in enumerate(self.paths)}
        self._bytes_before = [0, *accumulate(file.bytes for file in files)]
        self._changed = threading.Condition()
        self._outcomes: list[JobFailedError | None] = []
        self._wanted = 0
        self._stopping = False
        self._suspended: Callable[[], bool] = lambda: False
        self._thread = threading.Thread(target=self._work, name="ahead", daemon=True)

    @property
    def started(self) -> bool:
        """Whether `start` was called."""
        return self._thread.ident is not None

    def start(self, suspended: Callable[[], bool]) -> None:
        """Start copying; `suspended` returns whether copying is to pause."""
        self._suspended = suspended
        self._thread.start()

    def wait_for(self, path: Path, check: Callable[[], None]) -> None:
        """Return when a file is there; raises JobFailedError if it could not be copied.

        `check` is called while waiting; anything it raises ends the wait. For other paths this returns at
        once.
        """
        number = self._numbers.get(path)
        if number is None:
            return
        with self._changed:
            self._wanted = max(self._wanted, number + 1)
            self._changed.notify_all()
        while not self._there(number):
            check()
            if self._stopping:
                raise JobFailedError(file_texts.ASKED_TOO_LATE(name=path.name))
        if (error := self._outcomes[number]) is not None:
            raise JobFailedError(told(error)) from error

    def _there(self, number: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: number < len(self._outcomes), LOOK_SECONDS)

    def stop(self) -> None:
        """Stop copying; nothing is in progress when this returns."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self.started:
            self._thread.join()

    def _work(self) -> None:
        for number, file in enumerate(self._files):
            if not self._may_go_on(number):
                return
            try:
                outcome = self._bring(file)
            except CopyStoppedError:
                return
            with self._changed:
                self._outcomes.append(outcome)
                self._changed.notify_all()

    def _may_go_on(self, number: int) -> bool:
        with self._changed:
            while not self._stopping and (self._suspended() or not self._is_near(number)):
                self._changed.wait(LOOK_SECONDS)
            return not self._stopping

    def _is_near(self, number: int) -> bool:
        ahead = self._bytes_before[number + 1] - self._bytes_before[min(self._wanted, number)]
        return number <= self._wanted or ahead <= self._limit

    def _bring(self, file: SourceFile) -> JobFailedError | None:
        """A file that cannot be copied fails the job only if the plugin asks for it."""
        failpoint(Failpoint.SLOT_LOOKING_AHEAD)
        try:
            copy_source(file, self._target, lambda: self._stopping, foreign_links=self._foreign_links)
        except JobFailedError as error:
            return error
        return None
