"""Everything the runner tells the scheduler, in order: at once when idle, otherwise batched.

Nothing is dropped except what a newer event replaces: progress, heartbeats and hellos. Its memory is bounded,
because a runner without a broker gets no new jobs, and the log of each attempt is bounded.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from itertools import islice
from typing import Protocol

from taskmanager.errors import BrokerUnavailableError, UnroutableMessageError
from taskmanager.messages import (
    Claim,
    Commit,
    FilesRecorded,
    Finished,
    Heartbeat,
    Hello,
    JobEvent,
    Progressed,
    RunnerEvents,
)
from taskmanager.messages.topology import Topology
from taskmanager.ports.broker import Publisher
from taskmanager.process.failpoints import Failpoint, failpoint
from taskmanager.process.logs import get_logger
from taskmanager.process.retry import Backoff

BATCH_EVENTS = 200
BATCH_FILES = 500
"""File records in one message: each may be long, and a broker accepts messages of at most 16 MB."""
LONGEST_WAIT_SECONDS = 1.0

OutboxEvent = JobEvent | Heartbeat | Hello
ReplacementKey = tuple[object, ...]

log = get_logger(__name__)


class Sink(Protocol):
    """Accepts events for the scheduler."""

    def put(self, event: OutboxEvent, confirmed: Callable[[], None] | None = None) -> None:
        """Send the event; `confirmed` is called once the scheduler's inbox has it."""


class Outbox:
    """Sends events in order and repeats them until they are confirmed; `put` never waits."""

    def __init__(
        self, publisher: Publisher, topology: Topology, *, plugin: str, runner: str, instance: str
    ) -> None:
        """`instance` is new each time the process starts."""
        self._publisher = publisher
        self._exchange, self._routing_key = topology.events, topology.events_key(plugin)
        self._plugin, self._runner, self._instance = plugin, runner, instance
        self._waiting: dict[int, OutboxEvent] = {}
        self._to_tell: dict[int, Callable[[], None]] = {}
        self._numbers: dict[ReplacementKey, int] = {}
        self._count = 0
        self._sending = False
        self._wake = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._backoff = Backoff("events", longest_wait_seconds=LONGEST_WAIT_SECONDS)
        self.tickets_a_message = 1
        """How many tickets this runner wants in one message: said with everything that is sent."""

    def put(self, event: OutboxEvent, confirmed: Callable[[], None] | None = None) -> None:
        """Queue an event, to be sent as soon as possible after everything put before it.

        `confirmed` is called once the scheduler's inbox has it; not for events that replace each other.
        """
        key = _replaces(event)
        if key is not None:
            earlier = self._numbers.get(key)
            if earlier is not None and isinstance(event, Claim | Commit):
                return  # the same question is still waiting
            if earlier is not None:
                del self._waiting[earlier]
            self._numbers[key] = self._count + 1
        self._count += 1
        self._waiting[self._count] = event
        if confirmed is not None:
            self._to_tell[self._count] = confirmed
        self._empty.clear()
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Send queued events until `stop`; call `flush` first to lose nothing."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                waking = asyncio.create_task(self._wake.wait())
                await asyncio.wait({waking, stopping}, return_when=asyncio.FIRST_COMPLETED)
                waking.cancel()
                while self._waiting and not stop.is_set():
                    numbers, batch = self._take()
                    if await self._send(batch, stop):
                        self._tell(numbers)
                self._wake.clear()
                if not self._waiting:
                    self._empty.set()
        finally:
            stopping.cancel()

    async def flush(self, limit: timedelta) -> bool:
        """Wait until everything is confirmed; False if that takes longer than `limit`."""
        try:
            async with asyncio.timeout(limit.total_seconds()):
                await self._empty.wait()
        except TimeoutError:
            return False
        return True

    def _tell(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            if confirmed := self._to_tell.pop(number, None):
                confirmed()

    def _take(self) -> tuple[list[int], tuple[OutboxEvent, ...]]:
        numbers = _first_batch(self._waiting)
        batch = tuple(self._waiting.pop(number) for number in numbers)
        for event in batch:
            key = _replaces(event)
            if key is not None:
                self._numbers.pop(key, None)
        return numbers, batch

    async def _send(self, batch: tuple[OutboxEvent, ...], stop: asyncio.Event) -> bool:
        """Whether the batch was confirmed; False only if it was stopped before."""
        message = RunnerEvents(
            plugin=self._plugin,
            runner=self._runner,
            instance=self._instance,
            events=batch,
            tickets_a_message=self.tickets_a_message if self.tickets_a_message > 1 else None,
        )
        body = message.encode()
        while not stop.is_set():
            try:
                await self._publisher.publish(self._exchange, self._routing_key, body, mandatory=True)
            except (BrokerUnavailableError, UnroutableMessageError) as error:
                await self._backoff.wait(str(error))
            else:
                self._backoff.reset()
                if any(isinstance(event, Finished) for event in batch):
                    failpoint(Failpoint.RUNNER_AFTER_FINISHED)
                return True
        log.warning("events_not_sent", events=len(batch))
        return False


def _first_batch(waiting: Mapping[int, OutboxEvent]) -> list[int]:
    """The numbers of the events that go into one message, at least the first."""
    numbers: list[int] = []
    files = 0
    for number, event in islice(waiting.items(), BATCH_EVENTS):
        files += len(event.files) if isinstance(event, FilesRecorded) else 0
        if numbers and files > BATCH_FILES:
            break
        numbers.append(number)
    return numbers


def _replaces(event: OutboxEvent) -> ReplacementKey | None:
    """The key of events that replace each other: of questions the first is kept, of states the last."""
    match event:
        case Progressed():
            return ("progress", event.job, event.attempt)
        case Claim():
            return ("claim", event.claim_id)
        case Commit():
            return ("commit", event.job, event.attempt)
        case Heartbeat() | Hello():
            return (event.type,)
    return None
