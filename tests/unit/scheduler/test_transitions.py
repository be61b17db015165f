"""The life of a job: submission, claims, the fence, crashes, failures and leases."""

from datetime import timedelta

from taskmanager.messages import (
    Advanced,
    Commit,
    CommitVerdict,
    Failed,
    Finished,
    Grant,
    HandedBack,
    Refusal,
)
from taskmanager.model.control import JobAction
from taskmanager.model.jobs import Attribution, Job, JobError, JobSpec
from taskmanager.model.manifest import RetryPolicy
from taskmanager.model.reasons.history import NOT_HEARD
from taskmanager.model.reports import ReportKind
from taskmanager.model.states import Status
from taskmanager_scheduler.jobs.effects import SendTicket, StoreReport
from taskmanager_scheduler.jobs.events import (
    Event,
    LeaseEnded,
    OperatorRequest,
    Orphaned,
    PluginGate,
    Renewed,
    Ticketed,
    TicketNotSent,
    Transition,
    TransitionContext,
)
from taskmanager_scheduler.jobs.interruptions import CRASH_LIMIT
from taskmanager_scheduler.jobs.starts import LEASE
from taskmanager_scheduler.jobs.transitions import transition

from .scenes import (
    BEGIN,
    JOB,
    ONE,
    OPEN,
    TWO,
    at,
    claim,
    fail,
    job_after,
    play,
    replies,
    submission,
    to_download,
)


def test_a_job_goes_from_submission_to_done() -> None:
    job = job_after(*to_download(), Finished(job=JOB, attempt=1, seq=4, files=3, bytes=12))

    assert (job.status, job.files, job.bytes) == (Status.DONE, 3, 12)
    assert (job.owner, job.lease, job.claim_id) == (None, None, None)
    assert [entry.status for entry in job.history] == [
        Status.STARTED,
        Status.WAITINGFORUPLOAD,
        Status.UPLOAD,
        Status.PROCESSING,
        Status.DOWNLOAD,
        Status.DONE,
    ]


def test_an_end_of_a_job_from_goobi_stores_reports() -> None:
    step = play(*to_download(), Finished(job=JOB, attempt=1, seq=4, files=3, bytes=12))

    assert [effect.report.kind for effect in step.effects if isinstance(effect, StoreReport)] == [
        ReportKind.ENTRY,
        ReportKind.CLOSE_STEP,
    ]


def test_a_job_that_places_nothing_needs_no_fence() -> None:
    spec = JobSpec(plugin="noop")
    processing: list[Event] = [claim(), Advanced(job=JOB, attempt=1, seq=1, status=Status.PROCESSING)]

    finished = Finished(job=JOB, attempt=1, seq=2, files=0, bytes=0)

    assert job_after(*processing, finished, spec=spec).status is Status.DONE


def test_a_job_with_a_destination_is_not_done_before_the_fence() -> None:
    processing: list[Event] = [claim(), Advanced(job=JOB, attempt=1, seq=1, status=Status.PROCESSING)]

    finished = Finished(job=JOB, attempt=1, seq=2, files=0, bytes=0)

    assert job_after(*processing, finished).status is Status.PROCESSING


def test_the_same_claim_gets_the_same_grant() -> None:
    first = play(claim())
    again = transition(first.job, claim(), at())

    assert replies(first) == replies(again)
    assert isinstance(replies(first)[0], Grant)
    assert again.job == first.job


def test_another_claim_of_a_granted_job_is_stale() -> None:
    step = transition(job_after(claim()), claim(claim_id="c2"), at(sender=TWO))

    assert [reply.reason for reply in replies(step) if isinstance(reply, Refusal)] == ["stale"]


def test_an_old_ticket_never_starts_a_job() -> None:
    requeued = job_after(claim(), HandedBack(job=JOB, attempt=1))

    step = transition(requeued, claim(dispatch=1, claim_id="c2"), at())

    assert [reply.reason for reply in replies(step) if isinstance(reply, Refusal)] == ["stale"]
    assert requeued.dispatch == 2


def test_a_paused_plugin_and_a_full_one_refuse() -> None:
    job = job_after()

    paused = transition(job, claim(), at(gate=PluginGate(paused=True, running=0, limit=None)))
    busy = transition(job, claim(), at(gate=PluginGate(paused=False, running=2, limit=2)))

    assert [reply.reason for reply in replies(paused) if isinstance(reply, Refusal)] == ["paused"]
    assert [reply.reason for reply in replies(busy) if isinstance(reply, Refusal)] == ["busy"]
    assert paused.job == busy.job == job


def test_a_claim_of_a_job_not_stored_yet_is_to_be_asked_again() -> None:
    step = transition(None, claim(), at())

    assert step.job is None
    assert [reply.reason for reply in replies(step) if isinstance(reply, Refusal)] == ["unknown"]


def test_the_fence_refuses_an_attempt_that_is_not_current() -> None:
    requeued = job_after(*to_download()[:3], Orphaned(crashed=True, why=NOT_HEARD()))

    step = transition(requeued, Commit(job=JOB, attempt=1, seq=3), at())

    assert replies(step) == [CommitVerdict(job=JOB, attempt=1, allowed=False)]
    assert step.job == requeued


def test_the_fence_gives_the_same_answer_again() -> None:
    step = transition(job_after(*to_download()), Commit(job=JOB, attempt=1, seq=3), at())

    assert replies(step) == [CommitVerdict(job=JOB, attempt=1, allowed=True)]


def test_an_allowance_of_the_fence_renews_the_lease() -> None:
    processing = job_after(*to_download()[:3])

    first = transition(processing, Commit(job=JOB, attempt=1, seq=3), at(50)).job
    again = transition(first, Commit(job=JOB, attempt=1, seq=3), at(55)).job

    assert first is not None
    assert again is not None
    assert (first.lease, again.lease) == (
        BEGIN + timedelta(seconds=50) + LEASE,
        BEGIN + timedelta(seconds=55) + LEASE,
    )


def test_an_interruption_is_no_crash() -> None:
    job = job_after(claim(), HandedBack(job=JOB, attempt=1))

    assert (job.status, job.crashes, job.attempt) == (Status.STARTED, 0, 1)


def test_a_requeued_job_asks_for_a_ticket_with_its_new_dispatch() -> None:
    step = play(claim(), HandedBack(job=JOB, attempt=1))

    assert [effect for effect in step.effects if isinstance(effect, SendTicket)] == [
        SendTicket("jp2", JOB, 2, 5, owed=True)
    ]
    assert step.job is not None
    assert step.job.ticket_due is not None
    assert transition(step.job, Ticketed(2), at()).job.ticket_due is None  # type: ignore[union-attr]


def tickets(step: Transition) -> list[SendTicket]:
    return [effect for effect in step.effects if isinstance(effect, SendTicket)]


def test_a_new_job_gets_its_ticket_which_its_submission_brings_again() -> None:
    first = transition(None, submission(), at())
    again = transition(first.job, submission(), at())

    assert tickets(first) == tickets(again) == [SendTicket("jp2", JOB, 1, 5, owed=False)]
    assert again.job is first.job


def test_a_job_that_was_begun_or_holds_no_turn_gets_no_ticket_from_its_submission() -> None:
    begun = play(claim()).job
    returned = play(claim(), HandedBack(job=JOB, attempt=1)).job
    hold = OperatorRequest(JobAction.HOLD, Attribution(by="anna", at=BEGIN))
    for job in (begun, returned, transition(job_after(), hold, at()).job):
        assert tickets(transition(job, submission(), at())) == []


def test_a_ticket_that_could_not_be_sent_is_owed_until_it_is() -> None:
    waiting = job_after()

    owed = transition(waiting, TicketNotSent(1), at()).job

    assert owed is not None
    assert owed.ticket_due is not None
    assert transition(owed, Ticketed(1), at()).job.ticket_due is None  # type: ignore[union-attr]
    assert transition(waiting, TicketNotSent(2), at()).job is waiting
    assert transition(begun := play(claim()).job, TicketNotSent(1), at()).job is begun


def test_the_third_crash_in_a_row_parks_the_job_with_the_evidence() -> None:
    job = job_after()
    for number in range(1, CRASH_LIMIT + 1):
        granted = transition(job, claim(dispatch=job.dispatch, claim_id=f"c{number}"), at()).job
        assert granted is not None
        crashed = transition(granted, fail(number, 1, crashed=True), at()).job
        assert crashed is not None
        job = crashed

    assert job.status is Status.ERROR
    assert job.error is not None
    assert "3 times in a row" in job.error.message


def test_a_failure_of_the_plugin_is_final() -> None:
    assert job_after(claim(), fail(1, 1, crashed=False)).status is Status.ERROR


def fail_for_now(attempt: int) -> Failed:
    error = JobError(message="the server is busy", kind="TemporaryError", temporary=True)
    return Failed(job=JOB, attempt=attempt, seq=1, error=error)


def test_a_failure_the_plugin_calls_temporary_is_tried_again_later_and_not_for_ever() -> None:
    policy = RetryPolicy(attempts=3, first_wait_seconds=60, longest_wait_seconds=90)
    job: Job | None = job_after()
    waits = []
    for attempt in (1, 2, 3):
        assert job is not None
        moment = TransitionContext(job.not_before or BEGIN, ONE, OPEN, retry=policy)
        granted = transition(job, claim(dispatch=job.dispatch, claim_id=f"c{attempt}"), moment).job
        step = transition(granted, fail_for_now(attempt), moment)
        job = step.job
        assert not [effect for effect in step.effects if isinstance(effect, SendTicket)]
        if job is not None and job.not_before is not None:
            waits.append((job.not_before - moment.now).total_seconds())

    assert job is not None
    assert job.status is Status.ERROR
    assert [30 <= waits[0] <= 60, 45 <= waits[1] <= 90] == [True, True]


def test_a_job_that_backs_off_does_not_start_before_its_time() -> None:
    waiting = job_after(claim(), fail_for_now(1))
    assert waiting.not_before is not None

    early = transition(waiting, claim(dispatch=2, claim_id="c2"), at(1)).job
    due = TransitionContext(waiting.not_before, ONE, OPEN)
    late = transition(waiting, claim(dispatch=2, claim_id="c2"), due).job

    assert early == waiting
    assert late is not None
    assert (late.status, late.not_before) == (Status.WAITINGFORUPLOAD, None)


def test_a_lease_ends_only_when_it_is_over() -> None:
    job = job_after(claim())

    early = transition(job, LeaseEnded(), at(LEASE.total_seconds() - 1)).job
    late = transition(job, LeaseEnded(), at(LEASE.total_seconds() + 1)).job

    assert early == job
    assert late is not None
    assert late.status is Status.STARTED


def test_a_heartbeat_renews_only_the_owners_current_attempt() -> None:
    job = job_after(claim())

    renewed = transition(job, Renewed(1), at(10)).job
    foreign = transition(job, Renewed(1), at(10, sender=TWO)).job
    old = transition(job, Renewed(0), at(10)).job

    assert renewed is not None
    assert renewed.lease == BEGIN + timedelta(seconds=10) + LEASE
    assert foreign == old == job


def test_a_second_job_with_a_held_unique_key_ends_as_its_duplicate() -> None:
    spec = JobSpec(plugin="jp2", unique="goobi:1:2:JP2")

    job = transition(None, submission(spec), at(holder="job-0")).job

    assert job is not None
    assert job.status is Status.CANCELLED
    assert job.error is not None
    assert "job-0" in job.error.message


def test_the_trace_of_a_submission_stays_with_the_job_and_goes_with_every_grant() -> None:
    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    traced = submission().model_copy(update={"traceparent": traceparent})

    job = transition(None, traced, at()).job
    again = transition(job, submission(), at()).job
    [granted] = replies(transition(again, claim(), at()))

    assert job is not None
    assert again is not None
    assert (again.traceparent, again.trace_id) == (traceparent, traceparent[3:35])
    assert isinstance(granted, Grant)
    assert granted.traceparent == traceparent
    assert "traceparent" not in job_after().model_dump(), "what is stored of other jobs is as before"
