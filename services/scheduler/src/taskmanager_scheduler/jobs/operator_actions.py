"""What operators do to a job, and how its runner obeys. Pure, like `transition`."""

from taskmanager.messages import Cancelled, Resumed, Suspended
from taskmanager.model.control import JobAction, judge
from taskmanager.model.jobs import CancelMethod, Job
from taskmanager.model.reasons import Reason, history
from taskmanager.model.states import MOVES, Move, Status, Trigger
from taskmanager_scheduler.jobs.effects import NudgeRunner
from taskmanager_scheduler.jobs.events import OperatorRequest, Transition, TransitionContext
from taskmanager_scheduler.jobs.goobi_reports import withdrawal_of_error
from taskmanager_scheduler.jobs.moves import changed, end, move, noted, queue, ticket_for


def apply_operator_request(job: Job, event: OperatorRequest, at: TransitionContext) -> Transition:
    """The job after an operator's request; unchanged if it is impossible or already fulfilled."""
    verdict = judge(job, event.action, event.priority)
    if verdict.refusal is not None or verdict.unchanged:
        return Transition(job)
    return _DEEDS[event.action](job, event, at)


def _cancel(job: Job, event: OperatorRequest, at: TransitionContext) -> Transition:
    """Cancel at once if no runner has the job; else tell the runner and show `cancelling` until it obeys."""
    wanted = changed(job, cancel=event.note)
    if job.owner is None:
        return cancelled(wanted, CancelMethod.AT_ONCE, at)
    what = event.told(history.CANCEL_ASKED)
    return Transition(noted(wanted, at, what, runner=job.owner), (NudgeRunner(job.plugin, job.owner),))


def cancelled(
    job: Job, method: CancelMethod, at: TransitionContext, *, ending: Reason | None = None
) -> Transition:
    """End a job that was cancelled; `ending` is given if the runner did not end it as ordered."""
    by, why = (job.cancel.by, job.cancel.reason or None) if job.cancel else (None, None)
    what = history.CANCELLED(method=history.METHODS[method](), by=by, why=why, end=ending)
    return end(job, Trigger.CANCEL, Status.CANCELLED, at, what, cancelled=method)


def _hold(job: Job, event: OperatorRequest, at: TransitionContext) -> Transition:
    held = changed(job, held=event.note)
    if job.status is Status.STARTED:
        moved = move(
            held,
            Trigger.HOLD,
            Status.PAUSED,
            at,
            event.told(history.HELD),
            dispatch=job.dispatch + 1,
            ticket_due=None,
        )
        return Transition(moved)
    if job.follows is not None:
        return Transition(noted(held, at, event.told(history.HELD)))
    effects = (NudgeRunner(job.plugin, job.owner),) if job.owner else ()
    return Transition(noted(held, at, event.told(history.HOLD_ASKED), runner=job.owner), effects)


def _release(job: Job, event: OperatorRequest, at: TransitionContext) -> Transition:
    if job.follows is not None and job.held is not None:  # a second release would start it now
        released = changed(job, held=None, restored=None)
        return Transition(noted(released, at, event.told(history.RELEASED_TO_FOLLOW)))
    released = changed(job, held=None, restored=None, follows=None)
    if job.owner is not None:
        after = noted(released, at, event.told(history.RELEASED), runner=job.owner)
        return Transition(after, (NudgeRunner(job.plugin, job.owner),))
    return queue(released, Trigger.RELEASE, at, event.told(history.RELEASED), dispatch=job.dispatch + 1)


def _reprioritise(job: Job, event: OperatorRequest, at: TransitionContext) -> Transition:
    """A waiting job gets a new ticket and goes to the end of its new priority.

    A running job continues to run.
    """
    what = event.told(history.PRIORITY, old=job.priority, new=event.priority)
    if job.status is not Status.STARTED:
        wanted = changed(job, priority=event.priority, put_next=None)
        return Transition(noted(wanted, at, what, runner=job.owner))
    wanted = changed(job, priority=event.priority, put_next=None)
    if job.not_before is not None and job.not_before > at.now:
        return Transition(noted(wanted, at, what))  # it gets its ticket when its wait is over
    return _queue_anew(wanted, at, what)


def _put_next(job: Job, event: OperatorRequest, at: TransitionContext) -> Transition:
    """Ahead of all others except those put next earlier; a job that backs off waits no longer."""
    first = changed(job, put_next=event.note)
    if job.status is not Status.STARTED:
        return Transition(noted(first, at, event.told(history.PUT_NEXT_LATER)))
    return _queue_anew(first, at, event.told(history.PUT_NEXT))


def _queue_anew(job: Job, at: TransitionContext, what: Reason) -> Transition:
    """With a ticket for its new turn; the old ticket becomes invalid."""
    again = {"dispatch": job.dispatch + 1, "queued_at": at.now, "ticket_due": at.now, "not_before": None}
    queued = noted(job.model_copy(update=again), at, what)
    return Transition(queued, (ticket_for(queued),))


def _retry(job: Job, event: OperatorRequest, at: TransitionContext) -> Transition:
    """From the beginning, with everything reset except the history."""
    clean = {
        "error": None,
        "cancel": None,
        "cancelled": None,
        "finished": None,
        "crashes": 0,
        "failures": 0,
        "files": 0,
        "bytes": 0,
    }
    if job.spec.unique is not None and at.holder not in {None, job.id}:
        return Transition(job)
    if job.follows is not None:
        what = event.told(history.WAITS_AGAIN)
        return Transition(move(job, Trigger.RETRY, Status.PAUSED, at, what, **clean))
    step = queue(job, Trigger.RETRY, at, event.told(history.TRIED_AGAIN), dispatch=job.dispatch + 1, **clean)
    return Transition(step.job, (*step.effects, withdrawal_of_error(job, at)))


def runner_obeyed(job: Job, event: Suspended | Resumed | Cancelled, at: TransitionContext) -> Transition:
    """The runner of the current attempt did as ordered."""
    match event:
        case Suspended() if Move(job.status, Trigger.SUSPEND, Status.PAUSED) in MOVES:
            return Transition(
                move(job, Trigger.SUSPEND, Status.PAUSED, at, history.SUSPENDED(), seq=event.seq)
            )
        case Resumed() if job.status is Status.PAUSED:
            return Transition(
                move(job, Trigger.RESUME, Status.PROCESSING, at, history.RESUMED(), seq=event.seq)
            )
        case Cancelled() if job.cancel is not None:
            return cancelled(changed(job, seq=event.seq), event.method, at)
    return Transition(job)


_DEEDS = {
    JobAction.CANCEL: _cancel,
    JobAction.HOLD: _hold,
    JobAction.RELEASE: _release,
    JobAction.PRIORITY: _reprioritise,
    JobAction.NEXT: _put_next,
    JobAction.RETRY: _retry,
}
