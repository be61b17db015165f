"""A scheduler that stood by takes over: what it saw meanwhile must not count against what was stored."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from taskmanager.messages import (
    Advanced,
    Claim,
    Command,
    Finished,
    Hello,
    Inbound,
    JobCommand,
    PluginCommand,
    RunnerEvent,
    RunnerEvents,
    Submit,
)
from taskmanager.messages.topology import Topology
from taskmanager.model.control import JobAction, PluginAction
from taskmanager.model.jobs import JobSpec
from taskmanager.model.manifest import PluginManifest
from taskmanager.model.states import Status
from taskmanager.mongo import MongoStore
from taskmanager.ports.broker import Delivery
from taskmanager.ports.store import Needs, Snapshot
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.decisions.group_state import decide
from taskmanager_scheduler.decisions.needs import needs_of
from taskmanager_scheduler.effects.dispatcher import Dispatcher
from taskmanager_scheduler.inbox.consumer import InboxConsumer
from taskmanager_scheduler.inbox.group_reader import GroupReader
from taskmanager_scheduler.inbox.senders import Senders
from taskmanager_testing.clock import SetClock
from taskmanager_testing.publisher import FakePublisher
from taskmanager_testing.waiting import eventually_async

TOPOLOGY = Topology("t")
NOW = datetime(2027, 1, 1, tzinfo=UTC)


def key_of(message: Inbound) -> str:
    """The routing key it comes with."""
    if isinstance(message, RunnerEvents):
        return TOPOLOGY.events_key(message.plugin)
    return message.spec.plugin if isinstance(message, Submit) else TOPOLOGY.tick_key


@pytest.fixture
async def active(mongodb_url: str) -> AsyncIterator[MongoStore]:
    """The store of the scheduler that has the inbox at first."""
    made = MongoStore(mongodb_url)
    yield made
    await made.close()


class Standby:
    """The other scheduler: connected, sweeping, and not served yet."""

    def __init__(self, store: MongoStore) -> None:
        self.store = store
        dispatcher = Dispatcher(FakePublisher(), TOPOLOGY, _nothing_to_declare)
        self._inbox = InboxConsumer(
            store,
            dispatcher,
            SetClock(NOW),
            GroupReader(100, Senders(TOPOLOGY), dispatcher.early, dispatcher.block_sizes),
            on_tick=_nothing,
            on_turn=store.look_anew,
        )

    async def sweep(self, *jobs: str) -> None:
        """What a sweep reads in every scheduler."""
        await self.store.plugins()
        await look(self.store, *jobs)

    async def take_over(self, *messages: Inbound) -> None:
        """Be served these messages, and take care of them."""
        for tag, message in enumerate(messages, start=1):
            self._inbox.deliver(Delivery(message.encode(), key_of(message), tag, generation=1))
        stop = asyncio.Event()
        running = asyncio.create_task(self._inbox.run(stop))
        await eventually_async(self._is_through)
        stop.set()
        await running

    async def _is_through(self) -> bool:
        return "last" in (await look(self.store, "last")).jobs


@pytest.fixture
async def standby(mongodb_url: str) -> AsyncIterator[Standby]:
    made = MongoStore(mongodb_url)
    yield Standby(made)
    await made.close()


async def _nothing(_schedulers: object) -> None:
    """A tick came through."""


async def _nothing_to_declare(_plugin: str) -> None:
    """A queue is wanted."""


def submit(job: str) -> Submit:
    return Submit(job=job, client="test", submitted_at=NOW, spec=JobSpec(plugin="noop"))


def said(*events: RunnerEvent) -> RunnerEvents:
    return RunnerEvents(plugin="noop", runner="r1", instance="a", events=events)


def hello() -> RunnerEvents:
    manifest = PluginManifest(name="noop", title="Noop", job_type="NOOP")
    return said(
        Hello(manifest=manifest, host="h", version="1", slots=2, transfers=1, started_at=NOW, running=())
    )


def stop() -> Command:
    order = PluginCommand(plugin="noop", action=PluginAction.STOP)
    return Command(id="stop", gateway="g", actor="anna", reason="", at=NOW, order=order)


def put_next(job: str) -> Command:
    order = JobCommand(job=job, action=JobAction.NEXT)
    return Command(id=f"next {job}", gateway="g", actor="anna", reason="", at=NOW, order=order)


async def feed(store: MongoStore, *messages: Inbound) -> None:
    await store.apply(needs_of(messages), lambda snapshot: decide(messages, snapshot, NOW))


async def look(store: MongoStore, *jobs: str) -> Snapshot:
    found: list[Snapshot] = []

    def see(snapshot: Snapshot) -> Decision:
        found.append(snapshot)
        return Decision()

    await store.apply(Needs(jobs=frozenset(jobs)), see)
    return found[-1]


async def test_a_stop_that_was_stored_meanwhile_counts_at_once(active: MongoStore, standby: Standby) -> None:
    await feed(active, hello(), submit("1"))
    await standby.sweep()
    await feed(active, stop())

    await standby.take_over(said(Claim(job="1", dispatch=1, claim_id="c")), submit("last"))

    await active.look_anew()
    assert (await look(active, "1")).jobs["1"].status is Status.STARTED


async def test_the_end_of_a_job_that_was_granted_meanwhile_counts(
    active: MongoStore, standby: Standby
) -> None:
    await feed(active, hello(), submit("1"))
    await standby.sweep("1")
    await feed(active, said(Claim(job="1", dispatch=1, claim_id="c")))
    await feed(active, said(Advanced(job="1", attempt=1, seq=1, status=Status.PROCESSING)))

    await standby.take_over(said(Finished(job="1", attempt=1, seq=2, files=0, bytes=0)), submit("last"))

    await active.look_anew()
    assert (await look(active, "1")).jobs["1"].status is Status.DONE


async def test_a_claim_is_not_refused_by_what_was_known_before_another_scheduler_wrote(
    active: MongoStore, standby: Standby
) -> None:
    """A refusal writes nothing, so no `rev` would show that it was decided on what is not true any more."""
    await feed(active, hello(), submit("1"))
    await feed(standby.store, put_next("1"))

    await feed(active, said(Claim(job="1", dispatch=2, claim_id="c")))

    await standby.store.look_anew()
    assert (await look(standby.store, "1")).jobs["1"].status is Status.WAITINGFORUPLOAD
