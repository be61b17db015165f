"""What operators do to a job, and how its runner obeys."""

import pytest

from taskmanager.messages import (
    Cancelled,
    Commit,
    CommitVerdict,
    HandedBack,
    Refusal,
    Resumed,
    Suspended,
)
from taskmanager.model.control import JobAction
from taskmanager.model.jobs import CancelMethod, Job
from taskmanager.model.manifest import RetryPolicy
from taskmanager.model.reasons.history import NOT_HEARD
from taskmanager.model.states import Status
from taskmanager_scheduler.jobs.effects import NudgeRunner, SendTicket
from taskmanager_scheduler.jobs.events import Event, Orphaned, Sender, Transition, TransitionContext
from taskmanager_scheduler.jobs.transitions import transition

from .scenes import BEGIN, JOB, ONE, OPEN, at, claim, fail, job_after, replies, to_download, wanted


def obey(job: Job, action: JobAction, *, priority: int = 9, sender: Sender = ONE) -> Transition:
    return transition(job, wanted(action, priority), at(sender=sender))


def test_a_waiting_job_is_cancelled_at_once_and_never_runs() -> None:
    cancelled = obey(job_after(), JobAction.CANCEL).job
    assert cancelled is not None

    step = transition(cancelled, claim(), at())

    assert (cancelled.status, cancelled.cancelled) == (Status.CANCELLED, CancelMethod.AT_ONCE)
    assert [reply.reason for reply in replies(step) if isinstance(reply, Refusal)] == ["stale"]


def test_a_running_job_is_cancelling_until_its_runner_has_obeyed() -> None:
    running = job_after(*to_download()[:3])

    asked = obey(running, JobAction.CANCEL)
    assert asked.job is not None
    done = transition(asked.job, Cancelled(job=JOB, attempt=1, seq=9, method=CancelMethod.SIGKILL), at()).job

    assert asked.effects == (NudgeRunner("jp2", "runner-1"),)
    assert (asked.job.status, asked.job.cancelling) == (Status.PROCESSING, True)
    assert done is not None
    assert (done.status, done.cancelling, done.cancelled) == (Status.CANCELLED, False, CancelMethod.SIGKILL)


def test_a_job_being_cancelled_does_not_get_through_the_fence() -> None:
    asked = obey(job_after(*to_download()[:3]), JobAction.CANCEL).job

    step = transition(asked, Commit(job=JOB, attempt=1, seq=9), at())

    assert replies(step) == [CommitVerdict(job=JOB, attempt=1, allowed=False)]


def test_a_job_whose_results_are_being_placed_is_not_cancelled() -> None:
    placing = job_after(*to_download())

    assert obey(placing, JobAction.CANCEL).job == placing


@pytest.mark.parametrize(
    "end",
    [
        HandedBack(job=JOB, attempt=1),
        fail(1, 9, crashed=True),
        fail(1, 9, crashed=False),
        Orphaned(crashed=True, why=NOT_HEARD()),
    ],
)
def test_whatever_ends_a_job_being_cancelled_cancels_it(end: Event) -> None:
    asked = obey(job_after(*to_download()[:3]), JobAction.CANCEL).job

    job = transition(asked, end, at()).job

    assert job is not None
    assert job.status is Status.CANCELLED


def test_a_held_job_waits_until_it_is_released() -> None:
    held = obey(job_after(), JobAction.HOLD).job
    assert held is not None

    released = obey(held, JobAction.RELEASE)

    assert held.status is Status.PAUSED
    assert released.job is not None
    assert (released.job.status, released.job.dispatch) == (Status.STARTED, 3)
    assert released.effects == (SendTicket("jp2", JOB, 3, 5, owed=True),)


def test_a_running_job_is_suspended_and_goes_on_in_the_same_attempt() -> None:
    held = obey(job_after(*to_download()[:3]), JobAction.HOLD).job
    paused = transition(held, Suspended(job=JOB, attempt=1, seq=8), at()).job
    assert paused is not None
    released = obey(paused, JobAction.RELEASE).job
    resumed = transition(released, Resumed(job=JOB, attempt=1, seq=9), at()).job

    assert (paused.status, paused.owner, paused.attempt) == (Status.PAUSED, "runner-1", 1)
    assert resumed is not None
    assert (resumed.status, resumed.owner, resumed.attempt) == (Status.PROCESSING, "runner-1", 1)


def test_a_held_job_that_loses_its_runner_stays_held() -> None:
    held = obey(job_after(*to_download()[:3]), JobAction.HOLD).job

    job = transition(held, Orphaned(crashed=True, why=NOT_HEARD()), at()).job

    assert job is not None
    assert (job.status, job.owner, job.ticket_due) == (Status.PAUSED, None, None)


def test_a_hold_costs_a_job_that_fails_temporarily_no_try() -> None:
    held = obey(job_after(*to_download()[:3]), JobAction.HOLD).job

    job = transition(held, fail(1, 8, crashed=False, temporary=True), at()).job

    assert job is not None
    assert (job.status, job.owner, job.failures, job.not_before) == (Status.PAUSED, None, 1, None)
    released = obey(job, JobAction.RELEASE)
    assert released.job is not None
    assert (released.job.status, released.job.failures) == (Status.STARTED, 1)


def test_a_new_priority_makes_the_old_ticket_worthless() -> None:
    step = obey(job_after(), JobAction.PRIORITY, priority=9)

    assert step.job is not None
    assert (step.job.priority, step.job.dispatch) == (9, 2)
    assert step.effects == (SendTicket("jp2", JOB, 2, 9, owed=True),)


def test_a_running_job_keeps_running_under_its_new_priority() -> None:
    running = job_after(*to_download()[:3])

    step = obey(running, JobAction.PRIORITY, priority=9)

    assert step.job is not None
    assert (step.job.priority, step.job.dispatch, step.effects) == (9, running.dispatch, ())


def test_a_failed_job_is_tried_again_from_the_beginning() -> None:
    failed = job_after(claim(), fail(1, 1, crashed=False))

    job = obey(failed, JobAction.RETRY).job

    assert job is not None
    assert (job.status, job.error, job.finished, job.attempt) == (Status.STARTED, None, None, 1)


def test_a_job_that_is_put_next_gets_a_ticket_before_all_priorities() -> None:
    step = obey(job_after(), JobAction.NEXT)

    assert step.job is not None
    assert (step.job.turn, step.job.priority, step.job.dispatch) == (11, 5, 2)
    assert step.effects == (SendTicket("jp2", JOB, 2, 11, owed=True),)
    assert obey(step.job, JobAction.NEXT) == Transition(step.job)


def test_another_priority_ends_what_put_a_job_next() -> None:
    first = obey(job_after(), JobAction.NEXT).job
    assert first is not None

    step = obey(first, JobAction.PRIORITY, priority=5)

    assert step.job is not None
    assert (step.job.put_next, step.job.turn, step.effects) == (
        None,
        5,
        (SendTicket("jp2", JOB, 3, 5, owed=True),),
    )


def test_a_held_job_that_is_put_next_goes_first_once_it_is_released() -> None:
    held = obey(job_after(), JobAction.HOLD).job
    assert held is not None
    put = obey(held, JobAction.NEXT)
    assert put.job is not None

    released = obey(put.job, JobAction.RELEASE)

    assert put.effects == ()
    assert released.effects == (SendTicket("jp2", JOB, 3, 11, owed=True),)


def test_a_running_job_is_not_put_next() -> None:
    running = job_after(claim())

    assert obey(running, JobAction.NEXT) == Transition(running)


def test_a_job_is_put_next_for_one_life_only() -> None:
    put = obey(job_after(), JobAction.NEXT).job
    assert put is not None

    ended = obey(put, JobAction.CANCEL).job

    assert ended is not None
    assert ended.put_next is None


def backing_off() -> Job:
    patient = TransitionContext(BEGIN, ONE, OPEN, None, RetryPolicy(attempts=3))
    job = transition(job_after(claim()), fail(1, 1, crashed=False, temporary=True), patient).job
    assert job is not None
    assert job.not_before is not None
    return job


def test_a_new_priority_leaves_a_job_that_backs_off_its_wait_and_its_ticket() -> None:
    waits = backing_off()

    step = obey(waits, JobAction.PRIORITY, priority=9)

    assert step.job is not None
    assert step.effects == ()
    assert (step.job.priority, step.job.dispatch) == (9, waits.dispatch)
    assert (step.job.not_before, step.job.ticket_due) == (waits.not_before, waits.ticket_due)


def test_a_job_that_backs_off_and_is_put_next_waits_no_longer() -> None:
    step = obey(backing_off(), JobAction.NEXT)

    assert step.job is not None
    assert step.job.not_before is None
    assert step.effects == (SendTicket("jp2", JOB, step.job.dispatch, 11, owed=True),)
