"""A job that a backup brings back waits, and nothing from before can be taken for something of now."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from tests.unit.scheduler.scenes import BEGIN, JOB, ONE, at, claim, fail, job_after, to_download, wanted

from taskmanager.messages import Advanced, Finished, Refusal, Suspended
from taskmanager.model.control import JobAction
from taskmanager.model.jobs import Job
from taskmanager.model.reasons import history
from taskmanager.model.states import Status
from taskmanager_scheduler.jobs.after_restore import LEAST_JUMP, Restore, after_restore
from taskmanager_scheduler.jobs.effects import AnswerRunner, SendTicket
from taskmanager_scheduler.jobs.events import Event
from taskmanager_scheduler.jobs.transitions import transition

RESTORE = Restore("taskmanager-backup", BEGIN, BEGIN + timedelta(hours=1))
WORKING = to_download()[:3]
LIVE: dict[str, Sequence[Event]] = {
    "waiting": [],
    "granted": to_download()[:1],
    "working": WORKING,
    "placing": to_download(),
    "held": [wanted(JobAction.HOLD)],
    "suspended": [*WORKING, wanted(JobAction.HOLD), Suspended(job=JOB, attempt=1, seq=9)],
    "being cancelled": [*WORKING, wanted(JobAction.CANCEL)],
    "backing off": [claim(), fail(1, 1, crashed=True)],
    "put next": [wanted(JobAction.NEXT)],
}


def released(job: Job) -> Job:
    after = transition(job, wanted(JobAction.RELEASE), at(4000)).job
    assert after is not None
    return after


@pytest.mark.parametrize("events", LIVE.values(), ids=LIVE)
def test_whatever_it_did_it_is_held_without_runner_and_ticket(events: Sequence[Event]) -> None:
    before = job_after(*events)
    job = after_restore(before, RESTORE)

    assert job.status is Status.PAUSED
    assert job.held is not None
    assert job.restored == BEGIN
    assert (job.owner, job.claim_id, job.lease, job.ticket_due, job.not_before, job.cancel) == (None,) * 6
    assert job.history[-1].told == history.RESTORED(at=BEGIN)
    grown = [getattr(job, name) - getattr(before, name) for name in ("attempt", "dispatch", "rev")]
    assert grown == [RESTORE.jump] * 3
    assert Job.model_validate(job.model_dump()) == job


@pytest.mark.parametrize("events", LIVE.values(), ids=LIVE)
def test_nothing_from_before_moves_it_and_no_ticket_of_then_starts_it(events: Sequence[Event]) -> None:
    before = job_after(*events)
    held = after_restore(before, RESTORE)
    stale: list[Event] = [
        claim(before.dispatch, "c1"),
        claim(before.dispatch + 1, "c2"),
        Advanced(job=JOB, attempt=before.attempt, seq=99, status=Status.PROCESSING),
        Finished(job=JOB, attempt=before.attempt, seq=99, files=1, bytes=1),
        Finished(job=JOB, attempt=before.attempt + 1, seq=99, files=1, bytes=1),
        fail(before.attempt, 99, crashed=True),
    ]
    for job in (held, released(held)):
        for event in stale:
            step = transition(job, event, at(4000, ONE))
            assert step.job is job
            answers = [effect for effect in step.effects if isinstance(effect, AnswerRunner)]
            assert all(isinstance(answer.reply, Refusal) for answer in answers)


def test_once_released_it_starts_with_an_attempt_of_its_own() -> None:
    job = released(after_restore(job_after(*WORKING), RESTORE))
    assert job.status is Status.STARTED
    assert (job.held, job.restored) == (None, None)

    granted = transition(job, claim(job.dispatch, "new"), at(4001)).job
    assert granted is not None
    assert granted.attempt == 1 + RESTORE.jump + 1


def test_a_ticket_is_sent_at_the_release_and_not_before() -> None:
    step = transition(after_restore(job_after(), RESTORE), wanted(JobAction.RELEASE), at(4000))

    [ticket] = step.effects
    assert isinstance(ticket, SendTicket)
    assert ticket.dispatch == RESTORE.jump + 2


def test_it_can_be_cancelled_instead() -> None:
    step = transition(after_restore(job_after(*WORKING), RESTORE), wanted(JobAction.CANCEL), at(4000))

    assert step.job is not None
    assert step.job.status is Status.CANCELLED
    assert (step.job.held, step.job.restored) == (None, None)


def test_the_hold_of_an_operator_stays_theirs() -> None:
    job = after_restore(job_after(wanted(JobAction.HOLD)), RESTORE)

    assert job.held is not None
    assert job.held.by == "anna"


def test_a_repeated_settling_changes_nothing() -> None:
    job = after_restore(job_after(*WORKING), RESTORE)

    assert after_restore(job, RESTORE) is job


def test_numbers_of_a_second_restore_are_beyond_those_given_away_after_the_first() -> None:
    later = Restore("taskmanager-backup", BEGIN, RESTORE.now + timedelta(minutes=1))

    assert RESTORE.jump == LEAST_JUMP + 36_000
    assert later.jump - RESTORE.jump == 600
    assert Restore("x", BEGIN, BEGIN - timedelta(days=1)).jump == LEAST_JUMP, "clocks that differ"
