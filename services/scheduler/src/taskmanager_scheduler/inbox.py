"""The scheduler's inbox: messages are taken in groups, stored at once, followed up and acknowledged.

The order is the point: stored, then published, then acknowledged. A death before the commit redelivers the
group; a death after it repeats effects, which are harmless twice. While the store is away nothing is
acknowledged and the inbox waits.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import structlog

from taskmanager.crash import Point, reach
from taskmanager.errors import InvalidMessageError, PermanentError, TemporaryError
from taskmanager.messages import Inbound, Tick, decode_inbox
from taskmanager.ports import Clock, Delivery, Subscription
from taskmanager.retry import Backoff
from taskmanager.store import Store
from taskmanager_scheduler.dispatcher import Dispatcher
from taskmanager_scheduler.fold import Outcome, decide, needs_of
from taskmanager_scheduler.metrics import COMMITS, DEAD_LETTERS, GROUPS, MESSAGES
from taskmanager_scheduler.observation import observe
from taskmanager_scheduler.tickets import mark_sent

log = structlog.get_logger(__name__)

Letter = tuple[Delivery, Inbound]


class Inbox:
    """Feeds deliveries into the store, in order, one group after the other."""

    def __init__(
        self,
        store: Store,
        dispatcher: Dispatcher,
        clock: Clock,
        *,
        group_limit: int,
        on_tick: Callable[[], Awaitable[None]],
    ) -> None:
        """`on_tick` is called when a tick has come through: all before it has been taken into account."""
        self._store = store
        self._dispatcher = dispatcher
        self._clock = clock
        self._group_limit = group_limit
        self._on_tick = on_tick
        self._arrived: asyncio.Queue[Delivery] = asyncio.Queue()
        self._subscription: Subscription | None = None
        self.stalled: str | None = None

    def attach(self, subscription: Subscription) -> None:
        """The subscription whose deliveries come in through `deliver`."""
        self._subscription = subscription

    def deliver(self, delivery: Delivery) -> None:
        """Take one delivery from the broker."""
        self._arrived.put_nowait(delivery)

    async def run(self, stop: asyncio.Event) -> None:
        """Process groups until `stop`; what is in hand then is redelivered to the next scheduler."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                letters = self._readable(await self._next_group(stopping))
                if letters:
                    await self._take_care_of(letters, stop)
        finally:
            stopping.cancel()

    async def _next_group(self, stopping: asyncio.Task[bool]) -> list[Delivery]:
        """All that has arrived, at most a group.

        The commit of one group gives the next one time to gather.
        """
        if self._arrived.empty():
            waiting = asyncio.create_task(self._arrived.get())
            await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                waiting.cancel()
                return []
            group = [waiting.result()]
        else:
            group = []
        while len(group) < self._group_limit and not self._arrived.empty():
            group.append(self._arrived.get_nowait())
        return group

    def _readable(self, group: Sequence[Delivery]) -> list[Letter]:
        letters = []
        for delivery in group:
            try:
                letters.append((delivery, decode_inbox(delivery.body)))
            except InvalidMessageError as error:
                self._bury(delivery, "unreadable", error)
        return letters

    async def _take_care_of(self, letters: Sequence[Letter], stop: asyncio.Event) -> None:
        """Process one group until it is stored; if it cannot be decided, its messages are taken singly."""
        groups = deque([letters])
        backoff = Backoff("store")
        while groups and not stop.is_set():
            try:
                await self._process([message for _, message in groups[0]])
            except TemporaryError as error:
                self.stalled = str(error)
                await backoff.wait(str(error), stop)
                continue
            except PermanentError:
                raise
            except Exception as error:
                # A message nobody foresaw must not stop all others: it is found, and buried alone.
                log.exception("group_failed", messages=len(groups[0]))
                self._divide(groups, error)
                continue
            self.stalled = None
            reach(Point.SCHEDULER_BEFORE_ACK)
            self._acknowledge(groups.popleft())
            reach(Point.SCHEDULER_AFTER_ACK)

    def _divide(self, groups: deque[Sequence[Letter]], error: Exception) -> None:
        failed = groups.popleft()
        if len(failed) == 1:
            self._bury(failed[0][0], "defect", error)
        else:
            groups.extendleft([letter] for letter in reversed(failed))

    def _acknowledge(self, letters: Sequence[Letter]) -> None:
        if self._subscription is not None:
            self._subscription.ack(letters[-1][0], multiple=True)

    async def _process(self, messages: Sequence[Inbound]) -> None:
        outcome = await self._commit(messages)
        reach(Point.SCHEDULER_BEFORE_EFFECTS)
        observe(outcome, len(messages))
        sent = await self._dispatcher.carry_out(outcome)
        await mark_sent(self._store, self._clock, sent)
        if any(isinstance(message, Tick) for message in messages):
            await self._on_tick()

    async def _commit(self, messages: Sequence[Inbound]) -> Outcome:
        needs = needs_of(messages)
        if not (needs.jobs or needs.plugins or needs.runners):
            return Outcome()
        reach(Point.SCHEDULER_BEFORE_STORE)
        began = time.perf_counter()
        now = self._clock.now()
        outcome = await self._store.apply(needs, lambda snapshot: decide(messages, snapshot, now))
        COMMITS.observe(time.perf_counter() - began)
        GROUPS.observe(len(messages))
        MESSAGES.inc(len(messages))
        return outcome

    def _bury(self, delivery: Delivery, reason: str, error: Exception) -> None:
        """To the dead letters, counted and logged with the beginning of the body."""
        DEAD_LETTERS.labels(reason).inc()
        log.error("dead_letter", reason=reason, key=delivery.key, error=str(error), body=delivery.body[:500])
        if self._subscription is not None:
            self._subscription.reject(delivery)
