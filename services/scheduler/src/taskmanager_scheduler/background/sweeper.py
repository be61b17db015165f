"""Finds what was missed: expired leases, and tickets that are owed or were lost with their queue.

Only the scheduler that has the inbox does this, since it alone assigns jobs their places. Leases are checked
only when its own tick has come through the inbox, so that every heartbeat sent before it has been counted.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

from taskmanager.errors import TaskManagerError, TemporaryError
from taskmanager.messages import Tick
from taskmanager.messages.topology import Topology
from taskmanager.model.jobs import Job
from taskmanager.model.partitions import WHOLE, Partition
from taskmanager.ports.broker import Publisher
from taskmanager.ports.clock import Clock
from taskmanager.ports.store import Needs, Snapshot, Store
from taskmanager.process import tracing
from taskmanager.process.lifecycle import pause
from taskmanager.process.logs import get_logger
from taskmanager_scheduler.background.duty import MISSED_TICKS, Duty
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.decisions.decision_metrics import record_decision
from taskmanager_scheduler.decisions.group_state import GroupState
from taskmanager_scheduler.decisions.job_metrics import metrics_of
from taskmanager_scheduler.decisions.run_order import place_of
from taskmanager_scheduler.effects.dispatcher import Dispatcher
from taskmanager_scheduler.effects.tickets import note_tickets
from taskmanager_scheduler.jobs.events import BackoffOver, LeaseEnded
from taskmanager_scheduler.jobs.moves import ticket_for
from taskmanager_scheduler.jobs.starts import LEASE
from taskmanager_scheduler.metrics import INBOX_ACTIVE, QUEUE_REACHABLE

PAGE = 500
OWED_AFTER = timedelta(seconds=2)
"""A ticket is published right after its cause is stored; it counts as owed only after this time."""

log = get_logger(__name__)


class LeaseWatch:
    """Ends expired leases, but none in the first lease period after the inbox was (re)connected."""

    def __init__(
        self, store: Store, dispatcher: Dispatcher, clock: Clock, partition: Partition = WHOLE
    ) -> None:
        """No lease is ended until `reconnected` has been called and a lease period has passed."""
        self._store = store
        self._dispatcher = dispatcher
        self._clock = clock
        self._partition = partition
        self._not_before = float("inf")

    def reconnected(self) -> None:
        """Restart the grace period, since heartbeats may have been lost until now."""
        self._not_before = time.monotonic() + LEASE.total_seconds()

    async def end_leases(self) -> None:
        """Requeue or park every job whose lease has expired; raises StoreUnavailableError."""
        if time.monotonic() < self._not_before:
            return
        now = self._clock.now()

        def decide(snapshot: Snapshot) -> Decision:
            group = GroupState(snapshot, now)
            for job in sorted(snapshot.jobs.values(), key=place_of):
                group.move(job.id, LeaseEnded())
            return group.decision()

        overdue = Needs(leases_before=now, partition=self._partition, limit=PAGE)
        decision = await self._store.apply(overdue, decide)
        for _, job in decision.jobs:
            metrics_of(job.plugin).leases_expired.inc()
            with tracing.during(job.traceparent):
                log.warning(
                    "lease_expired", job=job.id, plugin=job.plugin, attempt=job.attempt, status=job.status
                )
        record_decision(decision, 0)
        sent = await self._dispatcher.carry_out(decision)
        await note_tickets(self._store, self._clock, decision.effects, sent)


class TicketSweep:
    """Publishes tickets that are owed, and those of jobs that are waiting although their queue is empty."""

    def __init__(
        self,
        store: Store,
        dispatcher: Dispatcher,
        clock: Clock,
        *,
        missing_after: timedelta,
        waiting_messages: Callable[[str], Awaitable[int]],
        partition: Partition = WHOLE,
    ) -> None:
        """`waiting_messages` counts a plugin queue's ready messages, declaring the queue if it is missing."""
        self._store = store
        self._dispatcher = dispatcher
        self._clock = clock
        self._missing_after = missing_after
        self._waiting_messages = waiting_messages
        self._partition = partition
        self._empty_before: set[str] = set()
        self._shown: set[str] = set()
        """Plugins whose queue is shown as reachable or not."""

    def stand_by(self) -> None:
        """Show nothing of the queues: another scheduler looks at them."""
        for plugin in self._shown:
            QUEUE_REACHABLE.remove(plugin)
        self._shown.clear()

    async def run_once(self) -> None:
        """Sweep once; raises TemporaryError."""
        await self._send_owed()
        await self._remake_missing()

    async def _send_owed(self) -> None:
        """Send them in order of place; a job that has backed off takes its place now, not before."""
        now = self._clock.now()
        owed: dict[str, Job] = {}

        def decide(snapshot: Snapshot) -> Decision:
            group = GroupState(snapshot, now)
            for job in sorted(snapshot.jobs.values(), key=place_of):
                group.move(job.id, BackoffOver())
            owed.clear()
            owed.update(snapshot.jobs)
            return group.decision()

        due = Needs(tickets_before=now - OWED_AFTER, partition=self._partition, limit=PAGE)
        decision = await self._store.apply(due, decide)
        owed.update((job.id, job) for _, job in decision.jobs)
        tickets = [ticket_for(job) for job in sorted(owed.values(), key=place_of)]
        for ticket in tickets:
            metrics_of(ticket.plugin).tickets_owed.inc()
        sent = await self._dispatcher.send_tickets(tickets)
        await note_tickets(self._store, self._clock, tickets, sent)

    async def _remake_missing(self) -> None:
        """A queue found empty twice in a row while jobs are waiting has lost tickets.

        All queues are checked concurrently, so that one that does not respond holds up none of the others.
        """
        installed = await self._store.plugins()
        names = [plugin.name for plugin in installed if self._partition.holds(plugin.name)]
        found = await asyncio.gather(*map(self._is_empty, names))
        empty = {name for name, is_empty in zip(names, found, strict=True) if is_empty}
        for name in sorted(empty & self._empty_before):
            await self._remake(name)
        self._empty_before = empty

    async def _is_empty(self, plugin: str) -> bool:
        """Whether no ticket is waiting for the plugin; False if its queue cannot be reached."""
        reachable, self._shown = QUEUE_REACHABLE.labels(plugin), self._shown | {plugin}
        try:
            waiting = await self._waiting_messages(plugin)
        except TemporaryError as error:
            reachable.set(0)
            log.warning("plugin_queue_unavailable", plugin=plugin, error=str(error))
            return False
        reachable.set(1)
        return waiting == 0

    async def _remake(self, plugin: str) -> None:
        """Page by page; the next one is read while the tickets of one are sent."""
        before = self._clock.now() - self._missing_after
        jobs = await self._store.waiting(plugin, before=before, after=None, limit=PAGE)
        while jobs:
            last = jobs[-1]
            after = (last.turn, last.queued_at, last.id)
            sent, behind = await asyncio.gather(
                self._dispatcher.send_tickets([ticket_for(job) for job in jobs]),
                self._store.waiting(plugin, before=before, after=after, limit=PAGE),
            )
            metrics_of(plugin).tickets_missing.inc(len(sent))
            log.warning("tickets_remade", plugin=plugin, tickets=len(sent))
            if len(sent) < len(jobs):
                return
            jobs = behind


class Sweeper:
    """Sends the tick and runs the ticket sweep at an interval."""

    def __init__(
        self,
        tickets: TicketSweep,
        publisher: Publisher,
        topology: Topology,
        *,
        scheduler: str,
        interval: timedelta,
        partition: Partition = WHOLE,
    ) -> None:
        """The tick is sent in the name of `scheduler`."""
        self._tickets = tickets
        self._publisher = publisher
        self._topology = topology
        self._tick = Tick(scheduler=scheduler).encode()
        self._interval = interval
        self._duty = Duty(MISSED_TICKS * interval)
        self._partition = partition
        INBOX_ACTIVE.labels(str(partition.number)).set_function(lambda: float(self._duty.on))

    @property
    def active(self) -> bool:
        """Whether this scheduler has the partition's inbox."""
        return self._duty.on

    def ticked(self) -> None:
        """Record a tick that came through the inbox: this scheduler is responsible for the tickets."""
        self._duty.ticked()

    def relieved(self) -> None:
        """Record that this scheduler has given the inbox up."""
        self._duty.end()

    async def run_once(self) -> None:
        """Send one tick, and sweep if this scheduler is the active one; raises TemporaryError."""
        if not self._duty.on:
            self._tickets.stand_by()
        key = self._topology.tick_key_of(self._partition.number)
        await self._publisher.publish(self._topology.events, key, self._tick)
        if self._duty.on:
            await self._tickets.run_once()

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep until `stop`; a sweep that fails is left to the next one."""
        while not await pause(stop, self._interval):
            try:
                await self.run_once()
            except TemporaryError as error:
                log.warning("sweep_failed", error=str(error))
            except TaskManagerError as error:
                log.error("sweep_refused", error=str(error))  # noqa: TRY400 - the message says it all
