"""The part of the scheduler that changes how many runners are wanted: on duty only, by audited commands."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.contract.test_job_reader import job

from taskmanager.messages import Command, ScalingCommand, decode_inbox
from taskmanager.messages.topology import Topology
from taskmanager.model.control import Stop
from taskmanager.model.manifest import PluginManifest
from taskmanager.model.partitions import Partition
from taskmanager.model.reasons.automatic import SCALING
from taskmanager.model.registry import InstalledPlugin, RunnerState
from taskmanager.model.replicas import Replica, ReplicaSet, ReplicaState, ScalingMode, Wish
from taskmanager.model.states import Status
from taskmanager_scheduler.background.auto_scaler import AutoScaler
from taskmanager_scheduler.replicas.auto import Patience
from taskmanager_testing.clock import SetClock
from taskmanager_testing.publisher import FakePublisher
from taskmanager_testing.reader import FakeReader

NOW = datetime(2026, 11, 28, 12, 0, 0, tzinfo=UTC)
AUTO = Wish(mode=ScalingMode.AUTO, min=0, max=3)
PATIENCE = Patience(timedelta(seconds=30), timedelta(minutes=5))
HOUR = timedelta(hours=1)


class Bench:
    """A reader in memory, and what was published."""

    def __init__(self, partition: Partition | None = None) -> None:
        self.reader, self.publisher, self.clock = FakeReader(), FakePublisher(), SetClock(NOW)
        partition = partition or Partition(0, 1)
        self.topology = Topology(partitions=partition.of)
        self.scaler = AutoScaler(
            self.reader,
            self.publisher,
            self.topology,
            self.clock,
            PATIENCE,
            duty=HOUR,
            partition=partition,
        )
        self.scaler.ticked()

    def keep(self, wish: Wish = AUTO, *runners: str, most: int = 9, busy: int = 0) -> None:
        """One place with these runners, all alive with two slots."""
        replicas = tuple(Replica(name=one, runner=one, state=ReplicaState.RUNNING) for one in runners)
        for name in runners:
            self.reader.known_runners[name] = RunnerState(
                id=name,
                instance="i",
                plugin="noop",
                host="h",
                version="1",
                slots=2,
                transfers=1,
                busy=busy,
                started_at=NOW,
                last_heartbeat=NOW,
            )
        one = ReplicaSet(
            plugin="noop",
            place="here",
            wish=wish,
            engine="fake",
            most=most,
            agent="a",
            reported=NOW,
            replicas=replicas,
            slots=2,
        )
        self.reader.known_replicas[one.key] = one

    def wait(self, count: int, status: Status = Status.STARTED) -> None:
        for number in range(count):
            self.reader.put(job(number, status=status).model_copy(update={"queued_at": NOW}))

    async def orders(self) -> list[ScalingCommand]:
        before = len(self.publisher.messages)
        await self.scaler.run_once()
        commands = [decode_inbox(one.body) for one in self.publisher.messages[before:]]
        assert all(isinstance(one, Command) and one.actor == SCALING for one in commands)
        orders = [one.order for one in commands if isinstance(one, Command)]
        return [order for order in orders if isinstance(order, ScalingCommand)]


async def test_the_first_runner_is_ordered_for_the_first_job() -> None:
    bench = Bench()
    bench.keep()
    assert await bench.orders() == []
    bench.wait(1)
    [order] = await bench.orders()
    assert (order.plugin, order.place, order.desired, order.mode) == ("noop", "here", 1, None)
    assert bench.publisher.messages[-1].key == bench.topology.command_key


async def test_more_are_ordered_once_a_job_has_waited_and_no_slot_is_free() -> None:
    bench = Bench()
    bench.keep(AUTO.model_copy(update={"desired": 1}), "r1", busy=2)
    bench.wait(8)
    assert await bench.orders() == []
    bench.clock.moment = NOW + PATIENCE.wait
    assert [order.desired for order in await bench.orders()] == [3]


async def test_fewer_are_ordered_after_the_cool_down_by_the_same_scheduler() -> None:
    bench = Bench()
    bench.keep(AUTO.model_copy(update={"desired": 2}), "r1", "r2")
    assert await bench.orders() == []
    bench.clock.moment = NOW + PATIENCE.cool_down
    assert [order.desired for order in await bench.orders()] == [0]


async def test_a_scheduler_that_was_relieved_has_forgotten_how_long_runners_idled() -> None:
    bench = Bench()
    bench.keep(AUTO.model_copy(update={"desired": 2}), "r1", "r2")
    await bench.orders()
    bench.scaler.relieved()
    bench.clock.moment = NOW + PATIENCE.cool_down
    assert await bench.orders() == []
    bench.scaler.ticked()
    assert await bench.orders() == []


@pytest.mark.parametrize("wish", [Wish(desired=0, max=3), AUTO.model_copy(update={"max": 0})])
async def test_nothing_is_ordered_where_it_is_not_left_to_the_scheduler(wish: Wish) -> None:
    bench = Bench()
    bench.keep(wish)
    bench.wait(3)
    assert await bench.orders() == []


async def test_jobs_that_could_not_start_need_no_runner() -> None:
    bench = Bench()
    bench.keep()
    bench.wait(9)
    plugin = InstalledPlugin(
        manifest=PluginManifest(name="noop", title="Noop", job_type="NOOP"), installed_at=NOW, max_running=3
    )
    bench.reader.install(plugin)
    assert [order.desired for order in await bench.orders()] == [2]
    bench.reader.install(plugin.model_copy(update={"stop": Stop(by="anna", at=NOW)}))
    assert await bench.orders() == []


async def test_the_limit_of_the_place_is_never_exceeded() -> None:
    bench = Bench()
    bench.keep(most=1)
    bench.wait(9)
    assert [order.desired for order in await bench.orders()] == [1]


async def test_each_partition_looks_after_its_own_plugins() -> None:
    own = Topology(partitions=2).partition_of("noop")
    for number in range(2):
        bench = Bench(Partition(number, 2))
        bench.keep()
        bench.wait(1)
        orders = await bench.orders()
        assert len(orders) == (1 if number == own else 0)
