"""How a job comes into being and how an attempt begins: submissions and claims. A part of `transitions`."""

from datetime import timedelta
from functools import lru_cache

from taskmanager.messages import Claim, Grant, Refusal, Submit
from taskmanager.model.jobs import Job, JobError, JobSpec, Progress
from taskmanager.model.reasons import Reason, history
from taskmanager.model.states import Status, Trigger
from taskmanager_scheduler.jobs.effects import AnswerRunner
from taskmanager_scheduler.jobs.english import english
from taskmanager_scheduler.jobs.events import Transition, TransitionContext
from taskmanager_scheduler.jobs.moves import move, noted, ticket_for

LEASE = timedelta(seconds=60)
"""How long a granted attempt stays with its runner without a heartbeat."""

_GRANT = Grant(
    claim_id="", job="", attempt=0, lease_seconds=LEASE.total_seconds(), spec=JobSpec(plugin="none")
)
"""What all grants have in common."""


def submitted(event: Submit, at: TransitionContext) -> Transition:
    """A new job with its ticket, unless it follows another; cancelled at once if its unique key is held."""
    duplicate = at.holder is not None and at.holder != event.job
    job = event.new_job(queued_at=at.now, rev=1)
    if not duplicate:
        if job.follows is not None:
            return Transition(noted(job, at, history.ACCEPTED_BEHIND(job=job.follows)))
        return Transition(noted(job, at, history.ACCEPTED()), (ticket_for(job),))
    what = history.DUPLICATE(job=at.holder, key=event.spec.unique)
    error = JobError(message=english(what), reason=what, kind="duplicate")
    ended = job.model_copy(update={"status": Status.CANCELLED, "finished": at.now, "error": error})
    return Transition(noted(ended, at, what))


def submitted_again(job: Job, event: Submit) -> Transition:
    """Unchanged; the ticket is sent again, as the scheduler may have died before it sent it."""
    never_begun = job.status is Status.STARTED and job.attempt == 0 and job.dispatch == event.dispatch
    return Transition(job, (ticket_for(job),) if never_begun else ())


def claimed(job: Job | None, claim: Claim, at: TransitionContext) -> Transition:
    """The job as it is granted, or a refusal. A claim that is repeated gets the same answer."""
    if job is None:
        return Transition(None, (_refuse(claim, "unknown", at),))
    if job.claim_id == claim.claim_id and job.owner == at.sender.runner:
        return Transition(job, (_grant(job, claim.claim_id, at),))
    waits = job.not_before is not None and job.not_before > at.now
    if job.status is not Status.STARTED or job.dispatch != claim.dispatch or waits:
        return Transition(job, (_refuse(claim, "stale", at),))
    if reason := at.gate.refusal:
        return Transition(job, (_refuse(claim, reason, at),))
    granted = move(
        job,
        Trigger.CLAIM,
        Status.WAITINGFORUPLOAD,
        at,
        _granted_to(at.sender.runner),
        attempt=job.attempt + 1,
        seq=0,
        owner=at.sender.runner,
        claim_id=claim.claim_id,
        lease=at.now + LEASE,
        started_at=at.now,
        progress=Progress(),
        ticket_due=None,
        not_before=None,
        error=None,
        warnings=0,
        warning_texts=(),
        warning_reasons=(),
    )
    return Transition(granted, (_grant(granted, claim.claim_id, at),))


@lru_cache(maxsize=1_000)
def _granted_to(runner: str) -> Reason:
    """The same for all jobs that a runner is granted."""
    return history.GRANTED(runner=runner)


def _grant(job: Job, claim_id: str, at: TransitionContext) -> AnswerRunner:
    grant = _GRANT.altered(
        claim_id=claim_id, job=job.id, attempt=job.attempt, spec=job.spec, traceparent=job.traceparent
    )
    return AnswerRunner(at.sender.plugin, at.sender.runner, at.sender.instance, grant)


def _refuse(claim: Claim, reason: str, at: TransitionContext) -> AnswerRunner:
    refusal = Refusal.model_validate({"claim_id": claim.claim_id, "reason": reason})
    return AnswerRunner(at.sender.plugin, at.sender.runner, at.sender.instance, refusal)
