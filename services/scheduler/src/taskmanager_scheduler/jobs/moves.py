"""How jobs change: every change of a job is one of these, and every change of status is in the table."""

from datetime import UTC, datetime

from taskmanager.model.jobs import HISTORY_LIMIT, HistoryEntry, Job, Progress
from taskmanager.model.reasons import Reason
from taskmanager.model.states import MOVES, Move, Status, Trigger
from taskmanager_scheduler.jobs.effects import SendTicket
from taskmanager_scheduler.jobs.events import Transition, TransitionContext
from taskmanager_scheduler.jobs.goobi_reports import reports_of_end

NOBODYS = {"owner": None, "claim_id": None, "lease": None}
"""The owner fields of a job that no runner has."""

_ENTRY = HistoryEntry(at=datetime.min.replace(tzinfo=UTC), status=Status.STARTED, attempt=0)
"""What all entries of histories have in common."""


def requeue(job: Job, at: TransitionContext, what: Reason, *, crashes: int | None = None) -> Transition:
    """Back to the queue under a new dispatch, which invalidates the old ticket.

    A held job waits as PAUSED.
    """
    fields = {"dispatch": job.dispatch + 1, "progress": Progress(), **NOBODYS}
    fields["crashes"] = job.crashes if crashes is None else crashes
    if job.held is not None:
        return Transition(move(job, Trigger.REQUEUE, Status.PAUSED, at, what, **fields))
    return queue(job, Trigger.REQUEUE, at, what, **fields)


def queue(job: Job, trigger: Trigger, at: TransitionContext, what: Reason, **fields: object) -> Transition:
    """To the end of its turn, with a ticket that is owed until it is confirmed to be sent."""
    due = {"queued_at": at.now, "ticket_due": at.now, "not_before": None}
    queued = move(job, trigger, Status.STARTED, at, what, **due, **fields)
    return Transition(queued, (ticket_for(queued),))


def back_off(job: Job, at: TransitionContext, what: Reason, until: datetime, **fields: object) -> Transition:
    """To the queue with a ticket only from `until`; the sweeper then sends it."""
    fresh = {"dispatch": job.dispatch + 1, "progress": Progress(), **NOBODYS}
    due = {"queued_at": until, "ticket_due": until, "not_before": until}
    return Transition(move(job, Trigger.REQUEUE, Status.STARTED, at, what, **fresh, **due, **fields))


def ticket_for(job: Job) -> SendTicket:
    """The ticket that would start the job in its current state."""
    return SendTicket(job.plugin, job.id, job.dispatch, job.turn, owed=job.ticket_due is not None)


def end(
    job: Job, trigger: Trigger, target: Status, at: TransitionContext, what: Reason, **fields: object
) -> Transition:
    """To DONE, ERROR or CANCELLED, with the reports owed to Goobi."""
    settled = {"ticket_due": None, "held": None, "restored": None, "put_next": None}
    ended = {"finished": at.now, **settled, **NOBODYS, **fields}
    ended_job = move(job, trigger, target, at, what, **ended)
    return Transition(ended_job, reports_of_end(ended_job, at))


def move(
    job: Job, trigger: Trigger, target: Status, at: TransitionContext, what: Reason, **fields: object
) -> Job:
    """The only way to change a status, so that no change is outside the table."""
    if Move(job.status, trigger, target) not in MOVES:
        message = f"no move {job.status} --{trigger}--> {target}"
        raise AssertionError(message)
    runner = fields.get("owner") or job.owner
    attempt = fields.get("attempt", job.attempt)
    entry = _ENTRY.altered(
        at=at.now, status=target, attempt=attempt, what=what, runner=str(runner) if runner else None
    )
    return changed(job, status=target, history=_with(job.history, entry), **fields)


def changed(job: Job, **fields: object) -> Job:
    """The job with the given fields changed and the next revision."""
    return job.altered(**fields, rev=job.rev + 1)


def noted(
    job: Job, at: TransitionContext, what: Reason, runner: str | None = None, report: str | None = None
) -> Job:
    """The job with one more history entry; when the history is full, the first entry is still kept."""
    entry = _ENTRY.altered(
        at=at.now, status=job.status, attempt=job.attempt, what=what, runner=runner, report=report
    )
    return job.altered(history=_with(job.history, entry))


def _with(history: tuple[HistoryEntry, ...], entry: HistoryEntry) -> tuple[HistoryEntry, ...]:
    kept = history if len(history) < HISTORY_LIMIT else (history[0], *history[2:])
    return (*kept, entry)
