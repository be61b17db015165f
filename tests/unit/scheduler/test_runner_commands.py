"""A drained runner is told so with every order, over its restarts, until it works again or is forgotten."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskmanager.messages import (
    Claim,
    Command,
    CommandResult,
    Heartbeat,
    Hello,
    Inbound,
    RunnerCommand,
    RunnerEvent,
    RunnerEvents,
    RunnerOrders,
    Submit,
)
from taskmanager.model.control import RunnerAction
from taskmanager.model.jobs import JobSpec
from taskmanager.model.manifest import PluginManifest
from taskmanager.model.registry import ALIVE_FOR
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.decisions.group_state import decide
from taskmanager_scheduler.decisions.needs import needs_of
from taskmanager_scheduler.jobs.effects import AnswerGateway, AnswerRunner, NudgeRunner
from taskmanager_scheduler.jobs.english import english
from taskmanager_testing.store import MemoryStore

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


class Bench:
    """A store and a clock."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.now = NOW

    async def feed(self, *messages: Inbound) -> Decision:
        return await self.store.apply(
            needs_of(messages), lambda snapshot: decide(messages, snapshot, self.now)
        )

    async def hello(self, instance: str = "a") -> RunnerOrders:
        manifest = PluginManifest(name="noop", title="Nothing", job_type="NOOP")
        hello = Hello(
            manifest=manifest, host="h", version="1", slots=2, transfers=1, started_at=NOW, running=()
        )
        return orders(await self.feed(said(hello, instance=instance)))

    async def beat(self) -> RunnerOrders:
        return orders(await self.feed(said(Heartbeat(slots=2, busy=0, running=()))))

    async def tell(self, action: RunnerAction, runner: str = "r1", **fields: Any) -> Decision:
        order = RunnerCommand(runner=runner, action=action, **fields)
        identifier = f"c-{len(self.store.audit)}"
        return await self.feed(
            Command(id=identifier, gateway="g", actor="anna", reason="new disk", at=self.now, order=order)
        )


def said(*events: RunnerEvent, instance: str = "a") -> RunnerEvents:
    return RunnerEvents(plugin="noop", runner="r1", instance=instance, events=events)


def orders(outcome: Decision) -> RunnerOrders:
    [found] = [
        e.reply for e in outcome.effects if isinstance(e, AnswerRunner) and isinstance(e.reply, RunnerOrders)
    ]
    return found


def result(outcome: Decision) -> CommandResult:
    [found] = [effect.result for effect in outcome.effects if isinstance(effect, AnswerGateway)]
    return found


@pytest.fixture
async def bench() -> Bench:
    made = Bench()
    await made.hello()
    return made


async def test_a_drain_is_stored_audited_and_made_quick(bench: Bench) -> None:
    outcome = await bench.tell(RunnerAction.DRAIN)

    assert result(outcome).outcome == "done"
    assert NudgeRunner("noop", "r1") in outcome.effects
    drain = bench.store.runners["r1"].drain
    assert drain is not None
    assert (drain.by, drain.reason, drain.until) == ("anna", "new disk", None)
    entry = bench.store.audit["c-0"]
    assert (english(entry.asked), entry.runner, entry.plugin) == ("drain", "r1", "noop")


async def test_every_order_says_it_over_a_restart_until_the_runner_is_resumed(bench: Bench) -> None:
    assert not (await bench.beat()).draining
    await bench.tell(RunnerAction.DRAIN)
    assert (await bench.beat()).draining
    assert (await bench.hello(instance="b")).draining
    await bench.tell(RunnerAction.RESUME)
    assert not (await bench.hello(instance="b")).draining


async def test_the_rest_of_the_grace_is_counted_by_the_schedulers_clock(bench: Bench) -> None:
    outcome = await bench.tell(RunnerAction.DRAIN, grace_seconds=60)
    assert english(bench.store.audit["c-0"].asked) == "drain, jobs handed back after 60 s"
    assert result(outcome).outcome == "done"
    bench.now += timedelta(seconds=45)
    assert (await bench.beat()).hand_back_seconds == 15
    bench.now += timedelta(minutes=10)
    assert (await bench.beat()).hand_back_seconds == 0


async def test_what_is_so_already_is_no_error(bench: Bench) -> None:
    assert result(await bench.tell(RunnerAction.RESUME)).outcome == "unchanged"
    await bench.tell(RunnerAction.DRAIN)
    assert result(await bench.tell(RunnerAction.DRAIN)).outcome == "unchanged"
    assert result(await bench.tell(RunnerAction.DRAIN, grace_seconds=1)).outcome == "done"
    assert result(await bench.tell(RunnerAction.DRAIN, runner="other")).outcome == "unknown"


async def test_a_runner_that_lives_is_not_forgotten(bench: Bench) -> None:
    refused = result(await bench.tell(RunnerAction.FORGET))
    assert refused.outcome == "refused"
    assert "alive" in english(refused.told)


async def test_a_runner_that_still_owns_jobs_is_not_forgotten(bench: Bench) -> None:
    spec = JobSpec(plugin="noop")
    await bench.feed(Submit(job="1", client="test", submitted_at=NOW, spec=spec))
    await bench.feed(said(Claim(job="1", dispatch=1, claim_id="x")))
    bench.now += ALIVE_FOR + timedelta(seconds=1)
    assert "owns 1 job" in english(result(await bench.tell(RunnerAction.FORGET)).told)


async def test_a_runner_that_is_gone_is_forgotten_and_may_come_again(bench: Bench) -> None:
    await bench.tell(RunnerAction.DRAIN)
    bench.now += ALIVE_FOR + timedelta(seconds=1)
    assert result(await bench.tell(RunnerAction.FORGET)).outcome == "done"
    assert "r1" not in bench.store.runners
    assert not (await bench.hello(instance="b")).draining
    assert "r1" in bench.store.runners
