"""Records what a slot reports about one attempt: log, progress, files. Decides nothing."""

from collections.abc import Iterable
from datetime import UTC, datetime

from taskmanager.model.jobs import Warnings
from taskmanager_plugin_runner.attempt.control import AttemptControl
from taskmanager_plugin_runner.attempt.file_records import FileRecordBuffer
from taskmanager_plugin_runner.attempt.job_log import JobLogBuffer, ProgressPace
from taskmanager_plugin_runner.attempt.limit_watch import LimitWatch
from taskmanager_plugin_runner.messaging.reports import Reports
from taskmanager_plugin_runner.slot_protocol import FileNote, LogNote, Note, ProgressNote


class AttemptRecords:
    """The records of an attempt other than its state."""

    def __init__(self, reports: Reports) -> None:
        """`reports` takes what has been collected."""
        self.log = JobLogBuffer(reports.logged)
        self.progress = ProgressPace(reports.progressed)
        self.files = FileRecordBuffer(reports.recorded)

    def note(self, text: str) -> None:
        """Add a line of the runner's own to the log."""
        self.log.add("info", text, datetime.now(UTC))

    def take(self, note: Note) -> None:
        """Record what a job has reported; nothing for that it was suspended."""
        match note:
            case ProgressNote():
                self.progress.note(note)
            case LogNote():
                self.log.note(note)
            case FileNote():
                self.files.note(note)

    def close(self) -> Warnings | None:
        """Send what is held back; returns the warnings."""
        self.progress.flush()
        self.files.flush()
        self.log.flush()
        return self.log.warnings.total()


class SlotEventHandler:
    """Implements `process.SlotListener`."""

    def __init__(self, records: AttemptRecords, control: AttemptControl, watch: LimitWatch) -> None:
        """Events are passed to the records, the control and the limit watch."""
        self._records, self._control, self._watch = records, control, watch

    def play(self, notes: Iterable[Note]) -> None:
        """Pass on what was reported before anyone listened."""
        for note in notes:
            if isinstance(note, ProgressNote):
                self._watch.progressed(note)
            self._records.take(note)

    def on_progress(self, note: ProgressNote) -> None:
        """See the protocol."""
        self._watch.progressed(note)
        self._records.progress.note(note)

    def on_log(self, note: LogNote) -> None:
        """See the protocol."""
        self._records.log.note(note)

    def on_file(self, note: FileNote) -> None:
        """See the protocol."""
        self._records.files.note(note)

    def on_suspended(self, *, suspended: bool) -> None:
        """See the protocol."""
        self._control.on_suspended(suspended=suspended)

    def on_output(self, line: str) -> None:
        """See the protocol."""
        self._records.log.print(line)
