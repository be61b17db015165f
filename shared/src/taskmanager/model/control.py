"""What operators may command, and whether it is possible.

Pure rules, used both for the gateway's quick answer and for the scheduler's decision. Know nothing of
messages or storage.
"""

from datetime import datetime
from enum import StrEnum

from taskmanager.model.jobs import Attribution, Interruption, Job, Record
from taskmanager.model.reasons import Reason, refusals
from taskmanager.model.states import Status


class JobAction(StrEnum):
    """The commands for a job."""

    CANCEL = "cancel"
    HOLD = "hold"
    RELEASE = "release"
    PRIORITY = "priority"
    NEXT = "next"
    """Before all others, whatever their priority, until the job ends or gets another priority."""
    RETRY = "retry"


class PluginAction(StrEnum):
    """The commands for a plugin."""

    STOP = "stop"
    RESTART = "restart"
    REFUSE = "refuse"
    ACCEPT = "accept"
    LIMIT = "limit"


class RunnerAction(StrEnum):
    """The commands for a runner."""

    DRAIN = "drain"
    RESUME = "resume"
    FORGET = "forget"


class LetterAction(StrEnum):
    """The commands for a dead letter: a message to the scheduler that it could not use."""

    REQUEUE = "requeue"
    """Give it to the scheduler once more, as if it had just been published by whoever published it."""
    DROP = "drop"
    """Remove it for good."""


class StopMode(StrEnum):
    """What happens to running jobs when their plugin is stopped."""

    SUSPEND = "suspend"
    """They pause where they are and continue when the plugin is restarted."""
    FINISH = "finish"


class Stop(Interruption):
    """Why a plugin takes no jobs, and until when; None: until an operator restarts it."""

    mode: StopMode = StopMode.SUSPEND
    until: datetime | None = None


class Drain(Attribution):
    """Why a runner takes no jobs. At `until` it hands back what still runs; None: its jobs may finish."""

    until: datetime | None = None


class Settlement(Attribution):
    """What is to become of a dead letter, by whose wish and why."""

    action: LetterAction


class DesiredState(StrEnum):
    """What the scheduler wants a runner to do with an attempt that is to stop running."""

    SUSPEND = "suspend"
    CANCEL = "cancel"


class Verdict(Record):
    """Whether an action is possible. `unchanged`: the job is already in that state, which is not an error."""

    refusal: Reason | None = None
    unchanged: bool = False


DOABLE = Verdict()
ALREADY = Verdict(unchanged=True)


def judge(job: Job, action: JobAction, priority: int | None = None) -> Verdict:
    """Whether `action` is possible for the job as it is now; `priority` belongs to that action."""
    if action is JobAction.PRIORITY:
        return _judge_priority(job, priority)
    return _RULES[action](job)


def _judge_priority(job: Job, priority: int | None) -> Verdict:
    if job.status.final:
        return _no(refusals.PRIORITY_OF_ENDED(status=job.status))
    return ALREADY if job.turn == priority else DOABLE


def _judge_next(job: Job) -> Verdict:
    if job.status.final:
        return _no(refusals.NO_TURN(status=job.status))
    if job.cancel is not None:
        return _no(refusals.CANCELLING())
    if job.owner is not None:
        return _no(refusals.HAD_ITS_TURN(status=job.status))
    return ALREADY if job.put_next is not None else DOABLE


def _judge_retry(job: Job) -> Verdict:
    if job.status in {Status.ERROR, Status.CANCELLED}:
        return DOABLE
    return _no(refusals.NOT_RETRYABLE(status=job.status))


def _judge_cancel(job: Job) -> Verdict:
    if job.status is Status.CANCELLED or (job.cancel is not None and not job.status.final):
        return ALREADY
    if job.status.final:
        return _no(refusals.NOTHING_TO_CANCEL(status=job.status))
    if job.status is Status.DOWNLOAD:
        return _no(refusals.PLACING_RESULTS())
    return DOABLE


def _judge_hold(job: Job) -> Verdict:
    if job.status.final:
        return _no(refusals.NOTHING_TO_HOLD(status=job.status))
    if job.held is not None:
        return ALREADY
    if job.cancel is not None:
        return _no(refusals.CANCELLING())
    if job.status is Status.DOWNLOAD:
        return _no(refusals.PLACING_RESULTS())
    return DOABLE


def _judge_release(job: Job) -> Verdict:
    if job.status.final:
        return _no(refusals.NOTHING_TO_RELEASE(status=job.status))
    if job.follows is not None:
        return DOABLE
    if job.held is None and job.status is Status.PAUSED:
        return _no(refusals.PLUGIN_STOPPED())
    return ALREADY if job.held is None else DOABLE


def _no(why: Reason) -> Verdict:
    return Verdict(refusal=why)


_RULES = {
    JobAction.CANCEL: _judge_cancel,
    JobAction.HOLD: _judge_hold,
    JobAction.RELEASE: _judge_release,
    JobAction.RETRY: _judge_retry,
    JobAction.NEXT: _judge_next,
}
