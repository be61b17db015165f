"""The scheduler's inbox: messages are taken in groups, stored at once, followed up and acknowledged.

The order matters: stored, then published, then acknowledged. If the process dies before the commit, the group
is redelivered; if it dies after the commit, effects are repeated, which does no harm. While the store is
unavailable, nothing is acknowledged and the inbox waits.
"""

import asyncio
import time
import traceback
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence

from taskmanager.errors import PermanentError, TemporaryError
from taskmanager.messages import Inbound, Tick
from taskmanager.ports.broker import Delivery, Subscription
from taskmanager.ports.clock import Clock
from taskmanager.ports.store import Store
from taskmanager.process.failpoints import Failpoint, failpoint
from taskmanager.process.logs import get_logger
from taskmanager.process.retry import Backoff
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.decisions.decision_metrics import record_decision
from taskmanager_scheduler.decisions.group_state import decide
from taskmanager_scheduler.decisions.needs import needs_of
from taskmanager_scheduler.effects.dispatcher import Dispatcher
from taskmanager_scheduler.inbox.effect_pipeline import EffectPipeline
from taskmanager_scheduler.inbox.group_reader import GroupReader, InboxMessage, submissions_of
from taskmanager_scheduler.inbox.in_hand import InHand
from taskmanager_scheduler.inbox.urgency import Urgency
from taskmanager_scheduler.jobs.effects import refusals
from taskmanager_scheduler.metrics import COMMITS, GROUPS, MESSAGES

UNKNOWN_NAMED = 10
"""How many unknown jobs a line of the log names."""

log = get_logger(__name__)


class InboxConsumer:
    """Feeds deliveries into the store, in order, one group after another."""

    def __init__(
        self,
        store: Store,
        dispatcher: Dispatcher,
        clock: Clock,
        reader: GroupReader,
        *,
        on_tick: Callable[[Collection[str]], Awaitable[None]],
        on_turn: Callable[[], Awaitable[None]],
    ) -> None:
        """`on_tick` is called when ticks of these schedulers have come through.

        Everything before them has then been processed.
        `on_turn` is called before the first group of a channel: only then does this scheduler get the
        deliveries. Others may have written until now, even if the connection is old.
        """
        self._store = store
        self._on_turn = on_turn
        self._generation: int | None = None
        self._clock = clock
        self._dispatcher = dispatcher
        self._reader = reader
        self._following = EffectPipeline(self._reader, store, dispatcher, clock, on_tick)
        self.stalled: str | None = None
        self.urgency = Urgency()

    @property
    def in_hand(self) -> InHand:
        """What was delivered and is not settled yet."""
        return self._reader.in_hand

    def attach(self, subscription: Subscription) -> None:
        """Set the subscription whose deliveries arrive through `deliver`."""
        self._reader.attach(subscription)

    def deliver(self, delivery: Delivery) -> None:
        """Take one delivery from the broker."""
        self._reader.deliver(delivery)

    async def run(self, stop: asyncio.Event) -> None:
        """Process groups until `stop`; whatever is then in progress is redelivered to the next scheduler."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                reading = asyncio.create_task(self._reader.next_group())
                await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if not reading.done():
                    reading.cancel()
                elif messages := reading.result():
                    await self._begin(messages)
                    await self._take_care_of(messages, stop)
        finally:
            stopping.cancel()
            await self._following.finish()

    async def _begin(self, messages: Sequence[InboxMessage]) -> None:
        generation = messages[0][0].generation
        if generation != self._generation:
            self._generation = generation
            await self._on_turn()

    async def _take_care_of(self, messages: Sequence[InboxMessage], stop: asyncio.Event) -> None:
        """Process a group until it is stored; if deciding on it fails, its messages are taken one by one."""
        groups = deque([messages])
        while groups and not stop.is_set():
            group = groups.popleft()
            try:
                decision = await self._committed([message for _, message in group], stop)
            except PermanentError:
                raise
            except Exception as error:  # noqa: BLE001 - logged without the values that its text may quote
                # An unexpected message must not stop all others: it is isolated and dead-lettered alone.
                log.error("group_failed", messages=len(group), defect=_where(error))  # noqa: TRY400
                if len(group) == 1:
                    await self._isolate(*group[0], error, stop)
                else:
                    groups.extendleft([message] for message in reversed(group))
                continue
            if decision is not None:
                await self._following.follow(decision, group)

    async def _committed(self, messages: Sequence[Inbound], stop: asyncio.Event) -> Decision | None:
        """The decision once it is stored, however long the store is away; None if `stop` came first."""
        backoff = Backoff("store")
        while not stop.is_set():
            try:
                decision = await self._commit(messages)
            except TemporaryError as error:
                self.stalled = str(error)
                await backoff.wait(str(error), stop)
            else:
                self.stalled = None
                return decision
        return None

    async def _isolate(
        self, delivery: Delivery, message: Inbound, error: Exception, stop: asyncio.Event
    ) -> None:
        """Dead-letter a message that fails alone; of many submissions, the sound ones are stored first.

        The dead letter then holds all of them: to submit one of those again does no harm.
        """
        failed: Exception | None = error
        submissions = submissions_of(message)
        if len(submissions) > 1:
            failed = None
            for submit in submissions:
                try:
                    decision = await self._committed([submit], stop)
                except PermanentError:
                    raise
                except Exception as defect:  # noqa: BLE001 - as above
                    log.error("submission_failed", job=submit.job, defect=_where(defect))  # noqa: TRY400
                    failed = defect
                else:
                    if decision is None:
                        return
                    await self._following.follow(decision, [])
        if failed is None:
            await self._following.follow(Decision(), [(delivery, message)])
        else:
            await self._following.finish()
            self._reader.dead_letter(delivery, "defect", failed, message)
            await self._dispatcher.carry_out(Decision(effects=refusals(message)))

    async def _commit(self, messages: Sequence[Inbound]) -> Decision:
        if all(isinstance(message, Tick) for message in messages):
            return Decision()
        self.urgency.note(messages)
        needs = needs_of(messages)
        failpoint(Failpoint.SCHEDULER_BEFORE_STORE)
        began = time.perf_counter()
        now = self._clock.now()
        decision = await self._store.apply(needs, lambda snapshot: decide(messages, snapshot, now))
        COMMITS.observe(time.perf_counter() - began)
        GROUPS.observe(len(messages))
        MESSAGES.inc(len(messages))
        record_decision(decision, len(messages))
        if decision.unknown:
            known = decision.unknown[:UNKNOWN_NAMED]
            log.warning("reports_of_unknown_jobs_dropped", number=len(decision.unknown), jobs=known)
        return decision


def _where(error: Exception) -> str:
    """The type of an error and the lines of code it passed through; its text might quote a message."""
    lines = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    return f"{type(error).__name__} in {' > '.join(lines[-5:])}"
