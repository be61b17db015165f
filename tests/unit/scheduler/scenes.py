"""A job, two runners, and the moves that bring the job into a status, shared by the tests of `transition`."""

from datetime import UTC, datetime, timedelta

from taskmanager.messages import (
    Advanced,
    Claim,
    Commit,
    Failed,
    Submit,
)
from taskmanager.model.control import JobAction
from taskmanager.model.jobs import Attribution, GoobiReference, Job, JobError, JobSpec
from taskmanager.model.states import Status
from taskmanager_scheduler.jobs.effects import AnswerRunner
from taskmanager_scheduler.jobs.events import (
    Event,
    OperatorRequest,
    PluginGate,
    Sender,
    Transition,
    TransitionContext,
)
from taskmanager_scheduler.jobs.transitions import transition

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
JOB = "job-1"
SPEC = JobSpec(plugin="jp2", destination="/data/1", goobi=GoobiReference(process_id=1, step_id=2))
ONE, TWO = Sender("runner-1", "a", "jp2"), Sender("runner-2", "b", "jp2")
OPEN = PluginGate(paused=False, running=0, limit=None)


def submission(spec: JobSpec = SPEC) -> Submit:
    return Submit(job=JOB, client="test", submitted_at=BEGIN, spec=spec)


def claim(dispatch: int = 1, claim_id: str = "c1") -> Claim:
    return Claim(job=JOB, dispatch=dispatch, claim_id=claim_id)


def fail(attempt: int, seq: int, *, crashed: bool, temporary: bool = False) -> Failed:
    error = JobError(message="bad", kind="Test", temporary=temporary)
    return Failed(job=JOB, attempt=attempt, seq=seq, crashed=crashed, error=error)


def wanted(action: JobAction, priority: int = 9) -> OperatorRequest:
    return OperatorRequest(action, Attribution(by="anna", at=BEGIN), priority)


def at(
    seconds: float = 0, sender: Sender = ONE, gate: PluginGate = OPEN, holder: str | None = None
) -> TransitionContext:
    return TransitionContext(BEGIN + timedelta(seconds=seconds), sender, gate, holder)


def play(*events: Event, spec: JobSpec = SPEC) -> Transition:
    step = transition(None, submission(spec), at())
    for event in events:
        step = transition(step.job, event, at())
    return step


def job_after(*events: Event, spec: JobSpec = SPEC) -> Job:
    job = play(*events, spec=spec).job
    assert job is not None
    return job


def replies(step: Transition) -> list[object]:
    return [effect.reply for effect in step.effects if isinstance(effect, AnswerRunner)]


def to_download(attempt: int = 1) -> list[Event]:
    return [
        claim(),
        Advanced(job=JOB, attempt=attempt, seq=1, status=Status.UPLOAD),
        Advanced(job=JOB, attempt=attempt, seq=2, status=Status.PROCESSING, files=3, bytes=30),
        Commit(job=JOB, attempt=attempt, seq=3),
    ]
