"""All that a scheduler does for one partition: its inbox, and what runs beside it while it has the inbox."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass

from taskmanager.messages.topology import Topology
from taskmanager.model.partitions import Partition
from taskmanager.ports.broker import Publisher, Subscription
from taskmanager.ports.clock import Clock
from taskmanager.ports.store import Store
from taskmanager.process.lifecycle import Part, run_parts
from taskmanager_scheduler.background.auto_scaler import AutoScaler, LoadReader
from taskmanager_scheduler.background.duty import MISSED_TICKS
from taskmanager_scheduler.background.sharing import Sharing
from taskmanager_scheduler.background.stop_timer import StopTimer
from taskmanager_scheduler.background.sweeper import LeaseWatch, Sweeper, TicketSweep
from taskmanager_scheduler.decisions.run_order import RunOrderedStore
from taskmanager_scheduler.effects.dispatcher import Dispatcher
from taskmanager_scheduler.goobi.reporter import Reporter
from taskmanager_scheduler.inbox.consumer import InboxConsumer
from taskmanager_scheduler.inbox.group_reader import GroupReader
from taskmanager_scheduler.inbox.inbox_gauges import WatchedInbox
from taskmanager_scheduler.inbox.senders import Senders
from taskmanager_scheduler.notifications.notifier import Notifier
from taskmanager_scheduler.operations.steps import Steps
from taskmanager_scheduler.operations.worker import OperationWorker
from taskmanager_scheduler.replicas.auto import Patience
from taskmanager_scheduler.settings import SchedulerSettings

HEARD_FROM_ALL = 3
"""After so many sweeps every runner has sent a heartbeat, which comes as often."""


@dataclass(frozen=True)
class Common:
    """What the partitions of one scheduler have in common.

    Attributes:
        name: what the scheduler is called in its ticks.
        routes: a publisher that also renews the ways to private queues.
        declare_queue: declares a plugin's queue.
        waiting_tickets: counts the tickets that wait in a plugin's queue.
        reporter: delivers to Goobi for whoever has the home's inbox.
        notifier: tells people for whoever has it.
        reader: reads how much there is to do, for those that scale.
    """

    name: str
    settings: SchedulerSettings
    publisher: Publisher
    routes: Publisher
    clock: Clock
    declare_queue: Callable[[str], Awaitable[None]]
    waiting_tickets: Callable[[str], Awaitable[int]]
    reporter: Reporter
    notifier: Notifier
    reader: LoadReader

    @property
    def topology(self) -> Topology:
        """The names in the broker."""
        return self.settings.topology


class PartitionWork:
    """The work for one partition: it knows nothing of the others, as if each had a process of its own."""

    def __init__(
        self,
        partition: Partition,
        database: Store,
        senders: Senders,
        common: Common,
        *,
        on_turn: Callable[[], Awaitable[None]],
    ) -> None:
        """`on_turn` is called when the inbox becomes this scheduler's: others may have written until then.

        Call `attach` before `run`.
        """
        store, clock, settings = RunOrderedStore(database), common.clock, common.settings
        dispatcher = Dispatcher(
            common.routes,
            common.topology,
            common.declare_queue,
            early_tickets=settings.group_limit,
            acquainted_after=HEARD_FROM_ALL * settings.sweep_interval,
        )
        self._reporter = common.reporter if partition.is_home else None
        self._notifier = common.notifier if partition.is_home else None
        self._leases = LeaseWatch(store, dispatcher, clock, partition)
        self._operations = OperationWorker(
            store,
            dispatcher,
            clock,
            Steps(settings.operation_page_limit, urgent=lambda: self.inbox.urgency.on),
            active_for=MISSED_TICKS * settings.sweep_interval,
            partition=partition,
        )
        tickets = TicketSweep(
            store,
            dispatcher,
            clock,
            missing_after=settings.missing_after,
            waiting_messages=common.waiting_tickets,
            partition=partition,
        )
        self._sweeper = Sweeper(
            tickets,
            common.publisher,
            common.topology,
            scheduler=common.name,
            interval=settings.sweep_interval,
            partition=partition,
        )
        self._timer = StopTimer(store, common.publisher, common.topology, clock, partition)
        self._scaler = AutoScaler(
            common.reader,
            common.publisher,
            common.topology,
            clock,
            Patience(settings.scale_up_after, settings.scale_down_after),
            duty=MISSED_TICKS * settings.sweep_interval,
            partition=partition,
        )
        self._sharing = Sharing(
            partition,
            common.name,
            interval=settings.sweep_interval,
            plugins=store.plugins,
            give_up=self._give_up,
        )
        self._stand_back: Callable[[], Awaitable[None]] = _nothing
        self.inbox = InboxConsumer(
            store,
            dispatcher,
            clock,
            GroupReader(settings.group_limit, senders, dispatcher.early, dispatcher.block_sizes),
            on_tick=self._ticked,
            on_turn=on_turn,
        )

    @property
    def active(self) -> bool:
        """Whether this scheduler has the partition's inbox."""
        return self._sweeper.active

    def watched(self, ready: Callable[[], Awaitable[int]]) -> WatchedInbox:
        """Its inbox for the metrics; `ready` counts the messages in the queue."""
        return WatchedInbox(lambda: self.active, self.inbox.in_hand, ready)

    def attach(self, subscription: Subscription, stand_back: Callable[[], Awaitable[None]]) -> None:
        """Set where the deliveries of the inbox come from, and how to leave it to the next in line."""
        self.inbox.attach(subscription)
        self._stand_back = stand_back

    def reconnected(self) -> None:
        """The inbox was (re)connected."""
        self._leases.reconnected()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; the broker decides whether this scheduler gets anything from the inbox."""
        parts: Sequence[Part] = [
            self.inbox.run,
            self._sweeper.run,
            self._timer.run,
            self._scaler.run,
            self._operations.run,
            self._sharing.run,
        ]
        await run_parts(parts, stop)

    async def _ticked(self, schedulers: Collection[str]) -> None:
        self._sweeper.ticked()
        self._scaler.ticked()
        await self._operations.ticked()
        if self._reporter is not None:
            await self._reporter.ticked()
        if self._notifier is not None:
            self._notifier.ticked()
        self._sharing.ticked(schedulers)
        await self._leases.end_leases()

    async def _give_up(self) -> None:
        """Leave the inbox, and what depends on having it, to the next scheduler in line."""
        self._sweeper.relieved()
        self._scaler.relieved()
        self._operations.relieved()
        if self._reporter is not None:
            self._reporter.relieved()
        if self._notifier is not None:
            self._notifier.relieved()
        await self._stand_back()


async def _nothing() -> None:
    """Nothing to report, nothing to leave."""
