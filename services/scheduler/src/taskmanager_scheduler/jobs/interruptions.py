"""Attempts that end without a result of their own: returned, handed back, lost with their runner, crashed."""

from datetime import timedelta
from itertools import takewhile

from taskmanager.messages import Unclaimed
from taskmanager.model.jobs import CancelMethod, Job, JobError
from taskmanager.model.reasons import Reason, history
from taskmanager.model.states import Status, Trigger
from taskmanager_scheduler.jobs.english import english
from taskmanager_scheduler.jobs.events import Orphaned, Transition, TransitionContext
from taskmanager_scheduler.jobs.moves import NOBODYS, end, move, requeue
from taskmanager_scheduler.jobs.operator_actions import cancelled

TICKET_BACK_WITHIN = timedelta(seconds=30)
"""A runner that did not begin a job returns its ticket at once; after this time it gets another one."""

CRASH_LIMIT = 3
"""The third crash in a row parks the job: without a limit, one bad file could crash runners forever."""
UNBEGUN_LIMIT = 10
"""A runner that is lost takes jobs with it that it had not begun: only after so many times is it a crash."""


def orphaned(job: Job, event: Orphaned, at: TransitionContext) -> Transition:
    """Its runner does not have it any more, or is lost."""
    if job.owner is None:
        return Transition(job)
    if not event.crashed:
        return interrupted(job, at, history.GIVEN_BACK(cause=event.why))
    if job.cancel is not None:
        return cancelled(job, CancelMethod.SIGKILL, at, ending=event.why)
    if job.status is Status.WAITINGFORUPLOAD and _times_lost_unbegun(job) < UNBEGUN_LIMIT:
        return requeue(job, at, history.LOST_UNBEGUN(runner=job.owner, cause=event.why))
    what = history.LOST(runner=job.owner, cause=event.why)
    return crashed(job, JobError(message=english(what), reason=what, kind="RunnerLost"), at, what)


def _times_lost_unbegun(job: Job) -> int:
    """How often its runner was lost since it last began."""
    since = takewhile(
        lambda entry: entry.status not in {Status.UPLOAD, Status.PROCESSING}, reversed(job.history)
    )
    return sum(entry.told.code == history.LOST_UNBEGUN.name for entry in since)


def interrupted(job: Job, at: TransitionContext, what: Reason) -> Transition:
    """Its runner no longer has it: not a failure, but the end of a job that was being cancelled."""
    if job.cancel is not None:
        return cancelled(job, CancelMethod.SIGKILL, at, ending=what)
    return requeue(job, at, what)


def unclaimed(job: Job, event: Unclaimed, at: TransitionContext) -> Transition:
    """It was not begun: it keeps its turn, and its ticket, which the runner returns to its place.

    The ticket is owed if nobody has claimed the job with it for a while: the connection that held it may have
    broken meanwhile, and another runner's claim been refused. If its turn has changed meanwhile, or it is not
    to wait at all, that ticket becomes invalid.
    """
    what = history.UNCLAIMED(runner=job.owner)
    begun = job.status is not Status.WAITINGFORUPLOAD
    if begun or job.cancel is not None or job.held is not None or job.turn != event.turn:
        return interrupted(job, at, what)
    owed = at.now + TICKET_BACK_WITHIN
    return Transition(move(job, Trigger.REQUEUE, Status.STARTED, at, what, ticket_due=owed, **NOBODYS))


def crashed(job: Job, error: JobError, at: TransitionContext, what: Reason | str) -> Transition:
    """`what` is the error as worded for the history."""
    crashes = job.crashes + 1
    if crashes < CRASH_LIMIT:
        crash = history.CRASHED(count=crashes, most=CRASH_LIMIT - 1, error=what)
        return requeue(job, at, crash, crashes=crashes)
    last = history.CRASHED_TOO_OFTEN(count=crashes, error=what)
    parked = error.model_copy(update={"message": english(last), "reason": last})
    return end(job, Trigger.FAIL, Status.ERROR, at, last, error=parked, crashes=crashes)
