"""Collects one attempt's log lines and progress, and passes them on at a limited rate.

Warnings are counted whether or not there is room for them in the log.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from taskmanager.model.jobs import WARNING_CHARACTERS, WARNINGS_KEPT, LogLine, Progress, Warnings
from taskmanager.model.reasons import Reason
from taskmanager.process.clock import whole_milliseconds
from taskmanager_plugin_runner.failures import shorten
from taskmanager_plugin_runner.slot.line_log import LINE_CHARACTERS, LOG_LINES
from taskmanager_plugin_runner.slot_protocol import LogNote, ProgressNote

FLUSH_SECONDS = 0.5
BLOCK_LINES = 100
PROGRESS_SECONDS = 1.0
TAIL_LINES = 20


class WarningCount:
    """The number of warnings, and the texts of the first ones."""

    def __init__(self) -> None:
        self._count = 0
        self._texts: list[str] = []
        self._reasons: list[Reason | None] = []

    def add(self, text: str, reason: Reason | None = None) -> None:
        """Count a warning."""
        self._count += 1
        if len(self._texts) < WARNINGS_KEPT:
            self._texts.append(shorten(text, WARNING_CHARACTERS))
            self._reasons.append(reason if len(text) <= WARNING_CHARACTERS else None)

    def total(self) -> Warnings | None:
        """All warnings so far, or None."""
        if not self._count:
            return None
        reasons = tuple(self._reasons) if any(self._reasons) else ()
        return Warnings(count=self._count, texts=tuple(self._texts), reasons=reasons)


class JobLogBuffer:
    """At most LOG_LINES lines per attempt; if there were more, the last line says so."""

    def __init__(self, send: Callable[[tuple[LogLine, ...]], None]) -> None:
        """`send` takes a block of lines."""
        self._send = send
        self._lines: list[LogLine] = []
        self._left = LOG_LINES
        self._timer: asyncio.TimerHandle | None = None
        self.warnings = WarningCount()
        self.printed: list[str] = []
        """The last lines printed by the job's processes, as evidence of a crash."""

    def note(self, note: LogNote) -> None:
        """Add a line that the plugin wrote to its log."""
        reason = Reason.model_validate(note.reason) if note.reason is not None else None
        self.add(note.level, note.text, datetime.fromtimestamp(note.at, UTC), reason)

    def print(self, line: str) -> None:
        """Add a line that a process of the job printed."""
        self.printed = [*self.printed[1 - TAIL_LINES :], line]
        self.add("info", line, datetime.now(UTC))

    def add(self, level: str, text: str, at: datetime, reason: Reason | None = None) -> None:
        """Add any line; that the log is full is not a warning, since nothing is wrong with the job."""
        if level == "warning":
            self.warnings.add(text, reason)
        if self._left < 0:
            return
        if self._left == 0:
            level, text = "info", f"the log ends here: more than {LOG_LINES} lines"
        self._left -= 1
        raw = {"at": whole_milliseconds(at), "level": level, "text": shorten(text, LINE_CHARACTERS)}
        self._lines.append(LogLine.model_validate(raw))
        if len(self._lines) >= BLOCK_LINES:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)

    def flush(self) -> None:
        """Send what has been collected."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._lines:
            lines, self._lines = tuple(self._lines), []
            self._send(lines)


class ProgressPace:
    """Passes progress on at once, then at most once per second, and always the last report."""

    def __init__(self, send: Callable[[Progress], None]) -> None:
        """`send` takes the progress that is passed on."""
        self._send = send
        self._held: Progress | None = None
        self._timer: asyncio.TimerHandle | None = None

    def note(self, note: ProgressNote) -> None:
        """Take a report from the plugin; impossible numbers are clamped to possible ones."""
        total = max(0, int(note.total))
        done = min(max(0, int(note.done)), total)
        percent = 100 * done // total if total else 0
        self._held = Progress(
            percent=percent, files_done=done, files_total=total, current_file=note.current_file
        )
        if self._timer is None:
            self._pass_on()

    def flush(self) -> None:
        """Pass on what is held back and cancel the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._held is not None:
            self._send(self._held)
            self._held = None

    def _pass_on(self) -> None:
        self._timer = None
        if self._held is not None:
            self._send(self._held)
            self._held = None
            self._timer = asyncio.get_running_loop().call_later(PROGRESS_SECONDS, self._pass_on)
