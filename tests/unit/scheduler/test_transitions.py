"""The state machine under any order of events.

Duplicates, old attempts, old dispatches, two runners, lost leases.
"""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from taskmanager.jobs import GoobiReference, Job, JobError, JobSpec, Progress
from taskmanager.messages import (
    Advanced,
    Claim,
    Commit,
    CommitVerdict,
    Failed,
    Finished,
    Grant,
    HandedBack,
    Progressed,
    Refusal,
    Submit,
)
from taskmanager.states import MOVES, Status
from taskmanager_scheduler.effects import Answer, SendTicket, StoreReport
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


def fail(attempt: int, seq: int, *, crashed: bool) -> Failed:
    return Failed(
        job=JOB, attempt=attempt, seq=seq, crashed=crashed, error=JobError(message="bad", kind="Test")
    )


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
    st.builds(fail, attempts, seqs, crashed=st.booleans()),
    st.builds(HandedBack, job=st.just(JOB), attempt=attempts),
    st.builds(Orphaned, crashed=st.booleans(), why=st.just("test")),
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
    if before.status.final:
        assert job == before, "I4"
    if job.status is not before.status:
        assert any(move.source is before.status and move.target is job.status for move in MOVES)
    check_fences(before, event, step)
    assert job.status.running == (job.owner is not None and job.lease is not None), (
        "running means owned and leased"
    )


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
