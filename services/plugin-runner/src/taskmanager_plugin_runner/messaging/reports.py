"""What one attempt tells the scheduler: events with growing numbers, into the outbox. Decides nothing."""

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
from taskmanager_plugin_runner.messaging.claims import Sink


class Reports:
    """Numbers the events of one attempt; blocks of its log and its files are numbered apart."""

    def __init__(self, job: str, attempt: int, outbox: Sink) -> None:
        self._job, self._attempt, self._outbox = job, attempt, outbox
        self._seq = 0
        self._blocks = 0

    @property
    def reference(self) -> AttemptReference:
        """The attempt's name on the wire."""
        return AttemptReference(job=self._job, attempt=self._attempt)

    def advanced(
        self,
        status: Literal[Status.UPLOAD, Status.PROCESSING],
        files: int | None = None,
        size: int | None = None,
    ) -> None:
        """The next phase is reached; `files` and bytes of the input once they are known."""
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
        """How far it is."""
        event = Progressed(job=self._job, attempt=self._attempt, seq=self._next(), progress=progress)
        self._outbox.put(event)

    def logged(self, lines: tuple[LogLine, ...]) -> None:
        """A block of the job's log."""
        self._blocks += 1
        self._outbox.put(Logged(job=self._job, attempt=self._attempt, seq=self._blocks, lines=lines))

    def recorded(self, first: int, files: tuple[FileRecord, ...]) -> None:
        """What became of files; `first` is the number of the first of them."""
        self._outbox.put(FilesRecorded(job=self._job, attempt=self._attempt, first=first, files=files))

    def commit(self) -> Commit:
        """The question of the fence, to be asked by `ask` until it is answered."""
        return Commit(job=self._job, attempt=self._attempt, seq=self._next())

    def ask(self, question: Commit) -> None:
        """Ask."""
        self._outbox.put(question)

    def finished(self, files: int, size: int, warnings: Warnings | None) -> None:
        """The results are in place."""
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
        """It is over without results."""
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
        """It stands still."""
        self._outbox.put(Suspended(job=self._job, attempt=self._attempt, seq=self._next()))

    def resumed(self) -> None:
        """It goes on."""
        self._outbox.put(Resumed(job=self._job, attempt=self._attempt, seq=self._next()))

    def cancelled(self, method: CancelMethod) -> None:
        """It was ended as ordered."""
        self._outbox.put(Cancelled(job=self._job, attempt=self._attempt, seq=self._next(), method=method))

    def handed_back(self) -> None:
        """It is given back unfailed."""
        self._outbox.put(HandedBack(job=self._job, attempt=self._attempt))

    def _next(self) -> int:
        self._seq += 1
        return self._seq
