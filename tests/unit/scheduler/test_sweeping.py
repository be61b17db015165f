"""Tickets are made by the scheduler that has the inbox, and by no other."""

import asyncio
from datetime import UTC, datetime, timedelta

from taskmanager.errors import BrokerUnavailableError
from taskmanager.messages import Submit
from taskmanager.messages.topology import Topology
from taskmanager.model.jobs import JobSpec
from taskmanager.model.manifest import PluginManifest
from taskmanager.model.registry import InstalledPlugin
from taskmanager_scheduler.background.sweeper import OWED_AFTER, Sweeper, TicketSweep
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.decisions.group_state import decide
from taskmanager_scheduler.decisions.needs import needs_of
from taskmanager_scheduler.effects.dispatcher import Dispatcher
from taskmanager_scheduler.jobs.effects import DeclarePlugin
from taskmanager_testing.publisher import FakePublisher, Published
from taskmanager_testing.store import MemoryStore

TOPOLOGY = Topology()
NOW = datetime(2027, 1, 1, tzinfo=UTC)
PLUGINS = ("jp2", "ocr", "shell")


class Later:
    """A clock that shows a moment at which every ticket of `NOW` is overdue."""

    def now(self) -> datetime:
        return NOW + 2 * OWED_AFTER


async def nothing(*_: object) -> None:
    """Nothing is declared and nothing reported."""


async def full(_: str) -> int:
    """No queue has lost its tickets."""
    return 1


async def test_a_ticket_that_is_owed_is_made_only_where_ticks_come_through_the_inbox() -> None:
    published: list[Published] = []
    store, publisher = MemoryStore(Later()), FakePublisher(published.append)
    submit = Submit(job="1", client="c", submitted_at=NOW, spec=JobSpec(plugin="noop"))
    await store.apply(needs_of([submit]), lambda snapshot: decide([submit], snapshot, NOW))
    store.jobs["1"] = store.jobs["1"].model_copy(update={"ticket_due": NOW})
    tickets = TicketSweep(
        store,
        Dispatcher(publisher, TOPOLOGY, nothing),
        Later(),
        missing_after=timedelta(seconds=1),
        waiting_messages=full,
    )
    sweeper = Sweeper(tickets, publisher, TOPOLOGY, scheduler="s", interval=timedelta(hours=1))

    await sweeper.run_once()
    by_one_that_stands_by = [one.exchange for one in published]
    sweeper.ticked()
    await sweeper.run_once()

    assert by_one_that_stands_by == [TOPOLOGY.events]
    assert [one.exchange for one in published].count(TOPOLOGY.dispatch) == 1
    assert store.jobs["1"].ticket_due is None


class Unanswered:
    """Queues of a node that is gone: each is waited for until all have been asked for, and then given up."""

    def __init__(self) -> None:
        self._all = asyncio.Barrier(len(PLUGINS))
        self.asked: list[str] = []

    async def waiting(self, plugin: str) -> int:
        self.asked.append(plugin)
        async with asyncio.timeout(20):
            await self._all.wait()
        message = "RabbitMQ did not answer queue_declare"
        raise BrokerUnavailableError(message)

    async def declare(self, plugin: str) -> None:
        await self.waiting(plugin)


async def test_queues_that_are_not_answered_for_hold_up_none_of_the_others() -> None:
    store, publisher = MemoryStore(Later()), FakePublisher()
    for name in PLUGINS:
        manifest = PluginManifest(name=name, title=name, job_type=name)
        store.installed[name] = InstalledPlugin(manifest=manifest, installed_at=NOW, rev=1)
    lost = Unanswered()
    tickets = TicketSweep(
        store,
        Dispatcher(publisher, TOPOLOGY, nothing),
        Later(),
        missing_after=timedelta(seconds=1),
        waiting_messages=lost.waiting,
    )

    await tickets.run_once()

    assert sorted(lost.asked) == sorted(PLUGINS)


async def test_queues_that_cannot_be_declared_hold_up_none_of_the_others() -> None:
    lost = Unanswered()
    dispatcher = Dispatcher(FakePublisher(), TOPOLOGY, lost.declare)

    await dispatcher.carry_out(Decision(effects=[DeclarePlugin(name) for name in PLUGINS]))

    assert sorted(lost.asked) == sorted(PLUGINS)
