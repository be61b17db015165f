"""The job's log inside a slot: lines go to the runner at once, up to a limit. Thread-safe."""

import threading
import time
from collections.abc import Callable
from typing import Literal

from taskmanager.model.jobs import WARNING_CHARACTERS, FileRecord
from taskmanager.model.reasons.coded_text import reason_of
from taskmanager.plugin_api.file_records import lines_of
from taskmanager_plugin_runner.failures import shorten
from taskmanager_plugin_runner.slot_protocol import LogNote, SlotEvent

LOG_LINES = 2_000
"""Lines of a job's log that are kept per attempt."""
FILE_LINES = 1_000
"""Lines about files among them, which are also listed separately: a long book leaves room for the rest."""
LINE_CHARACTERS = 4_000

Send = Callable[[SlotEvent], None]
LineLevel = Literal["info", "warning", "error"]


class LineLog:
    """Implements `taskmanager.plugin_api.JobLog`. Warnings beyond the limit are still sent, to be counted."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._lock = threading.Lock()
        self._left = LOG_LINES
        self._files_left = FILE_LINES

    def info(self, text: str) -> None:
        """Log something worth knowing."""
        self._write("info", text)

    def warning(self, text: str) -> None:
        """Log something an operator should look at."""
        self._write("warning", text)

    def error(self, text: str) -> None:
        """Log something that failed."""
        self._write("error", text)

    def record(self, file: FileRecord) -> None:
        """Log what became of a file, in words."""
        for level, text in lines_of(file):
            if level != "info":
                self._write(level, text)
            elif (left := self._next_file()) >= 0:
                self._write("info", text if left else "further files are in the list of files only")

    def _next_file(self) -> int:
        with self._lock:
            self._files_left -= 1
            return self._files_left + 1

    def _write(self, level: LineLevel, text: str) -> None:
        with self._lock:
            full = self._left < 0
            self._left -= not full
        if full and level != "warning":
            return
        # One more than the limit is sent: it makes the runner write the line that says so.
        limit = WARNING_CHARACTERS if full else LINE_CHARACTERS
        reason = reason_of(text) if len(text) <= limit else None
        kept = reason.model_dump() if reason is not None else None
        self._send(LogNote(time.time(), level, shorten(str(text), limit), kept))
