"""What is told of an attempt whose process ended before it answered."""

from collections.abc import Iterable

from taskmanager.errors import JobKilledError
from taskmanager.model.jobs import JobError
from taskmanager.model.reasons.coded_text import told
from taskmanager.model.reasons.job_texts import attempt_texts
from taskmanager_plugin_runner.attempt.limit_watch import LimitWatch
from taskmanager_plugin_runner.attempt.outcomes import AttemptOutcome
from taskmanager_plugin_runner.failures import SlotEndedError, killer_words


def sudden_end(
    error: JobKilledError, watch: LimitWatch, printed: Iterable[str]
) -> tuple[AttemptOutcome, JobError]:
    """A crash with the evidence, or a failure if the kernel enforced the job's own memory limit."""
    if isinstance(error, SlotEndedError) and error.starved and not error.expected:
        return AttemptOutcome.FAILED, watch.starved()
    message = told(error)
    for more in (killer_words(error, struck=watch.struck()), *watch.evidence()):
        message = message if more is None else attempt_texts.AND(error=message, more=more)
    return AttemptOutcome.CRASHED, JobError.of(message, "Crash", traceback="\n".join(printed) or None)
