"""How attempts end: definitions only."""

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
    """The attempt is no longer ours; nothing is reported."""


class StepFailedError(TaskManagerError):
    """A step of the attempt ended with an error that belongs to the job."""

    def __init__(self, error: JobError) -> None:
        """`error` is what the job will keep."""
        super().__init__(error.message)
        self.error = error


class CancelledByOrderError(TaskManagerError):
    """The attempt ended because it was ordered to."""
