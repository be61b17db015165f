"""Operators' commands: what becomes of jobs and plugins, what is answered, what the audit says."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskmanager.messages import (
    Advanced,
    AttemptDesiredState,
    AttemptReference,
    Claim,
    Command,
    CommandResult,
    Failed,
    Finished,
    Heartbeat,
    Hello,
    Inbound,
    JobCommand,
    PluginCommand,
    Refusal,
    RunnerEvent,
    RunnerEvents,
    RunnerOrders,
    Submit,
    decode_inbox,
)
from taskmanager.messages.topology import Topology
from taskmanager.model.control import DesiredState, JobAction, PluginAction, StopMode
from taskmanager.model.jobs import JobError, JobSpec
from taskmanager.model.manifest import PluginManifest
from taskmanager.model.reasons import automatic
from taskmanager.model.states import Status
from taskmanager_scheduler.background.stop_timer import StopTimer
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.decisions.group_state import decide
from taskmanager_scheduler.decisions.needs import needs_of
from taskmanager_scheduler.jobs.effects import AnswerGateway, AnswerRunner, NudgePlugin
from taskmanager_scheduler.jobs.english import english
from taskmanager_testing.clock import SetClock
from taskmanager_testing.publisher import FakePublisher
from taskmanager_testing.store import MemoryStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
async def store(clock: SetClock) -> MemoryStore:
    made = MemoryStore(clock)
    manifest = PluginManifest(name="noop", title="Noop", job_type="NOOP")
    hello = Hello(manifest=manifest, host="h", version="1", slots=2, transfers=1, started_at=NOW, running=())
    await feed(made, said(hello))
    return made


async def feed(store: MemoryStore, *messages: Inbound) -> Decision:
    return await store.apply(needs_of(messages), lambda snapshot: decide(messages, snapshot, NOW))


def said(*events: RunnerEvent) -> RunnerEvents:
    return RunnerEvents(plugin="noop", runner="r1", instance="a", events=events)


def submit(job: str, **spec: Any) -> Submit:
    return Submit(job=job, client="test", submitted_at=NOW, spec=JobSpec(plugin="noop", **spec))


def command(order: JobCommand | PluginCommand, identifier: str = "c-1") -> Command:
    return Command(id=identifier, gateway="g", actor="anna", reason="wrong scan", at=NOW, order=order)


def for_job(job: str, action: JobAction, priority: int | None = None) -> Command:
    return command(JobCommand(job=job, action=action, priority=priority))


def for_plugin(action: PluginAction, **fields: Any) -> Command:
    return command(PluginCommand(plugin="noop", action=action, **fields))


def claim(job: str) -> Claim:
    return Claim(job=job, dispatch=1, claim_id=f"claim-{job}")


def result(outcome: Decision) -> CommandResult:
    [found] = [effect.result for effect in outcome.effects if isinstance(effect, AnswerGateway)]
    return found


def orders(outcome: Decision) -> RunnerOrders:
    [found] = [
        e.reply for e in outcome.effects if isinstance(e, AnswerRunner) and isinstance(e.reply, RunnerOrders)
    ]
    return found


async def test_a_command_is_done_answered_and_written_down(store: MemoryStore) -> None:
    await feed(store, submit("1"))

    outcome = await feed(store, for_job("1", JobAction.CANCEL))

    assert store.jobs["1"].status is Status.CANCELLED
    assert result(outcome).outcome == "done"
    entry = store.audit["c-1"]
    assert (entry.actor, entry.reason, english(entry.asked), entry.job, entry.plugin, entry.outcome) == (
        "anna",
        "wrong scan",
        "cancel",
        "1",
        "noop",
        "done",
    )


async def test_cancelling_a_cancelled_job_is_no_error(store: MemoryStore) -> None:
    await feed(store, submit("1"), for_job("1", JobAction.CANCEL))

    assert result(await feed(store, for_job("1", JobAction.CANCEL))).outcome == "unchanged"


async def test_what_cannot_be_done_says_why(store: MemoryStore) -> None:
    await feed(
        store,
        submit("1"),
        said(
            claim("1"),
            Advanced(job="1", attempt=1, seq=1, status=Status.PROCESSING),
            Finished(job="1", attempt=1, seq=2, files=0, bytes=0),
        ),
    )

    refused = result(await feed(store, for_job("1", JobAction.RETRY)))

    assert refused.outcome == "refused"
    assert "DONE" in english(refused.told)


async def test_a_job_or_plugin_nobody_knows_is_said_so(store: MemoryStore) -> None:
    job = result(await feed(store, for_job("9", JobAction.HOLD)))
    plugin = result(await feed(store, command(PluginCommand(plugin="ocr", action=PluginAction.STOP))))

    assert job.outcome == plugin.outcome == "unknown"


async def test_a_retry_does_not_make_a_second_holder_of_a_unique_key(store: MemoryStore) -> None:
    await feed(store, submit("1", unique="k"), for_job("1", JobAction.CANCEL), submit("2", unique="k"))

    refused = result(await feed(store, for_job("1", JobAction.RETRY)))

    assert (refused.outcome, store.jobs["1"].status) == ("refused", Status.CANCELLED)


async def test_no_claim_of_a_stopped_plugin_is_granted_until_its_restart(store: MemoryStore) -> None:
    await feed(store, submit("1"))

    stopped = await feed(store, for_plugin(PluginAction.STOP), said(claim("1")))
    await feed(store, for_plugin(PluginAction.RESTART), said(claim("1")))

    assert NudgePlugin("noop") in stopped.effects
    refusals = [
        e.reply for e in stopped.effects if isinstance(e, AnswerRunner) and isinstance(e.reply, Refusal)
    ]
    assert [refusal.reason for refusal in refusals] == ["paused"]
    assert store.jobs["1"].status is Status.WAITINGFORUPLOAD


@pytest.mark.parametrize(
    ("mode", "desired"), [(StopMode.SUSPEND, DesiredState.SUSPEND), (StopMode.FINISH, None)]
)
async def test_a_stop_suspends_running_jobs_or_lets_them_finish(
    store: MemoryStore, mode: StopMode, desired: DesiredState | None
) -> None:
    reference = AttemptReference(job="1", attempt=1)
    await feed(store, submit("1"), said(claim("1")), for_plugin(PluginAction.STOP, mode=mode))

    outcome = await feed(store, said(Heartbeat(slots=2, busy=1, running=(reference,))))

    states = (AttemptDesiredState(job="1", attempt=1, wish=desired),) if desired else ()
    assert (orders(outcome).paused, orders(outcome).wishes) == (True, states)


async def test_the_wish_to_cancel_is_in_every_answer(store: MemoryStore) -> None:
    reference = AttemptReference(job="1", attempt=1)
    await feed(store, submit("1"), said(claim("1")), for_job("1", JobAction.CANCEL))

    for _ in range(2):
        outcome = await feed(store, said(Heartbeat(slots=2, busy=1, running=(reference,))))
        assert orders(outcome).wishes == (AttemptDesiredState(job="1", attempt=1, wish=DesiredState.CANCEL),)


async def test_a_new_version_of_a_plugin_does_not_undo_its_stop(store: MemoryStore) -> None:
    await feed(store, for_plugin(PluginAction.STOP))
    newer = PluginManifest(name="noop", title="Noop", job_type="NOOP", version="2")

    hello = Hello(manifest=newer, host="h", version="1", slots=2, transfers=1, started_at=NOW, running=())
    outcome = await feed(store, said(hello))

    assert orders(outcome).paused
    assert store.installed["noop"].manifest.version == "2"


async def test_refusing_and_limiting_are_switches_of_their_own(store: MemoryStore) -> None:
    await feed(store, for_plugin(PluginAction.REFUSE), for_plugin(PluginAction.LIMIT, max_running=1))
    limited = store.installed["noop"]
    await feed(store, for_plugin(PluginAction.ACCEPT), for_plugin(PluginAction.LIMIT))

    assert (limited.accepting, limited.limit, limited.paused) == (False, 1, False)
    assert (store.installed["noop"].accepting, store.installed["noop"].limit) == (True, None)


async def test_a_stop_ends_by_itself_at_its_time_and_not_before(store: MemoryStore, clock: SetClock) -> None:
    until = NOW + timedelta(minutes=5)
    await feed(store, for_plugin(PluginAction.STOP, until=until))
    publisher = FakePublisher()
    timer = StopTimer(store, publisher, Topology(), clock)

    await timer.run_once()
    early = len(publisher.messages)
    clock.moment = until
    await timer.run_once()
    restart = decode_inbox(publisher.messages[-1].body)
    assert isinstance(restart, Command)
    await feed(store, restart)

    assert early == 0
    assert not store.installed["noop"].paused
    assert [(entry.actor, entry.reason) for entry in store.audit.values()][1:] == [("timer", "")]
    assert [entry.why for entry in store.audit.values()] == [
        None,
        automatic.STOP_OVER(by="anna", until=until),
    ]


async def ended(store: MemoryStore, job: str, *, well: bool) -> Decision:
    end: RunnerEvent = Finished(job=job, attempt=1, seq=2, files=0, bytes=0)
    if not well:
        end = Failed(job=job, attempt=1, seq=2, error=JobError(message="no disk", kind="Test"))
    advanced = Advanced(job=job, attempt=1, seq=1, status=Status.PROCESSING)
    return await feed(store, submit(job), said(claim(job), advanced, end))


async def test_failures_in_a_row_stop_the_plugin_and_a_success_begins_the_count_again(
    store: MemoryStore,
) -> None:
    manifest = PluginManifest(name="noop", title="Noop", job_type="NOOP", stop_after_failures=3)
    hello = Hello(manifest=manifest, host="h", version="1", slots=2, transfers=1, started_at=NOW, running=())
    await feed(store, said(hello))

    for number, well in enumerate([False, False, True, False, False]):
        await ended(store, f"{number}", well=well)
    before = store.installed["noop"].paused
    outcome = await ended(store, "9", well=False)

    stop = store.installed["noop"].stop
    assert not before
    assert stop is not None
    assert (stop.by, stop.mode, stop.reason) == ("circuit breaker", StopMode.FINISH, "")
    assert stop.why == automatic.FAILURES_IN_A_ROW(count=3, job="9", error="no disk")
    assert NudgePlugin("noop") in outcome.effects
