"""The state machine under any order of events.

Duplicates, old attempts, old dispatches, two runners, lost leases.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from taskmanager.messages import (
    Advanced,
    Cancelled,
    Claim,
    Commit,
    CommitVerdict,
    Finished,
    Grant,
    HandedBack,
    Progressed,
    Resumed,
    Submit,
    Suspended,
)
from taskmanager.model.control import JobAction
from taskmanager.model.jobs import CancelMethod, Job, Progress
from taskmanager.model.states import MOVES, Status
from taskmanager_scheduler.jobs.events import (
    Event,
    LeaseEnded,
    OperatorRequest,
    Orphaned,
    Renewed,
    Sender,
    Ticketed,
    Transition,
)
from taskmanager_scheduler.jobs.transitions import transition

from .scenes import JOB, ONE, TWO, at, claim, fail, replies, submission, wanted

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


def check_step(before: Job | None, event: Event, step: Transition) -> None:
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
    return isinstance(event, OperatorRequest) and event.action is JobAction.RETRY


def check_fences(before: Job, event: Event, step: Transition) -> None:
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
