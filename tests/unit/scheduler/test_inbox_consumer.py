"""What the inbox does with messages that cannot be decided on, alone or only together."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import pytest

from taskmanager.errors import TaskManagerError
from taskmanager.messages import Inbound, Submissions, Submit, Tick
from taskmanager.messages.topology import Topology
from taskmanager.model.jobs import JobSpec
from taskmanager.ports.broker import Delivery, Outgoing
from taskmanager.ports.store import Needs, Plan, Snapshot
from taskmanager_scheduler.effects.dispatcher import Dispatcher
from taskmanager_scheduler.inbox.consumer import InboxConsumer
from taskmanager_scheduler.inbox.group_reader import GroupReader
from taskmanager_scheduler.inbox.senders import Senders
from taskmanager_testing.clock import SetClock
from taskmanager_testing.publisher import FakePublisher
from taskmanager_testing.store import MemoryStore
from taskmanager_testing.waiting import LONG_SECONDS

TOPOLOGY = Topology()
NOW = datetime(2027, 1, 1, tzinfo=UTC)
PlanT = TypeVar("PlanT", bound=Plan)


class BrittleStore(MemoryStore):
    """Fails for these jobs, or for more than so many at a time."""

    def __init__(self, *bad: str, at_most: int = 100) -> None:
        super().__init__(SetClock(NOW))
        self._bad, self._at_most = frozenset(bad), at_most

    async def apply(self, needs: Needs, decide: Callable[[Snapshot], PlanT]) -> PlanT:
        if needs.jobs & self._bad or len(needs.jobs) > self._at_most:
            raise ValueError("a defect")
        return await super().apply(needs, decide)


class Settled:
    """A subscription that records what becomes of each delivery."""

    ready = True

    def __init__(self) -> None:
        self.acknowledged: list[int] = []
        self.rejected: list[int] = []

    def holds(self, delivery: Delivery) -> bool:
        return delivery.tag not in {*self.acknowledged, *self.rejected}

    def ack(self, delivery: Delivery, *, multiple: bool = False) -> None:
        assert multiple
        self.acknowledged.append(delivery.tag)

    def reject(self, delivery: Delivery) -> None:
        self.rejected.append(delivery.tag)


def submissions(*jobs: str) -> Submissions:
    spec = JobSpec(plugin="noop")
    return Submissions(
        submissions=tuple(Submit(job=job, client="c", submitted_at=NOW, spec=spec) for job in jobs)
    )


async def take(
    store: MemoryStore, *messages: Inbound, early_tickets: int = 0
) -> tuple[Settled, FakePublisher]:
    """Feed these messages as one group, with a tick behind them, and stop once that has come through."""
    settled, publisher, stop = Settled(), FakePublisher(), asyncio.Event()

    async def on_tick(schedulers: Collection[str]) -> None:
        assert schedulers == {"s"}
        stop.set()

    async def nothing(_: str = "") -> None:
        """Nothing to declare, nothing to look at."""

    dispatcher = Dispatcher(publisher, TOPOLOGY, nothing, early_tickets=early_tickets)
    inbox = InboxConsumer(
        store,
        dispatcher,
        SetClock(NOW),
        GroupReader(100, Senders(TOPOLOGY), dispatcher.early, dispatcher.block_sizes),
        on_tick=on_tick,
        on_turn=nothing,
    )
    inbox.attach(settled)
    for tag, message in enumerate([*messages, Tick(scheduler="s")], start=1):
        key = TOPOLOGY.tick_key if isinstance(message, Tick) else TOPOLOGY.submissions_key
        inbox.deliver(Delivery(message.encode(), key, tag, generation=1))
    async with asyncio.timeout(LONG_SECONDS):
        await inbox.run(stop)
    return settled, publisher


def ticketed(publisher: FakePublisher) -> int:
    return sum(one.exchange == TOPOLOGY.dispatch for one in publisher.messages)


@pytest.mark.parametrize("early_tickets", [0, 100])
async def test_of_many_submissions_only_the_bad_one_is_not_stored(early_tickets: int) -> None:
    store = BrittleStore("2")

    settled, publisher = await take(
        store, submissions("1", "2", "3"), submissions("4"), early_tickets=early_tickets
    )

    assert sorted(store.jobs) == ["1", "3", "4"]
    assert settled.rejected == [1]  # whole: what it holds besides can be submitted again without harm
    assert settled.acknowledged == [2, 3]
    assert ticketed(publisher) == (4 if early_tickets else 3)  # that of the bad one is refused


async def test_submissions_that_fail_only_together_are_all_stored_and_acknowledged() -> None:
    store = BrittleStore(at_most=1)

    settled, publisher = await take(store, submissions("1", "2"))

    assert sorted(store.jobs) == ["1", "2"]
    assert settled.rejected == []
    assert settled.acknowledged == [1, 2]
    assert ticketed(publisher) == 2


@pytest.mark.parametrize("early_tickets", [0, 100])
async def test_a_ticket_that_could_not_be_sent_is_owed(
    monkeypatch: pytest.MonkeyPatch, early_tickets: int
) -> None:
    store = BrittleStore()
    publish_all = FakePublisher.publish_all

    async def without_route(
        self: FakePublisher, exchange: str, messages: Sequence[Outgoing], **options: bool
    ) -> list[TaskManagerError | None]:
        self.routable = exchange != TOPOLOGY.dispatch
        return await publish_all(self, exchange, messages, **options)

    monkeypatch.setattr(FakePublisher, "publish_all", without_route)

    settled, _ = await take(store, submissions("1"), early_tickets=early_tickets)

    assert store.jobs["1"].ticket_due == NOW
    assert settled.acknowledged == [2]  # of the same group
