"""Processes operations over many jobs, page by page, alongside the inbox.

A step is one transaction, of several pages while the inbox has nothing urgent and of one otherwise: the store
takes one call at a time, so the inbox gets its turn after every step. While a step is stored, the jobs of the
next one are read, and the tickets of the previous one published. Whichever process dies, the operation's
position says which pages are done and whose tickets are confirmed, and the scheduler that then has the inbox
does the rest. Two at once do no harm: a page is stored only once. Knows no database.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta

from taskmanager.errors import BrokerUnavailableError, TemporaryError
from taskmanager.model.operations import Operation, OperationState, page_key
from taskmanager.model.partitions import WHOLE, Partition
from taskmanager.model.reasons import automatic
from taskmanager.model.reasons.coded_text import shortened
from taskmanager.model.states import Status
from taskmanager.ports.clock import Clock
from taskmanager.ports.store import Needs, Snapshot, Store
from taskmanager.process.lifecycle import pause
from taskmanager.process.logs import get_logger
from taskmanager.process.retry import Backoff
from taskmanager_scheduler.background.duty import Duty
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.decisions.decision_metrics import record_decision
from taskmanager_scheduler.decisions.run_order import place_of
from taskmanager_scheduler.effects.dispatcher import Dispatcher
from taskmanager_scheduler.jobs.effects import DeclarePlugin, Effect, SendTicket
from taskmanager_scheduler.jobs.moves import ticket_for
from taskmanager_scheduler.metrics import OPERATION_JOBS, OPERATION_PAGES, OPERATIONS_OPEN
from taskmanager_scheduler.operations.pages import begin, give_up, needs_of_pages, pages_after, settle, work
from taskmanager_scheduler.operations.steps import Steps

LOOK = timedelta(seconds=0.5)
"""Time between two checks for operations while there are none."""
ERROR_CHARACTERS = 500
"""How much of an unexpected error is stored with the operation it stopped; all of it is in the log."""
log = get_logger(__name__)


class OperationWorker:
    """Advances every open operation by one step, repeatedly."""

    def __init__(
        self,
        store: Store,
        dispatcher: Dispatcher,
        clock: Clock,
        steps: Steps,
        *,
        active_for: timedelta,
        partition: Partition = WHOLE,
    ) -> None:
        """This scheduler works for `active_for` after each tick that came through the inbox."""
        self._store = store
        self._dispatcher = dispatcher
        self._clock = clock
        self._steps = steps
        self._partition = partition
        self._duty = Duty(active_for)
        self._sent: dict[str, int] = {}
        """Pages of each operation whose tickets are confirmed to be in their queues."""
        self._sending: dict[str, asyncio.Task[None]] = {}

    async def ticked(self) -> None:
        """Record a tick that came through the inbox: this scheduler is responsible for the operations."""
        self._duty.ticked()

    def relieved(self) -> None:
        """Record that this scheduler has given the inbox up."""
        self._duty.end()

    async def run_once(self) -> bool:
        """Take one step of every open operation of the partition; False if there are none.

        Raises TemporaryError.
        """
        everyones = await self._store.open_operations()
        OPERATIONS_OPEN.set(len(everyones))
        operations = [one for one in everyones if self._partition.holds(one.filter.plugin)]
        await self._part_from_all_but({operation.id for operation in operations})
        for operation in operations:
            await self._step(operation)
        return bool(operations)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; what fails is retried later from where it stopped."""
        backoff = Backoff("operations")
        try:
            while not stop.is_set():
                try:
                    busy = self._duty.on and await self.run_once()
                except TemporaryError as error:
                    await backoff.wait(str(error), stop)
                    continue
                backoff.reset()
                if not busy:
                    await pause(stop, LOOK)
        finally:
            await asyncio.gather(*self._sending.values(), return_exceptions=True)

    async def _step(self, operation: Operation) -> None:
        try:
            if operation.state is OperationState.WAITING:
                await self._begin(operation)
            elif operation.state is OperationState.RUNNING and operation.page < operation.pages:
                await self._work(operation)
            else:
                await self._settle(operation)
        except TemporaryError:
            raise
        except Exception as error:
            # One with an unexpected error must not stop the inbox and all other operations forever.
            log.exception("operation_failed", operation=operation.id)
            why = shortened(automatic.DEFECT(error=str(error)), ERROR_CHARACTERS)
            await self._apply(
                operation, lambda snapshot: give_up(snapshot, operation, self._clock.now(), why)
            )

    async def _begin(self, operation: Operation) -> None:
        listing = await self._store.list_jobs(operation, page=self._steps.page_jobs)
        decision = await self._apply(
            operation, lambda snapshot: begin(snapshot, operation, listing, self._clock.now())
        )
        await self._dispatcher.carry_out(decision)
        log.info("operation_begun", operation=operation.id, action=operation.action, jobs=listing.total)

    async def _work(self, operation: Operation) -> None:
        """Store the next pages and publish their tickets at once, behind those of the previous step.

        Those may still be in flight; any that were lost are sent again before these pages are stored.
        """
        sending = self._sending.get(operation.id)
        if sending is None or sending.done():
            await self._all_sent(operation)
        step = self._steps.pages(operation)
        began = time.perf_counter()
        sent = self._sent.get(operation.id, operation.ticketed)
        ahead = asyncio.create_task(self._store.look_ahead(pages_after(operation, step)))
        try:
            decision = await self._apply(
                operation,
                lambda snapshot: work(snapshot, operation, self._clock.now(), step=step, ticketed=sent),
                needs_of_pages(operation, step),
            )
            if decision.operations:
                self._observe(decision, time.perf_counter() - began)
                await self._publish(decision, operation, operation.page + step)
        finally:
            await ahead

    async def _publish(self, decision: Decision, operation: Operation, page: int) -> None:
        """Start publishing what leads up to `page`; return once the previous step is finished."""
        before = self._sending.get(operation.id)
        sending = self._send(operation.id, decision, page, before)
        self._sending[operation.id] = asyncio.create_task(sending, name=f"operation {operation.id}")
        if before is not None:
            await before

    async def _settle(self, operation: Operation) -> None:
        """Send the last tickets, then end the operation."""
        await self._all_sent(operation)
        decision = await self._apply(
            operation,
            lambda snapshot: settle(snapshot, operation, self._clock.now(), ticketed=operation.page),
        )
        await self._dispatcher.carry_out(decision)
        self._observe_end(decision)

    async def _all_sent(self, operation: Operation) -> None:
        """Return once the tickets of all pages before this one are in their queues.

        Any that another scheduler, or an earlier attempt, may have left are sent again: sending twice does no
        harm.
        """
        sending = self._sending.pop(operation.id, None)
        if sending is not None:
            await sending
        for page in range(self._sent.get(operation.id, operation.ticketed), operation.page):
            await self._send_again(operation, page)

    async def _send_again(self, operation: Operation, page: int) -> None:
        found: list[Snapshot] = []

        def look(snapshot: Snapshot) -> Decision:
            found.append(snapshot)
            return Decision()

        key = page_key(operation.listing or "", page)
        await self._store.apply(Needs(pages=frozenset({key})), look)
        jobs = sorted(found[-1].jobs.values(), key=place_of)
        waiting = [job for job in jobs if job.status is Status.STARTED]
        effects: list[Effect] = [*{DeclarePlugin(job.plugin) for job in waiting}, *map(ticket_for, waiting)]
        await self._send(operation.id, Decision(effects=effects), page + 1)

    async def _send(
        self, operation_id: str, decision: Decision, page: int, before: "asyncio.Task[None] | None" = None
    ) -> None:
        """Carry out the effects of the pages before `page`; raises BrokerUnavailableError.

        They count as sent only once the task `before` has finished, too.
        """
        sent = await self._dispatcher.carry_out(decision)
        if before is not None:
            await before
        wanted = sum(isinstance(effect, SendTicket) for effect in decision.effects)
        if len(sent) < wanted:
            message = f"{wanted - len(sent)} tickets of an operation did not reach their queue"
            raise BrokerUnavailableError(message)
        self._sent[operation_id] = page

    async def _apply(
        self, operation: Operation, decide: Callable[[Snapshot], Decision], needs: Needs | None = None
    ) -> Decision:
        return await self._store.apply(needs or Needs(operations=frozenset({operation.id})), decide)

    async def _part_from_all_but(self, known: set[str]) -> None:
        """Await the effects of the last page of operations that ended with it; no other step does."""
        self._sent = {key: page for key, page in self._sent.items() if key in known}
        for key in self._sending.keys() - known:
            await self._sending.pop(key)

    def _observe(self, decision: Decision, seconds: float) -> None:
        OPERATION_PAGES.observe(seconds)
        record_decision(decision, 0)
        for before, after in decision.operations:
            self._steps.took(after.handled - (before.handled if before else 0), seconds)
            for result in ("done", "unchanged", "refused"):
                grown = getattr(after, result) - (getattr(before, result) if before else 0)
                OPERATION_JOBS.labels(after.action, result).inc(grown)
        self._observe_end(decision)

    def _observe_end(self, decision: Decision) -> None:
        for _, after in decision.operations:
            if after.state.ended:
                counts = {"done": after.done, "unchanged": after.unchanged, "refused": after.refused}
                log.info("operation_ended", operation=after.id, state=after.state, **counts)
