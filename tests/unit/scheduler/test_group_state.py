"""Groups of messages over many jobs.

What is written, what is answered, and statistics that equal a recount.
"""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from taskmanager.messages import (
    Advanced,
    AttemptReference,
    Claim,
    Finished,
    Heartbeat,
    Hello,
    Inbound,
    Logged,
    Refusal,
    RunnerEvent,
    RunnerEvents,
    RunnerOrders,
    Submit,
)
from taskmanager.model.jobs import JobSpec
from taskmanager.model.manifest import PluginManifest
from taskmanager.model.states import Status, Tab
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.decisions.group_state import decide
from taskmanager_scheduler.decisions.needs import needs_of
from taskmanager_scheduler.jobs.effects import AnswerRunner, DeclarePlugin, SendTicket
from taskmanager_testing.clock import SetClock
from taskmanager_testing.store import MemoryStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def submit(job: str, **spec: Any) -> Submit:
    return Submit(job=job, client="test", submitted_at=NOW, spec=JobSpec(plugin="noop", **spec))


def said(*events: RunnerEvent, runner: str = "r1", instance: str = "a") -> RunnerEvents:
    return RunnerEvents(plugin="noop", runner=runner, instance=instance, events=events)


def hello(*running: AttemptReference, claims: tuple[str, ...] = (), limit: int | None = None) -> Hello:
    manifest = PluginManifest(name="noop", title="Noop", job_type="NOOP", max_running=limit)
    return Hello(
        manifest=manifest,
        host="h",
        version="1",
        slots=2,
        transfers=1,
        started_at=NOW,
        running=running,
        claims=claims,
    )


def claim(job: str) -> Claim:
    return Claim(job=job, dispatch=1, claim_id=f"claim-{job}")


async def feed(store: MemoryStore, *messages: Inbound) -> Decision:
    return await store.apply(needs_of(messages), lambda snapshot: decide(messages, snapshot, NOW))


def orders(outcome: Decision) -> RunnerOrders:
    [found] = [
        e.reply for e in outcome.effects if isinstance(e, AnswerRunner) and isinstance(e.reply, RunnerOrders)
    ]
    return found


async def test_a_whole_life_fits_into_one_group() -> None:
    store = MemoryStore(SetClock(NOW))
    finished = Finished(job="1", attempt=1, seq=2, files=2, bytes=20)

    await feed(
        store,
        submit("1"),
        said(claim("1"), Advanced(job="1", attempt=1, seq=1, status=Status.PROCESSING), finished),
    )

    assert store.jobs["1"].status is Status.DONE
    assert store.statistics[("noop", Tab.DONE)].files == 2


async def test_hello_installs_the_plugin_and_declares_its_queue() -> None:
    store = MemoryStore(SetClock(NOW))

    outcome = await feed(store, said(hello()))

    assert list(store.installed) == ["noop"]
    assert outcome.effects[0] == DeclarePlugin("noop")
    assert not orders(outcome).paused


async def test_a_restarted_runner_loses_what_it_does_not_name() -> None:
    store = MemoryStore(SetClock(NOW))
    working = Advanced(job="1", attempt=1, seq=1, status=Status.PROCESSING)
    await feed(store, submit("1"), submit("2"), said(hello(), claim("1"), claim("2"), working))

    outcome = await feed(store, said(hello(), instance="b"))

    assert (store.jobs["1"].status, store.jobs["1"].crashes) == (Status.STARTED, 1)
    assert (store.jobs["2"].status, store.jobs["2"].crashes) == (Status.STARTED, 0), "it had not begun"
    assert SendTicket("noop", "1", 2, 5, owed=True) in outcome.effects
    assert SendTicket("noop", "2", 2, 5, owed=True) in outcome.effects


async def test_a_reconnected_runner_keeps_what_it_names_and_what_it_waits_for() -> None:
    store = MemoryStore(SetClock(NOW))
    await feed(store, submit("1"), submit("2"), said(hello(), claim("1"), claim("2")))

    outcome = await feed(store, said(hello(AttemptReference(job="1", attempt=1), claims=("claim-2",))))

    assert store.jobs["1"].status is store.jobs["2"].status is Status.WAITINGFORUPLOAD
    assert orders(outcome).renewed == (AttemptReference(job="1", attempt=1),)


async def test_a_reconnection_that_lost_a_job_is_no_crash() -> None:
    store = MemoryStore(SetClock(NOW))
    await feed(store, submit("1"), said(hello(), claim("1")))

    await feed(store, said(hello()))

    assert (store.jobs["1"].status, store.jobs["1"].crashes) == (Status.STARTED, 0)


async def test_a_heartbeat_tells_to_kill_what_is_not_the_runners() -> None:
    store = MemoryStore(SetClock(NOW))
    await feed(store, submit("1"), said(hello()))
    reference = AttemptReference(job="1", attempt=1)

    outcome = await feed(store, said(Heartbeat(slots=2, busy=1, running=(reference,))))

    assert orders(outcome).kill == (reference,)


async def test_a_heartbeat_takes_back_a_job_whose_grant_was_lost() -> None:
    store = MemoryStore(SetClock(NOW))
    await feed(store, submit("1"), submit("2"), said(hello(), claim("1"), claim("2")))

    await feed(store, said(Heartbeat(slots=2, busy=0, running=(), claims=("claim-2",))))

    assert (store.jobs["1"].status, store.jobs["1"].crashes) == (Status.STARTED, 0)
    assert store.jobs["2"].status is Status.WAITINGFORUPLOAD


async def test_the_limit_counts_grants_of_the_same_group() -> None:
    store = MemoryStore(SetClock(NOW))
    await feed(store, submit("1"), submit("2"), said(hello(limit=1)))

    outcome = await feed(store, said(claim("1"), claim("2")))

    refusals = [
        e.reply for e in outcome.effects if isinstance(e, AnswerRunner) and isinstance(e.reply, Refusal)
    ]
    assert [refusal.reason for refusal in refusals] == ["busy"]


async def test_the_second_of_two_racing_unique_submissions_ends_as_duplicate() -> None:
    store = MemoryStore(SetClock(NOW))

    await feed(store, submit("1", unique="k"), submit("2", unique="k"))

    assert [store.jobs[one].status for one in ("1", "2")] == [Status.STARTED, Status.CANCELLED]


async def test_a_unique_key_is_free_again_when_its_job_has_ended() -> None:
    store = MemoryStore(SetClock(NOW))
    finished = Finished(job="1", attempt=1, seq=2, files=0, bytes=0)
    processing = Advanced(job="1", attempt=1, seq=1, status=Status.PROCESSING)

    await feed(
        store, submit("1", unique="k"), said(claim("1"), processing, finished), submit("2", unique="k")
    )

    assert [store.jobs[one].status for one in ("1", "2")] == [Status.DONE, Status.STARTED]


async def test_reports_of_jobs_that_nobody_knows_change_nothing_and_are_named() -> None:
    store = MemoryStore()
    await feed(store, submit("known"), said(hello(), claim("known")))
    reports = [
        Advanced(job=job, attempt=1, seq=1, status=Status.PROCESSING) for job in ("known", "lost", "gone")
    ]

    decision = await feed(store, said(*reports, claim("never")))

    assert list(decision.unknown) == ["gone", "lost"]
    assert [after.id for _, after in decision.jobs] == ["known"]


async def test_log_lines_are_stored_once_and_announced() -> None:
    store = MemoryStore(SetClock(NOW))
    await feed(store, submit("1"))
    line = Logged.model_validate(
        {"job": "1", "attempt": 1, "seq": 1, "lines": [{"at": NOW, "level": "info", "text": "x"}]}
    )

    outcome = await feed(store, said(line, line))

    assert len(store.logs) == 1
    assert [(change.job, change.logged) for change in outcome.changes] == [("1", True)]


jobs = st.sampled_from(["1", "2", "3"])
runner_events: st.SearchStrategy[RunnerEvent] = st.one_of(
    st.builds(claim, jobs),
    st.builds(
        Advanced,
        job=jobs,
        attempt=st.just(1),
        seq=st.just(1),
        status=st.just(Status.PROCESSING),
        files=st.integers(0, 5),
    ),
    st.builds(
        Finished,
        job=jobs,
        attempt=st.just(1),
        seq=st.just(2),
        files=st.integers(0, 5),
        bytes=st.integers(0, 50),
    ),
    st.builds(hello),
)
messages: st.SearchStrategy[Inbound] = st.one_of(
    st.builds(submit, jobs, unique=st.sampled_from([None, "k"])),
    st.builds(said, runner_events, instance=st.sampled_from(["a", "b"])),
)


@settings(max_examples=200)
@given(st.lists(st.lists(messages, min_size=1, max_size=6), max_size=8))
async def test_statistics_equal_a_recount_after_every_group(groups: list[list[Inbound]]) -> None:
    store = MemoryStore(SetClock(NOW))
    for group in groups:
        await feed(store, *group)
        recount = Counter((job.plugin, job.tab, job.status) for job in store.jobs.values())
        counted = {
            (one.plugin, one.tab, status): number
            for one in store.statistics.values()
            for status, number in one.statuses.items()
            if number
        }
        assert counted == dict(recount)
        assert sum(one.files for one in store.statistics.values()) == sum(
            j.files for j in store.jobs.values()
        )
        assert sum(one.bytes for one in store.statistics.values()) == sum(
            j.bytes for j in store.jobs.values()
        )
