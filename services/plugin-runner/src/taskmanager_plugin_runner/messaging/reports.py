"""What one attempt tells the scheduler: numbered events, put into the outbox. Decides nothing."""

from typing import Literal

from taskmanager.messages import (
    Advanced,
    AttemptReference,
    Cancelled,
    Commit,
    Failed,
    FilesRecorded,
    Finished,
    HandedBack,
    Logged,
    Progressed,
    Resumed,
    Suspended,
)
from taskmanager.model.jobs import CancelMethod, FileRecord, JobError, LogLine, Progress, Warnings
from taskmanager.model.states import Status
from taskmanager_plugin_runner.messaging.outbox import Sink


class Reports:
    """Numbers the events of one attempt; blocks of its log and its files are numbered separately."""

    def __init__(self, job: str, attempt: int, outbox: Sink) -> None:
        self._job, self._attempt, self._outbox = job, attempt, outbox
        self._seq = 0
        self._blocks = 0

    @property
    def reference(self) -> AttemptReference:
        """The attempt's reference in messages."""
        return AttemptReference(job=self._job, attempt=self._attempt)

    def advanced(
        self,
        status: Literal[Status.UPLOAD, Status.PROCESSING],
        files: int | None = None,
        size: int | None = None,
    ) -> None:
        """Report that the next phase is reached; `files` and `size` (bytes) of the input once known."""
        self._outbox.put(
            Advanced(
                job=self._job,
                attempt=self._attempt,
                seq=self._next(),
                status=status,
                files=files,
                bytes=size,
            )
        )

    def progressed(self, progress: Progress) -> None:
        """Report the progress."""
        event = Progressed(job=self._job, attempt=self._attempt, seq=self._next(), progress=progress)
        self._outbox.put(event)

    def logged(self, lines: tuple[LogLine, ...]) -> None:
        """Report a block of the job's log."""
        self._blocks += 1
        self._outbox.put(Logged(job=self._job, attempt=self._attempt, seq=self._blocks, lines=lines))

    def recorded(self, first: int, files: tuple[FileRecord, ...]) -> None:
        """Report what became of files; `first` is the number of the first one."""
        self._outbox.put(FilesRecorded(job=self._job, attempt=self._attempt, first=first, files=files))

    def commit(self) -> Commit:
        """The question to the fence, to be sent with `ask` until it is answered."""
        return Commit(job=self._job, attempt=self._attempt, seq=self._next())

    def ask(self, question: Commit) -> None:
        """Send the question."""
        self._outbox.put(question)

    def finished(self, files: int, size: int, warnings: Warnings | None) -> None:
        """Report that the results are in place."""
        self._outbox.put(
            Finished(
                job=self._job,
                attempt=self._attempt,
                seq=self._next(),
                files=files,
                bytes=size,
                warnings=warnings,
            )
        )

    def failed(self, error: JobError, warnings: Warnings | None, *, crashed: bool) -> None:
        """Report that the attempt ended without results."""
        self._outbox.put(
            Failed(
                job=self._job,
                attempt=self._attempt,
                seq=self._next(),
                error=error,
                crashed=crashed,
                warnings=warnings,
            )
        )

    def suspended(self) -> None:
        """Report that the attempt is suspended."""
        self._outbox.put(Suspended(job=self._job, attempt=self._attempt, seq=self._next()))

    def resumed(self) -> None:
        """Report that the attempt is resumed."""
        self._outbox.put(Resumed(job=self._job, attempt=self._attempt, seq=self._next()))

    def cancelled(self, method: CancelMethod) -> None:
        """Report that the attempt was ended as ordered."""
        self._outbox.put(Cancelled(job=self._job, attempt=self._attempt, seq=self._next(), method=method))

    def handed_back(self) -> None:
        """Report that the attempt is given back without having failed."""
        self._outbox.put(HandedBack(job=self._job, attempt=self._attempt))

    def _next(self) -> int:
        self._seq += 1
        return self._seq
