"""The one pure function that moves a job: (job, event) to (job, effects).

Knows no clock, no database and no broker. Anything that arrives twice, late or from an old attempt changes
nothing: `dispatch` guards the start of a job, `attempt` and its owner guard everything a runner reports,
`seq` guards the order within an attempt.
"""

from functools import lru_cache

from taskmanager.messages import (
    Advanced,
    Cancelled,
    Claim,
    Commit,
    CommitVerdict,
    Failed,
    Finished,
    HandedBack,
    Progressed,
    Resumed,
    RunnerReport,
    Submit,
    Suspended,
    Unclaimed,
)
from taskmanager.model.jobs import CancelMethod, Job, JobError, Progress
from taskmanager.model.reasons import history
from taskmanager.model.states import MOVES, Move, Status, Trigger
from taskmanager_scheduler.jobs.backoff import waiting_time
from taskmanager_scheduler.jobs.chains import link_done
from taskmanager_scheduler.jobs.effects import AnswerRunner
from taskmanager_scheduler.jobs.events import (
    BackoffOver,
    Event,
    Finding,
    GoobiMessageRequested,
    LeaseEnded,
    LinkDone,
    OperatorRequest,
    Orphaned,
    Renewed,
    Ticketed,
    TicketNotSent,
    Transition,
    TransitionContext,
)
from taskmanager_scheduler.jobs.goobi_reports import message_report
from taskmanager_scheduler.jobs.interruptions import crashed, interrupted, orphaned, unclaimed
from taskmanager_scheduler.jobs.moves import back_off, changed, end, move, noted, requeue, ticket_for
from taskmanager_scheduler.jobs.operator_actions import apply_operator_request, cancelled, runner_obeyed
from taskmanager_scheduler.jobs.starts import LEASE, claimed, submitted, submitted_again

MESSAGE_SHOWN = 200
"""Characters of an operator's message shown in the history; the report has the full text."""


def transition(job: Job | None, event: Event, at: TransitionContext) -> Transition:
    """The job after the event. Never raises for an event that does not fit: such an event has no effect."""
    if isinstance(event, Submit | Claim | Commit):
        return _asked(job, event, at)
    if job is None:
        return Transition(None)
    if isinstance(event, LinkDone):
        return link_done(job, at)
    if isinstance(event, Finding):
        return _found(job, event, at)
    if isinstance(event, OperatorRequest | GoobiMessageRequested):
        return _wanted(job, event, at)
    return _reported(job, event, at)


def _asked(job: Job | None, event: Submit | Claim | Commit, at: TransitionContext) -> Transition:
    """Handle events that need an answer even if the job is unknown."""
    match event:
        case Submit():
            return submitted_again(job, event) if job else submitted(event, at)
        case Claim():
            return claimed(job, event, at)
        case Commit():
            return _commit(job, event, at)


def _found(job: Job, event: Finding, at: TransitionContext) -> Transition:
    """Handle what the scheduler found itself."""
    match event:
        case Orphaned():
            return orphaned(job, event, at)
        case LeaseEnded() if job.lease is not None and job.lease < at.now:
            return orphaned(job, Orphaned(crashed=True, why=history.NOT_HEARD()), at)
        case Renewed() if _is_current(job, event.attempt, at):
            return Transition(changed(job, lease=at.now + LEASE))
        case Ticketed() | TicketNotSent() if job.dispatch == event.dispatch:
            return _about_its_ticket(job, event, at)
        case BackoffOver() if job.not_before is not None and job.not_before <= at.now:
            queued = changed(job, queued_at=at.now, ticket_due=at.now, not_before=None)
            return Transition(queued, (ticket_for(queued),))
    return Transition(job)


def _wanted(job: Job, event: OperatorRequest | GoobiMessageRequested, at: TransitionContext) -> Transition:
    """Handle what an operator asks for."""
    if isinstance(event, OperatorRequest):
        return apply_operator_request(job, event, at)
    return _said(job, event, at)


def _about_its_ticket(job: Job, event: Ticketed | TicketNotSent, at: TransitionContext) -> Transition:
    """Note that the ticket of its current dispatch is owed, or no longer."""
    if isinstance(event, Ticketed) and job.ticket_due is not None:
        return Transition(changed(job, ticket_due=None))
    if isinstance(event, TicketNotSent) and job.ticket_due is None and job.status is Status.STARTED:
        return Transition(changed(job, ticket_due=at.now))
    return Transition(job)


def _said(job: Job, event: GoobiMessageRequested, at: TransitionContext) -> Transition:
    """A message to Goobi changes nothing but the history, whatever the job is doing."""
    text = event.message.text
    shown = text if len(text) <= MESSAGE_SHOWN else f"{text[:MESSAGE_SHOWN]}..."
    what = history.MESSAGE(type=history.LOG_TYPES[event.message.type](), by=event.note.by, text=shown)
    after = noted(changed(job), at, what, report=event.report)
    return Transition(after, (message_report(after, at, event.note, event.message, event.report),))


def _is_current(job: Job, attempt: int, at: TransitionContext) -> bool:
    return job.attempt == attempt and job.owner is not None and job.owner == at.sender.runner


def _commit(job: Job | None, event: Commit, at: TransitionContext) -> Transition:
    """The fence: only the current attempt may write to the process folder. A repeat gets the same answer.

    Permission renews the lease: while the lease is valid, no other runner can get the job.
    """
    after = _allowed(job, event, at)
    verdict = CommitVerdict(job=event.job, attempt=event.attempt, allowed=after is not None)
    return Transition(
        after or job, (AnswerRunner(at.sender.plugin, at.sender.runner, at.sender.instance, verdict),)
    )


def _allowed(job: Job | None, event: Commit, at: TransitionContext) -> Job | None:
    if job is None or not _is_current(job, event.attempt, at) or job.cancel is not None:
        return None
    lease = at.now + LEASE
    if job.status is Status.DOWNLOAD:
        return changed(job, lease=lease)
    if Move(job.status, Trigger.COMMIT, Status.DOWNLOAD) not in MOVES:
        return None
    return move(job, Trigger.COMMIT, Status.DOWNLOAD, at, history.PLACING(), seq=event.seq, lease=lease)


def _reported(job: Job, event: RunnerReport, at: TransitionContext) -> Transition:
    """Handle a report of the current attempt's runner, in order; any other report has no effect."""
    if not _is_current(job, event.attempt, at):
        return Transition(job)
    if isinstance(event, HandedBack):
        return interrupted(job, at, history.HANDED_BACK(runner=job.owner))
    if isinstance(event, Unclaimed):
        return unclaimed(job, event, at)
    if event.seq <= job.seq:
        return Transition(job)
    if isinstance(event, Suspended | Resumed | Cancelled):
        return runner_obeyed(job, event, at)
    return _in_order(job, event, at)


def _in_order(
    job: Job, event: Progressed | Advanced | Finished | Failed, at: TransitionContext
) -> Transition:
    match event:
        case Progressed():
            return Transition(changed(job, seq=event.seq, progress=event.progress))
        case Advanced():
            return _advance(job, event, at)
        case Finished():
            return _finish(job, event, at)
        case Failed():
            return _fail(job, event, at)


def _advance(job: Job, event: Advanced, at: TransitionContext) -> Transition:
    if Move(job.status, Trigger.ADVANCE, event.status) not in MOVES:
        return Transition(job)
    known = {name: value for name in ("files", "bytes") if (value := getattr(event, name)) is not None}
    what = history.COPYING() if event.status is Status.UPLOAD else history.WORKING()
    return Transition(move(job, Trigger.ADVANCE, event.status, at, what, seq=event.seq, **known))


def _finish(job: Job, event: Finished, at: TransitionContext) -> Transition:
    """DONE; directly from PROCESSING only if the job has no results to place."""
    if job.status is Status.PROCESSING and job.spec.destination is not None:
        return Transition(job)
    if Move(job.status, Trigger.FINISH, Status.DONE) not in MOVES:
        return Transition(job)
    total = max(job.progress.files_total, job.progress.files_done)
    return end(
        job,
        Trigger.FINISH,
        Status.DONE,
        at,
        history.DONE(),
        seq=event.seq,
        files=event.files,
        bytes=event.bytes,
        crashes=0,
        failures=0,
        progress=_complete(total),
        **_warned(event),
    )


@lru_cache(maxsize=1_000)
def _complete(files: int) -> Progress:
    """All of so many files, which is the same for most jobs."""
    return Progress(percent=100, files_done=files, files_total=files)


def _warned(event: Finished | Failed) -> dict[str, object]:
    """The job's warning fields, from the attempt that ended; it started without any."""
    if event.warnings is None:
        return {}
    warnings = event.warnings
    return {
        "warnings": warnings.count,
        "warning_texts": warnings.texts,
        "warning_reasons": warnings.reasons,
    }


def _fail(job: Job, event: Failed, at: TransitionContext) -> Transition:
    """Handle a failure; the job changes in every case."""
    job = job.model_copy(update=_warned(event))
    if job.cancel is not None:
        ending = history.ENDED_MEANWHILE(error=event.error.cause)
        return cancelled(job, CancelMethod.COOPERATIVE, at, ending=ending)
    if event.crashed:
        return crashed(job, event.error, at, event.error.cause)
    if event.error.temporary and job.failures + 1 < at.retry.attempts:
        return _try_later(job, event.error, at)
    what = history.FAILED(error=event.error.cause)
    return end(job, Trigger.FAIL, Status.ERROR, at, what, seq=event.seq, error=event.error)


def _try_later(job: Job, error: JobError, at: TransitionContext) -> Transition:
    """Retry after a wait; a held job waits until it is released instead."""
    failures = job.failures + 1
    if job.held is not None:
        what = history.TRY_FAILED(count=failures, most=at.retry.attempts, error=error.cause)
        return requeue(changed(job, failures=failures, error=error), at, what)
    until = at.now + waiting_time(at.retry, failures, job.id)
    what = history.TRY_FAILED(count=failures, most=at.retry.attempts, at=until, error=error.cause)
    return back_off(job, at, what, until, failures=failures, error=error)
