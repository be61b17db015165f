"""What the scheduler makes of orchestrators' reports: nobody is stopped who may have a job."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskmanager.messages import (
    AttemptReference,
    Claim,
    Command,
    CommandResult,
    Failed,
    Heartbeat,
    Hello,
    Inbound,
    ReplicaOrders,
    ReplicasReported,
    RunnerCommand,
    RunnerEvent,
    RunnerEvents,
    ScalingCommand,
    Submit,
)
from taskmanager.model.control import RunnerAction
from taskmanager.model.jobs import JobError, JobSpec
from taskmanager.model.manifest import PluginManifest
from taskmanager.model.reasons.automatic import SCALING
from taskmanager.model.registry import ALIVE_FOR
from taskmanager.model.replicas import (
    HEARD_WITHIN,
    Replica,
    ReplicaSet,
    ReplicaState,
    ScalingAction,
    ScalingMode,
)
from taskmanager_scheduler.background.replica_gauges import set_replica_gauges
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.decisions.group_state import decide
from taskmanager_scheduler.decisions.needs import needs_of
from taskmanager_scheduler.jobs.effects import AnswerGateway, NudgeOrchestrator, NudgeRunner, OrderReplicas
from taskmanager_scheduler.jobs.starts import LEASE
from taskmanager_scheduler.metrics import REPLICAS
from taskmanager_testing.store import MemoryStore

NOW = datetime(2026, 11, 28, 12, 0, 0, tzinfo=UTC)
BEAT = timedelta(seconds=5)
MANIFEST = PluginManifest(name="noop", title="Nothing", job_type="NOOP")
STARTING, RUNNING, FAILING = ReplicaState.STARTING, ReplicaState.RUNNING, ReplicaState.FAILING


class Place:
    """A place with an engine that does what it is ordered, one store, and a clock."""

    def __init__(self, *names: str, last_only: bool = False, most: int = 9) -> None:
        self.store = MemoryStore()
        self.now = NOW
        self.states = dict.fromkeys(names, RUNNING)
        self.last_only, self.most = last_only, most

    async def feed(self, *messages: Inbound) -> Decision:
        return await self.store.apply(
            needs_of(messages), lambda snapshot: decide(messages, snapshot, self.now)
        )

    async def hello(self, *names: str) -> None:
        hello = Hello(
            manifest=MANIFEST, host="h", version="1", slots=2, transfers=1, started_at=self.now, running=()
        )
        await self.feed(*(said(name, hello) for name in names))

    async def beat(self, *names: str, busy: int = 0) -> None:
        for name in names:
            at_work = [job for job in self.store.jobs.values() if job.owner == name]
            running = tuple(AttemptReference(job=job.id, attempt=job.attempt) for job in at_work)
            await self.feed(said(name, Heartbeat(slots=2, busy=busy or len(running), running=running)))

    async def report(self, **fields: Any) -> ReplicaOrders:
        decision = await self.feed(self.message(**fields))
        [orders] = [effect.orders for effect in decision.effects if isinstance(effect, OrderReplicas)]
        return orders

    def message(self, **fields: Any) -> ReplicasReported:
        replicas = tuple(Replica(name=name, runner=name, state=state) for name, state in self.states.items())
        facts = {"agent": "a", "seq": 1, "last_only": self.last_only, "most": self.most, "replicas": replicas}
        return ReplicasReported(plugin="noop", place="here", engine="fake", **(facts | fields))

    async def tell(
        self, action: ScalingAction = ScalingAction.SCALE, actor: str = "anna", **fields: Any
    ) -> tuple[CommandResult, Decision]:
        order = ScalingCommand(plugin="noop", place="here", action=action, **fields)
        identifier = f"c-{len(self.store.audit)}"
        decision = await self.feed(
            Command(id=identifier, gateway="g", actor=actor, reason="", at=self.now, order=order)
        )
        [answer] = [effect.result for effect in decision.effects if isinstance(effect, AnswerGateway)]
        return answer, decision

    async def work(self, runner: str, job: str) -> None:
        submit = Submit(job=job, client="c", submitted_at=self.now, spec=JobSpec(plugin="noop"))
        await self.feed(submit, said(runner, Claim(job=job, dispatch=1, claim_id=f"claim-{job}")))
        assert self.store.jobs[job].owner == runner

    async def finish(self, runner: str, job: str) -> None:
        error = JobError(message="no paper", kind="Test")
        await self.feed(said(runner, Failed(job=job, attempt=1, seq=9, error=error)))
        assert self.store.jobs[job].owner is None

    def later(self, by: timedelta = BEAT) -> None:
        self.now += by

    @property
    def stored(self) -> ReplicaSet:
        return self.store.replicas["here/noop"]


def said(runner: str, *events: RunnerEvent) -> RunnerEvents:
    return RunnerEvents(plugin="noop", runner=runner, instance=f"i-{runner}", events=events)


async def ready(*names: str, **facts: Any) -> Place:
    place = Place(*names, **facts)
    await place.hello(*names)
    await place.report()
    return place


async def test_a_first_report_makes_what_there_is_the_wish() -> None:
    place = await ready("r1", "r2")
    assert (await place.report()).wanted == 2
    assert (place.stored.wish.mode, place.stored.wish.desired) == (ScalingMode.MANUAL, 2)
    assert place.stored.slots == 2


async def test_an_idle_runner_is_drained_and_then_stopped_and_forgotten() -> None:
    place = await ready("r1", "r2")
    await place.tell(desired=1)
    orders = await place.report()
    assert (orders.wanted, orders.stop) == (1, ())
    [chosen] = place.stored.retiring
    drain = place.store.runners[chosen].drain
    assert drain is not None
    assert drain.by == SCALING
    place.later()
    await place.beat("r1", "r2")
    assert (await place.report()).stop == (chosen,)
    del place.states[chosen]
    orders = await place.report()
    assert (orders.wanted, orders.stop) == (1, ())
    assert set(place.store.runners) == set(place.states)


async def test_the_runner_of_a_drain_is_told_at_once() -> None:
    place = await ready("r1")
    await place.tell(desired=0)
    decision = await place.feed(place.message())
    assert NudgeRunner("noop", "r1") in decision.effects


async def test_no_runner_is_stopped_while_a_job_belongs_to_it() -> None:
    place = await ready("r1")
    await place.work("r1", "job")
    await place.tell(desired=0)
    for _ in range(5):
        assert (await place.report()).stop == ()
        place.later()
        await place.beat("r1")
    await place.finish("r1", "job")
    await place.beat("r1")
    assert (await place.report()).stop == ("r1",)


async def test_a_runner_that_says_it_is_busy_is_not_stopped() -> None:
    place = await ready("r1")
    await place.tell(desired=0)
    await place.report()
    place.later()
    await place.beat("r1", busy=1)
    assert (await place.report()).stop == ()
    place.later()
    await place.beat("r1")
    assert (await place.report()).stop == ("r1",)


async def test_a_drain_counts_only_once_the_runner_must_know_of_it() -> None:
    place = await ready("r1")
    await place.tell(desired=0)
    await place.report()
    place.later(BEAT / 2)
    await place.beat("r1")
    assert (await place.report()).stop == ()


async def test_a_silent_runner_is_stopped_only_after_a_lease() -> None:
    place = await ready("r1")
    await place.tell(desired=0)
    await place.report()
    place.later(LEASE)
    assert (await place.report()).stop == ()
    place.later()
    assert (await place.report()).stop == ("r1",)


async def test_the_idlest_goes_first() -> None:
    place = await ready("r1", "r2", "r3")
    await place.work("r1", "one")
    await place.work("r3", "three")
    await place.tell(desired=2)
    await place.report()
    assert place.stored.retiring == ("r2",)


async def test_what_does_not_work_goes_before_what_is_idle() -> None:
    place = Place("r1", "r2", "r3")
    place.states["r3"] = FAILING
    await place.hello("r1")
    await place.report()
    await place.tell(desired=1)
    assert set((await place.report()).stop) == {"r2", "r3"}


async def test_where_only_the_last_can_be_removed_it_goes_though_it_is_busy() -> None:
    place = await ready("r0", "r1", "r2", last_only=True)
    await place.work("r2", "two")
    await place.tell(desired=1)
    await place.report()
    assert place.stored.retiring == ("r1", "r2")
    place.later()
    await place.beat("r0", "r1", "r2")
    assert (await place.report()).stop == ()
    await place.finish("r2", "two")
    await place.beat("r2")
    assert set((await place.report()).stop) == {"r1", "r2"}


async def test_a_changed_mind_takes_back_a_drain_but_not_a_stop() -> None:
    place = await ready("r1", "r2")
    await place.work("r2", "job")
    await place.tell(desired=0)
    await place.report()
    place.later()
    await place.beat("r1", "r2")
    assert (await place.report()).stop == ("r1",)
    await place.tell(desired=2)
    orders = await place.report()
    assert (orders.wanted, orders.stop) == (2, ("r1",))
    assert place.store.runners["r2"].drain is None
    assert place.store.runners["r1"].drain is not None


async def test_a_runner_drained_by_a_person_stays_so() -> None:
    place = await ready("r1")
    drain = RunnerCommand(runner="r1", action=RunnerAction.DRAIN)
    await place.feed(Command(id="d", gateway="g", actor="anna", reason="", at=place.now, order=drain))
    await place.report()
    runner = place.store.runners["r1"]
    assert runner.drain is not None
    assert runner.drain.by == "anna"


async def test_a_replica_that_vanished_while_it_was_drained_comes_back_working() -> None:
    place = await ready("r1", "r2")
    await place.work("r1", "job")
    await place.tell(desired=0)
    await place.report()
    del place.states["r1"]
    await place.report()
    assert place.store.runners["r1"].drain is None
    assert "r1" in place.store.runners


async def test_runners_are_replaced_one_by_one_and_only_after_the_last_one_works() -> None:
    place = await ready("r1", "r2")
    await place.tell(ScalingAction.RENEW)
    for name, other in (("r1", "r2"), ("r2", "r1")):
        await place.report()
        assert place.stored.retiring == (name,)
        place.later()
        await place.beat("r1", "r2")
        orders = await place.report()
        assert (orders.wanted, orders.stop) == (2, (name,))
        del place.states[name]
        assert (await place.report()).stop == ()
        place.states[name] = STARTING
        await place.report()
        assert place.stored.leaving == frozenset()
        assert place.store.runners[other].drain is None
        place.states[name] = RUNNING
        await place.hello(name)
    await place.report()
    assert place.stored.renewing == ()
    assert place.stored.leaving == frozenset()


async def test_an_engine_that_is_away_changes_nothing() -> None:
    place = await ready("r1", "r2")
    decision = await place.feed(place.message(problem="no answer", replicas=()))
    assert not any(isinstance(effect, OrderReplicas) for effect in decision.effects)
    assert [replica.name for replica in place.stored.replicas] == ["r1", "r2"]
    assert place.stored.problem == "no answer"
    await place.report()
    assert place.stored.problem is None


async def test_another_orchestrator_goes_on_where_the_last_one_ended() -> None:
    place = await ready("r1")
    await place.tell(desired=0)
    await place.report()
    place.later()
    await place.beat("r1")
    assert (await place.report()).stop == ("r1",)
    orders = await place.report(agent="b")
    assert (orders.agent, orders.stop) == ("b", ("r1",))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"desired": 10}, "refusal.too_many_runners"),
        ({"mode": ScalingMode.AUTO, "min": 0, "max": 10}, "refusal.too_many_runners"),
        ({"mode": ScalingMode.AUTO, "min": 3, "max": 2}, "refusal.limits_crossed"),
    ],
)
async def test_what_cannot_be_is_refused(fields: dict[str, Any], code: str) -> None:
    place = await ready("r1")
    answer, _ = await place.tell(**fields)
    assert answer.outcome == "refused"
    assert answer.told.code == code
    assert place.stored.wish.desired == 1


async def test_a_wish_is_audited_and_makes_the_orchestrator_ask() -> None:
    place = await ready("r1")
    answer, decision = await place.tell(mode=ScalingMode.AUTO, min=1, max=4)
    assert answer.outcome == "done"
    assert NudgeOrchestrator("here") in decision.effects
    assert decision.changed_plugins == ["noop"]
    [entry] = place.store.audit.values()
    assert (entry.actor, entry.plugin, entry.asked.code) == ("anna", "noop", "deed.scale_auto")
    assert (await place.tell(mode=ScalingMode.AUTO, min=1, max=4))[0].outcome == "unchanged"


async def test_the_scheduler_changes_the_wish_only_where_it_was_left_to_it() -> None:
    place = await ready("r1")
    assert (await place.tell(actor=SCALING, desired=3))[0].outcome == "unchanged"
    await place.tell(mode=ScalingMode.AUTO, min=0, max=4)
    assert (await place.tell(actor=SCALING, desired=3))[0].outcome == "done"
    wished = place.stored.wished
    assert wished is not None
    assert wished.by == "anna"


async def test_an_unknown_place_is_answered_so() -> None:
    answer, _ = await Place().tell(desired=1)
    assert answer.outcome == "unknown"


async def test_a_place_is_forgotten_only_when_nobody_reports_from_there() -> None:
    place = await ready("r1")
    assert (await place.tell(ScalingAction.FORGET_PLACE))[0].outcome == "refused"
    place.later(HEARD_WITHIN + BEAT)
    assert (await place.tell(ScalingAction.FORGET_PLACE))[0].outcome == "done"
    assert place.store.replicas == {}


async def test_runners_of_a_statefulset_cannot_be_replaced_one_by_one() -> None:
    place = await ready("r0", last_only=True)
    assert (await place.tell(ScalingAction.RENEW))[0].told.code == "refusal.only_the_last"


async def test_a_runner_of_another_plugin_is_not_touched_whatever_is_reported() -> None:
    place = await ready("r1")
    other = PluginManifest(name="other", title="Other", job_type="OTHER")
    hello = Hello(manifest=other, host="h", version="1", slots=2, transfers=1, started_at=NOW, running=())
    await place.feed(RunnerEvents(plugin="other", runner="stranger", instance="s", events=(hello,)))
    place.states["stranger"] = RUNNING
    await place.tell(desired=0)
    await place.report()
    del place.states["stranger"]
    await place.report()
    assert place.store.runners["stranger"].drain is None


async def test_the_gauges_sum_what_is_shown_and_forget_what_is_gone() -> None:
    place = await ready("r1", "r2")
    place.states["r2"] = FAILING
    await place.report()
    set_replica_gauges([place.stored], list(place.store.runners.values()))
    assert [value(state) for state in ("wanted", "running", "failing", "draining")] == [2, 1, 1, 0]
    set_replica_gauges([], [])
    assert value("wanted") is None


def value(state: str) -> float | None:
    found = [
        sample.value
        for family in REPLICAS.collect()
        for sample in family.samples
        if sample.labels == {"plugin": "noop", "state": state}
    ]
    return found[0] if found else None


async def test_pages_are_told_of_changes_but_not_of_every_report() -> None:
    place = await ready("r1")
    assert (await place.feed(place.message())).changed_plugins == []
    place.states["r1"] = FAILING
    assert (await place.feed(place.message())).changed_plugins == ["noop"]


async def test_a_replica_is_well_only_while_its_runner_is_heard_from() -> None:
    place = await ready("r1", "r2")
    await place.tell(ScalingAction.RENEW)
    await place.report()
    place.later()
    await place.beat("r1", "r2")
    await place.report()
    del place.states["r1"]
    await place.report()
    place.states["r1"] = RUNNING
    await place.hello("r1")
    place.later(ALIVE_FOR + BEAT)
    await place.report()
    assert place.stored.leaving == frozenset()
