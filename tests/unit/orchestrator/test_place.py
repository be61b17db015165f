"""An orchestrator does what it is ordered, no more, and says what there is."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from tests.engines import BROKEN, CRASHING, STEADY, STUBBORN, FakeEngine, Machine

from taskmanager.messages import Notice, ReplicaOrders, ReplicasReported, decode_inbox
from taskmanager.messages.topology import Topology
from taskmanager.model.replicas import Replica, ReplicaState
from taskmanager.ports.broker import Delivery
from taskmanager_orchestrator.keeper import FRESH, Keeper
from taskmanager_orchestrator.place import REPORT, Place
from taskmanager_orchestrator.port import Found
from taskmanager_testing.publisher import FakePublisher

PATIENCE = timedelta(seconds=60)
FIRST_WAIT_SECONDS = 2.0


class Bench:
    """An orchestrator on an engine in memory, with a clock and a broker in memory."""

    def __init__(self, machine: Machine | None = None) -> None:
        self.machine = machine or Machine()
        self.engine = FakeEngine(self.machine, "here", [STEADY, STUBBORN, CRASHING])
        self.now = 100.0
        self.publisher = FakePublisher()
        most = {STEADY: 3, STUBBORN: 3, CRASHING: 3, BROKEN: 3}
        self.keeper = Keeper(self.engine, "here", most, patience=PATIENCE, seconds=lambda: self.now)
        self.place = Place(
            "here",
            self.engine,
            self.keeper,
            self.publisher,
            Topology(),
            plugins=most,
            seconds=lambda: self.now,
        )

    async def tick(self, after: float = 1.0) -> Sequence[ReplicasReported]:
        """Let time pass and tick; the reports that were sent."""
        self.now += after
        before = len(self.publisher.messages)
        await self.place.tick()
        reports = [decode_inbox(one.body) for one in self.publisher.messages[before:]]
        return [one for one in reports if isinstance(one, ReplicasReported)]

    async def told(self, plugin: str = STEADY) -> ReplicasReported:
        """A report of this plugin, asked for."""
        self.notice()
        [report] = [one for one in await self.tick() if one.plugin == plugin]
        return report

    async def ordered(self, wanted: int, *stop: str, plugin: str = STEADY) -> tuple[Replica, ...]:
        """Give orders and follow them; what is reported then."""
        report = await self.told(plugin)
        self.receive(
            ReplicaOrders(
                agent=report.agent, seq=report.seq, plugin=plugin, place="here", wanted=wanted, stop=stop
            )
        )
        return (await self.told(plugin)).replicas

    def receive(self, message: ReplicaOrders | Notice) -> None:
        self.place.on_control(Delivery(message.encode(), "", 1, 1))

    def notice(self) -> None:
        self.receive(Notice())

    def run(self, *numbers: int, plugin: str = STEADY) -> None:
        for number in numbers:
            name = f"here.{plugin}.{number}"
            self.machine.put("here", Found(plugin, name, name, ReplicaState.RUNNING))

    @property
    def names(self) -> list[str]:
        return sorted(self.machine.runners)


async def test_nothing_happens_without_orders() -> None:
    bench = Bench()
    bench.run(1, 2)
    report = await bench.told()
    assert [one.name for one in report.replicas] == ["here.steady.1", "here.steady.2"]
    assert bench.engine.asked == []


async def test_what_is_missing_is_started_under_the_lowest_free_names() -> None:
    bench = Bench()
    bench.run(2)
    replicas = await bench.ordered(3)
    assert [one.name for one in replicas] == ["here.steady.1", "here.steady.2", "here.steady.3"]
    assert [one.runner for one in replicas] == [one.name for one in replicas]


async def test_only_what_is_named_is_stopped() -> None:
    bench = Bench()
    bench.run(1, 2, 3)
    await bench.ordered(0)
    assert bench.engine.asked == []
    await bench.ordered(0, "here.steady.2")
    assert bench.engine.asked == ["here.steady.2"]


async def test_what_is_leaving_is_replaced_only_when_the_orders_no_longer_name_it() -> None:
    bench = Bench()
    bench.run(1, 2)
    await bench.ordered(2, "here.steady.1")
    await bench.ordered(2, "here.steady.1")
    assert bench.names == ["here.steady.2"]
    await bench.ordered(2)
    assert bench.names == ["here.steady.1", "here.steady.2"]


async def test_the_file_limits_what_is_ordered() -> None:
    bench = Bench()
    assert len(await bench.ordered(9)) == 3


async def test_orders_of_another_orchestrator_are_ignored() -> None:
    bench = Bench()
    bench.receive(ReplicaOrders(agent="another", seq=1, plugin=STEADY, place="here", wanted=2))
    await bench.tick()
    assert bench.names == []


async def test_orders_that_come_behind_later_ones_are_ignored() -> None:
    bench = Bench()
    bench.run(1)
    early, late = await bench.told(), await bench.told()
    orders = ReplicaOrders(agent=late.agent, seq=late.seq, plugin=STEADY, place="here", wanted=1)
    bench.receive(orders)
    bench.receive(orders.model_copy(update={"seq": early.seq, "stop": ("here.steady.1",)}))
    await bench.tick()
    assert bench.engine.asked == []


async def test_old_orders_are_not_followed_any_more() -> None:
    bench = Bench()
    await bench.ordered(1)
    bench.machine.runners.clear()
    await bench.tick(FRESH.total_seconds())
    assert bench.names == []


async def test_a_runner_that_does_not_end_is_killed_after_its_time() -> None:
    bench = Bench()
    bench.run(1, plugin=STUBBORN)
    [replica] = await bench.ordered(0, "here.stubborn.1", plugin=STUBBORN)
    assert replica.state is ReplicaState.STOPPING
    bench.now += PATIENCE.total_seconds() - 5
    await bench.ordered(0, "here.stubborn.1", plugin=STUBBORN)
    assert bench.engine.killed == []
    bench.now += 5
    await bench.ordered(0, "here.stubborn.1", plugin=STUBBORN)
    assert bench.engine.killed == ["here.stubborn.1"]
    assert bench.engine.asked == ["here.stubborn.1"]


async def test_a_crash_loop_is_backed_off_and_shown() -> None:
    bench = Bench()
    starts = []
    for _ in range(40):
        [replica] = await bench.ordered(1, plugin=CRASHING)
        starts.append(replica.failures)
    assert replica.state is ReplicaState.FAILING
    assert replica.detail == "exit code 3"
    assert replica.failures == 6  # in 80 seconds: after 2, 4, 8, 16 and 32 more
    assert starts == sorted(starts)


async def test_what_cannot_be_started_is_shown_and_tried_again() -> None:
    bench = Bench()
    [replica] = await bench.ordered(1, plugin=BROKEN)
    assert (replica.state, replica.failures) == (ReplicaState.FAILING, 1)
    assert replica.detail == f"no image for {BROKEN}"
    bench.now += FIRST_WAIT_SECONDS
    [replica] = await bench.ordered(1, plugin=BROKEN)
    assert replica.failures == 2
    assert await bench.ordered(0, replica.name, plugin=BROKEN) == ()


async def test_a_runner_that_ran_for_a_while_has_its_failures_forgotten() -> None:
    bench = Bench()
    await bench.ordered(1)
    bench.machine.end("here.steady.1", "exit code 1")
    [replica] = await bench.ordered(1)
    assert replica.failures == 1
    for _ in range(40):
        [replica] = await bench.ordered(1)
    assert (replica.state, replica.failures) == (ReplicaState.RUNNING, 0)


async def test_an_engine_that_is_away_is_reported_as_such() -> None:
    bench = Bench()
    await bench.ordered(1)
    bench.machine.available = False
    report = await bench.told()
    assert (report.problem, report.replicas) == ("fake: no answer", ())
    assert bench.place.check() == "fake: no answer"
    bench.machine.available = True
    assert (await bench.told()).problem is None
    assert bench.names == ["here.steady.1"]


async def test_a_new_orchestrator_finishes_what_the_last_one_began() -> None:
    first = Bench()
    first.engine.lingering = True
    first.run(1, 2)
    await first.ordered(1, "here.steady.1")
    second = Bench(first.machine)
    assert len((await second.told()).replicas) == 2
    await second.ordered(1, "here.steady.1")
    await second.tick()
    assert second.names == ["here.steady.2"]


async def test_runners_of_other_places_are_left_alone() -> None:
    bench = Bench()
    bench.machine.put("there", Found(STEADY, "there.steady.1", "there.steady.1", ReplicaState.RUNNING))
    await bench.ordered(0, "there.steady.1")
    assert bench.names == ["there.steady.1"]


async def test_a_plugin_that_left_the_file_may_have_no_runners() -> None:
    bench = Bench()
    bench.run(1, plugin="former")
    report = await bench.told("former")
    assert (report.most, len(report.replicas)) == (0, 1)


async def test_what_does_not_change_is_reported_only_now_and_then() -> None:
    bench = Bench()
    assert len(await bench.tick()) == 4
    assert await bench.tick() == []
    assert len(await bench.tick(REPORT.total_seconds())) == 4
    bench.run(1)
    assert [one.plugin for one in await bench.tick()] == [STEADY]


async def test_what_the_broker_did_not_take_is_reported_again() -> None:
    bench = Bench()
    bench.publisher.available = False
    await bench.tick()
    bench.publisher.available = True
    assert len(await bench.tick()) == 4


@pytest.mark.parametrize("body", [b"", b"{}", b'{"type":"replica_orders"}'])
async def test_a_message_that_is_none_is_dropped(body: bytes) -> None:
    bench = Bench()
    bench.place.on_control(Delivery(body, "", 1, 1))
    await bench.tick()
    assert bench.names == []
