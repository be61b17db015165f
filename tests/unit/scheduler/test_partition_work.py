"""What runs beside the inbox of a partition leaves the plugins of other partitions alone."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

from taskmanager.messages import (
    Claim,
    Command,
    Inbound,
    RunnerEvents,
    StartOperation,
    Submissions,
    Submit,
    Tick,
)
from taskmanager.messages.topology import Topology
from taskmanager.model.control import JobAction, Stop
from taskmanager.model.jobs import JobSpec
from taskmanager.model.manifest import PluginManifest
from taskmanager.model.operations import JobFilter, OperationState
from taskmanager.model.partitions import Partition
from taskmanager.model.registry import InstalledPlugin
from taskmanager_scheduler.background.stop_timer import StopTimer
from taskmanager_scheduler.background.sweeper import Sweeper, TicketSweep
from taskmanager_scheduler.decisions.group_state import decide
from taskmanager_scheduler.decisions.needs import needs_of
from taskmanager_scheduler.effects.dispatcher import Dispatcher
from taskmanager_scheduler.inbox.senders import Senders
from taskmanager_scheduler.operations.steps import Steps
from taskmanager_scheduler.operations.worker import OperationWorker
from taskmanager_testing.clock import SetClock
from taskmanager_testing.publisher import FakePublisher
from taskmanager_testing.store import MemoryStore

NOW = datetime(2027, 1, 1, tzinfo=UTC)
TOPOLOGY = Topology(partitions=2)
HOME, OTHER = Partition(0, 2), Partition(1, 2)
PLUGINS = ("sleep", "noop")
"""Of the home and of the other partition."""


async def _nothing(_plugin: str = "") -> None:
    """Nothing to declare or report."""


async def _none_waiting(_plugin: str) -> int:
    return 0


def store_with(*messages: Inbound) -> MemoryStore:
    """Both plugins installed, and these messages taken."""
    store = MemoryStore(SetClock(NOW))
    for name in PLUGINS:
        manifest = PluginManifest(name=name, title=name, job_type=name)
        store.installed[name] = InstalledPlugin(manifest=manifest, installed_at=NOW)

    async def feed() -> None:
        for message in messages:
            await store.apply(needs_of([message]), partial(decide, [message], now=NOW))

    asyncio.run(feed())
    return store


def submission(plugin: str, job: str) -> Submissions:
    submit = Submit(job=job, client="c", submitted_at=NOW, spec=JobSpec(plugin=plugin))
    return Submissions(submissions=(submit,))


def start(operation: str, plugin: str | None) -> Command:
    order = StartOperation(operation=operation, action=JobAction.HOLD, filter=JobFilter(plugin=plugin))
    return Command(id=f"start {operation}", gateway="g", actor="anna", at=NOW, order=order)


def test_an_operation_over_one_plugin_is_its_partitions_and_one_over_all_the_homes() -> None:
    store = store_with(
        *(submission(plugin, plugin) for plugin in PLUGINS),
        *(start(f"of {plugin}", plugin) for plugin in PLUGINS),
        start("of all", None),
    )
    clock = SetClock(NOW + timedelta(seconds=1))

    def worked_by(partition: Partition) -> set[str]:
        dispatcher = Dispatcher(FakePublisher(), TOPOLOGY, _nothing)
        worker = OperationWorker(
            store, dispatcher, clock, Steps(10, lambda: False), active_for=timedelta(1), partition=partition
        )
        before = {key: one.state for key, one in store.operations.items()}
        asyncio.run(worker.run_once())
        return {key for key, one in store.operations.items() if one.state is not before[key]}

    assert worked_by(OTHER) == {"of noop"}
    assert worked_by(HOME) == {"of sleep", "of all"}
    assert OperationState.WAITING not in {one.state for one in store.operations.values()}


def test_tickets_are_made_again_by_the_partition_of_the_plugin() -> None:
    store = store_with(*(submission(plugin, plugin) for plugin in PLUGINS))
    clock = SetClock(NOW + timedelta(minutes=1))

    async def sweep(partition: Partition) -> list[str]:
        publisher = FakePublisher()
        tickets = TicketSweep(
            store,
            Dispatcher(publisher, TOPOLOGY, _nothing),
            clock,
            missing_after=timedelta(),
            waiting_messages=_none_waiting,
            partition=partition,
        )
        await tickets.run_once()
        await tickets.run_once()
        return [one.key for one in publisher.messages if one.exchange == TOPOLOGY.dispatch]

    assert asyncio.run(sweep(HOME)) == ["sleep"]
    assert asyncio.run(sweep(OTHER)) == ["noop"]


def test_a_stop_that_is_over_is_ended_through_the_inbox_of_its_plugin() -> None:
    store = store_with()
    over = Stop(by="anna", at=NOW, until=NOW + timedelta(seconds=1))
    for name, plugin in store.installed.items():
        store.installed[name] = plugin.model_copy(update={"stop": over})
    for partition, name, key in (
        (HOME, "sleep", "gateway.command"),
        (OTHER, "noop", "gateway.command.1"),
    ):
        publisher = FakePublisher()
        timer = StopTimer(store, publisher, TOPOLOGY, SetClock(NOW + timedelta(seconds=2)), partition)
        asyncio.run(timer.run_once())
        [message] = publisher.messages
        assert message.key == key
        assert Command.model_validate_json(message.body).order.plugin == name  # type: ignore[union-attr]


def test_the_tick_goes_through_the_inbox_of_the_partition() -> None:
    for partition, key in ((HOME, "scheduler.tick"), (OTHER, "scheduler.tick.1")):
        publisher = FakePublisher()
        sweep = TicketSweep(
            MemoryStore(),
            Dispatcher(publisher, TOPOLOGY, _nothing),
            SetClock(NOW),
            missing_after=timedelta(),
            waiting_messages=_none_waiting,
        )
        sweeper = Sweeper(
            sweep,
            publisher,
            TOPOLOGY,
            scheduler="s",
            interval=timedelta(seconds=5),
            partition=partition,
        )
        asyncio.run(sweeper.run_once())
        assert [one.key for one in publisher.messages] == [key]


def test_what_runners_send_to_the_wrong_partition_is_not_believed() -> None:
    """Its heartbeats would be counted where no lease of its jobs is watched."""
    claim = Claim(job="1", dispatch=1, claim_id="c")
    events = RunnerEvents(plugin="noop", runner="r", instance="i", events=(claim,))
    at_home, at_other = Senders(TOPOLOGY), Senders(TOPOLOGY, partition=1)
    assert at_other.doubt(events, "noop.events.1", None) is None
    assert at_home.doubt(events, "noop.events", None)
    assert at_home.doubt(Tick(scheduler="s"), "scheduler.tick.1", None)
    assert at_other.doubt(Tick(scheduler="s"), "scheduler.tick.1", None) is None


def test_what_a_gateway_has_accepted_is_believed_wherever_it_comes() -> None:
    message = submission("noop", "1")
    assert Senders(TOPOLOGY).doubt(message, "gateway.submissions", None) is None
    assert Senders(TOPOLOGY, partition=1).doubt(message, "gateway.submissions.1", None) is None
    assert Senders(TOPOLOGY).doubt(message, "gateway.submissions.1", None)
