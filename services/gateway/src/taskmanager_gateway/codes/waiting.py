"""Why a job does not run. `by`, `at` and `why` say who caused it, when, and the reason they gave."""

from taskmanager.model.reasons import Code, Family, Plural

WAITING = Family("waiting", "Why a job waits.")
_code = WAITING.code


def _caused(name: str, *sentences: str) -> Code:
    """A code for each sentence, with and without the reason given by whoever caused it."""
    by = "by %(by)s at %(at)s"
    return _code(
        name,
        *(sentence.replace("BY", f"{by} (%(why)s)") for sentence in sentences),
        *(sentence.replace("BY", by) for sentence in sentences),
    )


_STOP = (
    "lugin %(plugin)s was stopped BY, until %(until)s",
    "lugin %(plugin)s was stopped BY, until an operator restarts it",
)
PLUGIN_STOPPED = _caused("plugin_stopped", *(f"P{stop}" for stop in _STOP))
PAUSED_BY_STOP = _caused("paused_by_stop", *(f"It is paused because p{stop}." for stop in _STOP))
PAUSED = _code("paused", "It is paused and continues as soon as its runner has been told.")
CANCELLING = _caused("cancelling", "Its cancellation was requested BY, and its runner is ending it.")
HELD = _caused("held", "It was held BY, until an operator releases it.")
RESTORED = _code(
    "restored",
    "It was restored from the backup of %(at)s and may have ended since; "
    "it waits until an operator releases or cancels it.",
)
FOLLOWS = _code("follows", "It starts when job %(job)s, the one before it in its chain, is done.")
FOLLOWS_FAILED = _code(
    "follows_failed",
    "Job %(job)s, the one before it in its chain, failed: it starts when that one has been retried and is "
    "done, or when an operator releases it.",
)
FOLLOWS_CANCELLED = _code(
    "follows_cancelled",
    "Job %(job)s, the one before it in its chain, was cancelled: it starts when that one has been retried "
    "and is done, or when an operator releases it.",
)
BACKING_OFF = _code(
    "backing_off",
    "It failed %(count)s times for a temporary reason and will be retried at %(until)s: %(error)s",
    "It failed %(count)s times for a temporary reason and will be retried at %(until)s",
)
NO_RUNNER = _code(
    "no_runner",
    "No runner of plugin %(plugin)s is alive; the last one was heard from at %(at)s",
    "No runner of plugin %(plugin)s is alive",
)
RUNNER_STARTING = _code(
    "runner_starting",
    Plural(
        "The only runner of plugin %(plugin)s is being started",
        "%(count)s runners of plugin %(plugin)s are being started",
    ),
)
RUNNER_FAILED_TO_START = _code(
    "runner_failed_to_start",
    Plural(
        "The runner of plugin %(plugin)s ended or could not be started: %(error)s",
        "%(count)s times in a row a runner of plugin %(plugin)s ended or could not be started: %(error)s",
    ),
    Plural(
        "The runner of plugin %(plugin)s ended or could not be started",
        "%(count)s times in a row a runner of plugin %(plugin)s ended or could not be started",
    ),
)
RUNNER_DRAINED = _caused("runner_drained", "The only runner of plugin %(plugin)s was drained BY")
RUNNERS_DRAINED = _caused(
    "runners_drained", "All %(count)s runners of plugin %(plugin)s are drained, the last one BY"
)
LIMIT_REACHED = _code(
    "limit_reached",
    Plural(
        "Plugin %(plugin)s runs %(count)s job, and its limit is %(limit)s",
        "Plugin %(plugin)s runs %(count)s jobs, and its limit is %(limit)s",
    ),
)
NO_FREE_SLOT = _code(
    "no_free_slot",
    Plural("The only slot of plugin %(plugin)s is busy", "All %(count)s slots of plugin %(plugin)s are busy"),
)
ITS_TURN = _code("its_turn", "Plugin %(plugin)s has a free slot, so it starts when its turn comes")

SOMEWHERE = _code("somewhere", "%(obstacle)s.")
"""The obstacle without the job's position."""
NEXT = _code("next", "%(obstacle)s; it is the next one.")
BEHIND = _code(
    "behind",
    Plural("%(obstacle)s; %(count)s job starts before it.", "%(obstacle)s; %(count)s jobs start before it."),
)
FAR_BEHIND = _code("far_behind", "%(obstacle)s; %(count)s+ jobs start before it.")
"""For when counting stopped at its limit."""
