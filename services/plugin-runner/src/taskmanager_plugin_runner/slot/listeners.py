"""Who hears what a slot reports."""

from typing import Protocol

from taskmanager.errors import JobKilledError
from taskmanager_plugin_runner.slot_protocol import (
    FileNote,
    LogNote,
    Note,
    ProgressNote,
    SlotAnswer,
    SuspensionNote,
)


class SlotListener(Protocol):
    """Receives what a job reports while it runs."""

    def on_progress(self, note: ProgressNote) -> None:
        """The job has made progress."""

    def on_log(self, note: LogNote) -> None:
        """The job has written a line to its log."""

    def on_file(self, note: FileNote) -> None:
        """The job has recorded what became of a file."""

    def on_suspended(self, *, suspended: bool) -> None:
        """The job has been suspended at a checkpoint, or resumed."""

    def on_output(self, line: str) -> None:
        """One of the job's processes has printed a line."""


def tell(listener: SlotListener, note: Note) -> None:
    """Pass on what a job has reported."""
    match note:
        case ProgressNote():
            listener.on_progress(note)
        case LogNote():
            listener.on_log(note)
        case FileNote():
            listener.on_file(note)
        case SuspensionNote():
            listener.on_suspended(suspended=note.suspended)


class BunchListener(Protocol):
    """Receives what a bunch of jobs reports, job after job."""

    def on_report(self, event: Note | SlotAnswer) -> None:
        """The job at work has reported something, or is over."""

    def cut(self, error: JobKilledError | None = None) -> None:
        """Nothing of it begins any more: the slot is at rest, or ended with that error, or a job prints."""
