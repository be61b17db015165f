"""The metrics of the jobs of one plugin, looked up once since every job needs them."""

from functools import cache

from taskmanager.model.states import Status
from taskmanager_scheduler.decisions.error_kinds import ErrorKind
from taskmanager_scheduler.metrics import (
    CANCEL_SECONDS,
    FINISHED,
    JOB_ATTEMPTS,
    JOB_DURATION,
    JOB_ERRORS,
    LEASES_EXPIRED,
    QUEUE_WAIT,
    SUBMITTED,
    TICKETS_REMADE,
    TIME_TO_START,
)


class JobMetrics:
    """One plugin's series. Making them is what lets them begin at 0."""

    def __init__(self, plugin: str) -> None:
        """The series of this plugin."""
        self.submitted = SUBMITTED.labels(plugin)
        self.queue_wait = QUEUE_WAIT.labels(plugin)
        self.time_to_start = TIME_TO_START.labels(plugin)
        self.attempts = JOB_ATTEMPTS.labels(plugin)
        self.cancel = CANCEL_SECONDS.labels(plugin)
        self.leases_expired = LEASES_EXPIRED.labels(plugin)
        self.tickets_missing = TICKETS_REMADE.labels(plugin, "missing")
        self.tickets_owed = TICKETS_REMADE.labels(plugin, "owed")
        self.errors = {kind: JOB_ERRORS.labels(plugin, kind.value) for kind in ErrorKind}
        self.ends = {
            status: (FINISHED.labels(plugin, status.lower()), JOB_DURATION.labels(plugin, status.lower()))
            for status in Status
            if status.final
        }


@cache
def metrics_of(plugin: str) -> JobMetrics:
    """The series of the plugin's jobs, which begin at 0 if they did not exist yet."""
    return JobMetrics(plugin)
