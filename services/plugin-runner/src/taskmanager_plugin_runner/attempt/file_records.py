"""Collects the results of one attempt's files and passes them on in blocks."""

import asyncio
from collections.abc import Callable

from taskmanager.model.jobs import FileRecord
from taskmanager.model.registry import FILES_KEPT
from taskmanager_plugin_runner.slot_protocol import FileNote

FLUSH_SECONDS = 0.5
BLOCK_FILES = 50


class FileRecordBuffer:
    """At most FILES_KEPT files per attempt, and one more as a sign that there were more."""

    def __init__(self, send: Callable[[int, tuple[FileRecord, ...]], None]) -> None:
        """`send` takes the number of a block's first file, and the block."""
        self._send = send
        self._files: list[FileRecord] = []
        self._sent = 0
        self._timer: asyncio.TimerHandle | None = None

    def note(self, note: FileNote) -> None:
        """Add the record of a file from the plugin."""
        if self._sent + len(self._files) > FILES_KEPT:
            return
        self._files.append(FileRecord.model_validate(note.record))
        if len(self._files) >= BLOCK_FILES:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)

    def flush(self) -> None:
        """Send what has been collected."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._files:
            files, self._files = tuple(self._files), []
            self._send(self._sent + 1, files)
            self._sent += len(files)
