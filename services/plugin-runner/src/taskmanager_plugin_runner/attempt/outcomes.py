"""How attempts end. Pure vocabulary."""

from enum import StrEnum

from taskmanager.errors import TaskManagerError
from taskmanager.model.jobs import JobError


class AttemptOutcome(StrEnum):
    """How an attempt ended, as far as the runner is concerned."""

    FINISHED = "finished"
    FAILED = "failed"
    CRASHED = "crashed"
    HANDED_BACK = "handed_back"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    """It is not ours any more; nothing is reported."""


class StepFailedError(TaskManagerError):
    """A step of the attempt ended with an error of the job."""

    def __init__(self, error: JobError) -> None:
        """Keep what the job will keep."""
        super().__init__(error.message)
        self.error = error


class CancelledByOrderError(TaskManagerError):
    """The attempt ended because it was told to."""
