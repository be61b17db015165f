"""The state machine under any order of events.

Duplicates, old attempts, old dispatches, two runners, lost leases.
"""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskmanager.control import JobAction
from taskmanager.jobs import CancelMethod, GoobiReference, Job, JobError, JobSpec, Note, Progress
from taskmanager.messages import (
    Advanced,
    Cancelled,
    Claim,
    Commit,
    CommitVerdict,
    Failed,
    Finished,
    Grant,
    HandedBack,
    Progressed,
    Refusal,
    Resumed,
    Submit,
    Suspended,
)
from taskmanager.plugins import RetryPolicy
from taskmanager.states import MOVES, Status
from taskmanager_scheduler.effects import Answer, NudgeRunner, SendTicket, StoreReport
from taskmanager_scheduler.events import (
    Event,
    Gate,
    LeaseEnded,
    Orphaned,
    Renewed,
    Sender,
    Situation,
    Step,
    Ticketed,
    Wanted,
)
from taskmanager_scheduler.transitions import CRASH_LIMIT, LEASE, transition

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
JOB = "job-1"
SPEC = JobSpec(plugin="jp2", destination="/data/1", goobi=GoobiReference(process_id=1, step_id=2))
ONE, TWO = Sender("runner-1", "a"), Sender("runner-2", "b")
OPEN = Gate(paused=False, running=0, limit=None)


def submission(spec: JobSpec = SPEC) -> Submit:
    return Submit(job=JOB, client="test", submitted_at=BEGIN, spec=spec)


def claim(dispatch: int = 1, claim_id: str = "c1") -> Claim:
    return Claim(job=JOB, dispatch=dispatch, claim_id=claim_id)


def fail(attempt: int, seq: int, *, crashed: bool, temporary: bool = False) -> Failed:
    error = JobError(message="bad", kind="Test", temporary=temporary)
    return Failed(job=JOB, attempt=attempt, seq=seq, crashed=crashed, error=error)


def wanted(action: JobAction, priority: int = 9) -> Wanted:
    return Wanted(action, Note(by="anna", at=BEGIN), priority)


def at(seconds: float = 0, sender: Sender = ONE, gate: Gate = OPEN, holder: str | None = None) -> Situation:
    return Situation(BEGIN + timedelta(seconds=seconds), sender, gate, holder)


def play(*events: Event, spec: JobSpec = SPEC) -> Step:
    step = transition(None, submission(spec), at())
    for event in events:
        step = transition(step.job, event, at())
    return step


def job_after(*events: Event, spec: JobSpec = SPEC) -> Job:
    job = play(*events, spec=spec).job
    assert job is not None
    return job


def replies(step: Step) -> list[object]:
    return [effect.reply for effect in step.effects if isinstance(effect, Answer)]


def to_download(attempt: int = 1) -> list[Event]:
    return [
        claim(),
        Advanced(job=JOB, attempt=attempt, seq=1, status=Status.UPLOAD),
        Advanced(job=JOB, attempt=attempt, seq=2, status=Status.PROCESSING, files=3, bytes=30),
        Commit(job=JOB, attempt=attempt, seq=3),
    ]


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


def test_an_end_of_a_job_from_goobi_stores_a_report() -> None:
    step = play(*to_download(), Finished(job=JOB, attempt=1, seq=4, files=3, bytes=12))

    assert [effect.report.status for effect in step.effects if isinstance(effect, StoreReport)] == [
        Status.DONE
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

    paused = transition(job, claim(), at(gate=Gate(paused=True, running=0, limit=None)))
    busy = transition(job, claim(), at(gate=Gate(paused=False, running=2, limit=2)))

    assert [reply.reason for reply in replies(paused) if isinstance(reply, Refusal)] == ["paused"]
    assert [reply.reason for reply in replies(busy) if isinstance(reply, Refusal)] == ["busy"]
    assert paused.job == busy.job == job


def test_a_claim_of_a_job_not_stored_yet_is_to_be_asked_again() -> None:
    step = transition(None, claim(), at())

    assert step.job is None
    assert [reply.reason for reply in replies(step) if isinstance(reply, Refusal)] == ["unknown"]


def test_the_fence_refuses_an_attempt_that_is_not_current() -> None:
    requeued = job_after(*to_download()[:3], Orphaned(crashed=True, why="test"))

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
        SendTicket("jp2", JOB, 2, 5)
    ]
    assert step.job is not None
    assert step.job.ticket_due is not None
    assert transition(step.job, Ticketed(2), at()).job.ticket_due is None  # type: ignore[union-attr]


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
        moment = Situation(job.not_before or BEGIN, ONE, OPEN, retry=policy)
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
    due = Situation(waiting.not_before, ONE, OPEN)
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


def obey(job: Job, action: JobAction, *, priority: int = 9, sender: Sender = ONE) -> Step:
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

    assert asked.effects == (NudgeRunner("runner-1"),)
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
        Orphaned(crashed=True, why="test"),
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
    assert released.effects == (SendTicket("jp2", JOB, 3, 5),)


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

    job = transition(held, Orphaned(crashed=True, why="test"), at()).job

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
    assert step.effects == (SendTicket("jp2", JOB, 2, 9),)


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


def test_a_second_job_with_a_held_unique_key_ends_as_its_duplicate() -> None:
    spec = JobSpec(plugin="jp2", unique="goobi:1:2:JP2")

    job = transition(None, submission(spec), at(holder="job-0")).job

    assert job is not None
    assert job.status is Status.CANCELLED
    assert job.error is not None
    assert "job-0" in job.error.message


attempts = st.integers(0, 4)
seqs = st.integers(0, 6)
senders = st.sampled_from([ONE, TWO])
events: st.SearchStrategy[Event] = st.one_of(
    st.just(submission()),
    st.builds(claim, st.integers(0, 4), st.sampled_from(["c1", "c2", "c3", "c4"])),
    st.builds(
        Advanced,
        job=st.just(JOB),
        attempt=attempts,
        seq=seqs,
        status=st.sampled_from([Status.UPLOAD, Status.PROCESSING]),
    ),
    st.builds(
        Progressed, job=st.just(JOB), attempt=attempts, seq=seqs, progress=st.just(Progress(percent=50))
    ),
    st.builds(Commit, job=st.just(JOB), attempt=attempts, seq=seqs),
    st.builds(Finished, job=st.just(JOB), attempt=attempts, seq=seqs, files=st.just(1), bytes=st.just(1)),
    st.builds(fail, attempts, seqs, crashed=st.booleans(), temporary=st.booleans()),
    st.builds(HandedBack, job=st.just(JOB), attempt=attempts),
    st.builds(Orphaned, crashed=st.booleans(), why=st.just("test")),
    st.builds(Suspended, job=st.just(JOB), attempt=attempts, seq=seqs),
    st.builds(Resumed, job=st.just(JOB), attempt=attempts, seq=seqs),
    st.builds(
        Cancelled, job=st.just(JOB), attempt=attempts, seq=seqs, method=st.just(CancelMethod.COOPERATIVE)
    ),
    st.builds(wanted, st.sampled_from(list(JobAction)), st.integers(0, 10)),
    st.builds(Renewed, attempts),
    st.just(LeaseEnded()),
    st.builds(Ticketed, st.integers(0, 4)),
)
stories = st.lists(st.tuples(events, senders, st.integers(0, 90)), max_size=40)


@settings(max_examples=400)
@given(stories)
def test_no_order_of_events_breaks_an_invariant(story: list[tuple[Event, Sender, int]]) -> None:
    job: Job | None = None
    now = 0.0
    owners: dict[int, str] = {}
    for event, sender, wait in story:
        now += wait
        before = job
        step = transition(before, event, at(now, sender))
        job = step.job
        check_step(before, event, step)
        for reply in replies(step):
            if isinstance(reply, Grant):
                assert owners.setdefault(reply.attempt, sender.runner) == sender.runner, (
                    "one attempt, one runner"
                )


def check_step(before: Job | None, event: Event, step: Step) -> None:
    job = step.job
    if before is None:
        assert job is None or isinstance(event, Submit), "only a submission makes a job"
        return
    assert job is not None, "a job never vanishes"
    assert job.attempt >= before.attempt, "I3"
    assert job.dispatch >= before.dispatch, "I3"
    assert job.attempt > before.attempt or job.seq >= before.seq, "I3"
    assert (job == before) == (job.rev == before.rev), "every change has a revision of its own"
    if before.status is Status.DONE or (before.status.final and not retried(event)):
        assert job == before, "I4"
    if job.status is not before.status:
        assert any(move.source is before.status and move.target is job.status for move in MOVES)
    check_fences(before, event, step)
    owned = job.owner is not None
    assert owned == (job.lease is not None) == (job.claim_id is not None)
    assert owned if job.status.running else not owned or job.status is Status.PAUSED, (
        "running means owned and leased, and only a suspended job is owned beside those"
    )


def retried(event: Event) -> bool:
    return isinstance(event, Wanted) and event.action is JobAction.RETRY


def check_fences(before: Job, event: Event, step: Step) -> None:
    attempt = getattr(event, "attempt", before.attempt)
    if attempt != before.attempt:
        assert step.job == before, "I5: an old attempt changes nothing"
    for reply in replies(step):
        if isinstance(reply, Grant) and step.job != before:
            assert isinstance(event, Claim)
            assert event.dispatch == before.dispatch, "I6"
        if isinstance(reply, CommitVerdict) and reply.allowed:
            assert step.job is not None
            assert (step.job.status, step.job.attempt) == (Status.DOWNLOAD, reply.attempt), "I2"
