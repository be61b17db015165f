"""Jobs that a runner claimed ahead of its slots: returned unbegun, or lost with the runner."""

from datetime import timedelta

from taskmanager.messages import Advanced, Unclaimed
from taskmanager.model.control import JobAction
from taskmanager.model.reasons.history import NOT_HEARD
from taskmanager.model.states import Status
from taskmanager_scheduler.jobs.effects import SendTicket
from taskmanager_scheduler.jobs.events import Event, Orphaned
from taskmanager_scheduler.jobs.interruptions import CRASH_LIMIT, TICKET_BACK_WITHIN, UNBEGUN_LIMIT
from taskmanager_scheduler.jobs.transitions import transition

from .scenes import BEGIN, JOB, ONE, TWO, at, claim, job_after, play, wanted

TURN = 5
"""The priority of the job and of its first ticket."""
BACK = Unclaimed(job=JOB, attempt=1, turn=TURN)
LOST = Orphaned(crashed=True, why=NOT_HEARD())


def tickets(step: object) -> list[SendTicket]:
    return [effect for effect in getattr(step, "effects", ()) if isinstance(effect, SendTicket)]


def test_a_returned_job_keeps_its_turn_and_its_ticket() -> None:
    step = play(claim(), BACK)

    job = step.job
    assert job is not None
    assert (job.status, job.dispatch, job.queued_at) == (Status.STARTED, 1, BEGIN)
    assert (job.owner, job.lease, job.claim_id, job.crashes) == (None, None, None, 0)
    assert tickets(step) == []
    granted = transition(job, claim(claim_id="c2"), at(5, sender=TWO)).job
    assert granted is not None
    assert (granted.status, granted.attempt) == (Status.WAITINGFORUPLOAD, 2)


def test_its_ticket_is_owed_after_a_while_because_it_may_have_been_lost_on_its_way_back() -> None:
    job = job_after(claim(), BACK)

    assert job.ticket_due is not None
    assert timedelta() <= job.ticket_due - BEGIN - TICKET_BACK_WITHIN < timedelta(minutes=1)
    claimed = transition(job, claim(claim_id="c2"), at(5)).job
    assert claimed is not None
    assert claimed.ticket_due is None


def test_a_job_whose_turn_has_changed_meanwhile_gets_a_ticket_for_its_new_turn() -> None:
    step = play(claim(), wanted(JobAction.PRIORITY, 9), BACK)

    assert tickets(step) == [SendTicket("jp2", JOB, 2, 9, owed=True)]


def test_a_job_that_was_cancelled_or_held_before_it_began_does_not_wait_any_more() -> None:
    assert job_after(claim(), wanted(JobAction.CANCEL), BACK).status is Status.CANCELLED
    assert job_after(claim(), wanted(JobAction.HOLD), BACK).status is Status.PAUSED


def test_only_the_owner_returns_a_job_and_only_once() -> None:
    granted = job_after(claim())

    assert transition(granted, BACK, at(sender=TWO)).job is granted
    returned = transition(granted, BACK, at(sender=ONE)).job
    assert transition(returned, BACK, at(sender=ONE)).job is returned


def test_a_job_that_had_not_begun_when_its_runner_was_lost_has_not_crashed() -> None:
    step = play(claim(), LOST)

    assert step.job is not None
    assert (step.job.status, step.job.crashes) == (Status.STARTED, 0)
    assert tickets(step) == [SendTicket("jp2", JOB, 2, TURN, owed=True)]


def test_it_is_parked_all_the_same_if_that_never_ends() -> None:
    job = job_after()
    lost = 0
    while job.status is not Status.ERROR:
        claimed = transition(job, claim(dispatch=job.dispatch, claim_id=f"c{lost}"), at()).job
        assert claimed is not None
        job = transition(claimed, LOST, at()).job or job
        lost += 1

    assert lost == UNBEGUN_LIMIT + CRASH_LIMIT


def test_losses_before_a_job_began_are_forgotten_once_it_has_begun() -> None:
    job = job_after(claim(), LOST)
    begun: list[Event] = [
        claim(dispatch=2, claim_id="c2"),
        Advanced(job=JOB, attempt=2, seq=1, status=Status.UPLOAD),
        LOST,
    ]
    for event in begun:
        job = transition(job, event, at()).job or job

    assert (job.status, job.crashes) == (Status.STARTED, 1)
