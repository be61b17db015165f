"""Tickets are made by the scheduler that has the inbox, and by no other."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskmanager.errors import BrokerUnavailableError, TaskManagerError
from taskmanager.messages import Submit, decode_tickets
from taskmanager.messages.topology import Topology
from taskmanager.model.jobs import Job, JobSpec
from taskmanager.model.manifest import PluginManifest
from taskmanager.model.registry import InstalledPlugin
from taskmanager.ports.broker import Outgoing
from taskmanager_scheduler.background import sweeper as module
from taskmanager_scheduler.background.sweeper import OWED_AFTER, Sweeper, TicketSweep
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.decisions.group_state import decide
from taskmanager_scheduler.decisions.needs import needs_of
from taskmanager_scheduler.effects.dispatcher import Dispatcher
from taskmanager_scheduler.jobs.effects import DeclarePlugin
from taskmanager_testing.publisher import FakePublisher, Published
from taskmanager_testing.store import MemoryStore
from taskmanager_testing.waiting import LONG_SECONDS, eventually_async

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


async def lost_queue(store: MemoryStore, publisher: FakePublisher, jobs: int) -> TicketSweep:
    """A sweep that has once found the queue empty in which the tickets of so many jobs should be."""
    manifest = PluginManifest(name="noop", title="noop", job_type="noop")
    store.installed["noop"] = InstalledPlugin(manifest=manifest, installed_at=NOW, rev=1)
    submissions = [
        Submit(job=f"{number}", client="c", submitted_at=NOW, spec=JobSpec(plugin="noop"))
        for number in range(jobs)
    ]
    await store.apply(needs_of(submissions), lambda snapshot: decide(submissions, snapshot, NOW))

    async def empty(_: str) -> int:
        return 0

    sweep = TicketSweep(
        store,
        Dispatcher(publisher, TOPOLOGY, nothing),
        Later(),
        missing_after=timedelta(seconds=1),
        waiting_messages=empty,
    )
    await sweep.run_once()
    return sweep


def ticketed(publisher: FakePublisher) -> list[str]:
    """The jobs of the tickets that were published."""
    return [ticket.job for one in publisher.messages for ticket in decode_tickets(one.body).tickets]


@pytest.mark.parametrize("jobs", [3, 4, 5])
async def test_the_tickets_of_a_lost_queue_are_made_again_page_by_page_as_their_jobs_start(
    monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    store, publisher = MemoryStore(Later()), FakePublisher()
    sweep = await lost_queue(store, publisher, jobs)
    assert ticketed(publisher) == []

    await sweep.run_once()

    assert ticketed(publisher) == [f"{number}" for number in range(jobs)]


async def test_the_next_page_is_read_while_the_tickets_of_one_are_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    store, publisher = MemoryStore(Later()), FakePublisher()
    sweep = await lost_queue(store, publisher, 4)
    pages: list[int] = []
    waiting = store.waiting

    async def read(plugin: str, **which: Any) -> Sequence[Job]:
        found = await waiting(plugin, **which)
        pages.append(len(found))
        return found

    monkeypatch.setattr(store, "waiting", read)
    publisher.confirms.clear()
    sweeping = asyncio.create_task(sweep.run_once())

    async def two_pages_read() -> bool:
        return pages == [2, 2]

    await eventually_async(two_pages_read)
    assert ticketed(publisher) == ["0", "1"]
    publisher.confirms.set()
    await sweeping
    assert pages == [2, 2, 0]


async def test_where_tickets_are_not_accepted_no_more_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    store, publisher = MemoryStore(Later()), FakePublisher()
    sweep = await lost_queue(store, publisher, 4)
    tries: list[int] = []
    publish_all = publisher.publish_all

    async def count(exchange: str, messages: Sequence[Outgoing], **how: Any) -> list[TaskManagerError | None]:
        tries.append(len(messages))
        return await publish_all(exchange, messages, **how)

    monkeypatch.setattr(publisher, "publish_all", count)
    publisher.routable = False
    await sweep.run_once()

    assert tries == [2]


class Unanswered:
    """Queues of a node that is gone: each is waited for until all have been asked for, and then given up."""

    def __init__(self) -> None:
        self._all = asyncio.Barrier(len(PLUGINS))
        self.asked: list[str] = []

    async def waiting(self, plugin: str) -> int:
        self.asked.append(plugin)
        async with asyncio.timeout(LONG_SECONDS):
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
