"""Reports what RabbitMQ does, or may do, to our messages: in the log, the readiness check and the metrics.

With the management API, dangerous policies are noticed before they do harm. Over AMQP only the harm itself is
visible: a message that a limit removed from the inbox became a dead letter, which states the reason.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from taskmanager.errors import TemporaryError
from taskmanager.messages.topology import Topology
from taskmanager.process.lifecycle import every
from taskmanager.process.logs import get_logger
from taskmanager_scheduler.broker.dangers import BrokerQueue, Danger, dangers, evidence
from taskmanager_scheduler.metrics import DEAD_LETTERS_WAITING, QUEUES_IN_DANGER

ReadQueues = Callable[[], Awaitable[Sequence[BrokerQueue]]]
CountDead = Callable[[], Awaitable[int]]
ReadReasons = Callable[[], Awaitable[Counter[tuple[str, str]]]]

log = get_logger(__name__)


class QueueWatch:
    """Keeps the findings of the latest checks; a check that fails leaves them unchanged."""

    def __init__(
        self,
        topology: Topology,
        queues: ReadQueues | None,
        count: CountDead,
        reasons: ReadReasons,
        *,
        interval: timedelta,
    ) -> None:
        """`queues` queries the management API, if any; `count` and `reasons` the dead-letter queue."""
        self._topology, self._queues, self._count, self._reasons = topology, queues, count, reasons
        self._interval = interval
        self._by_policy: list[Danger] = []
        self._by_evidence: list[Danger] = []
        self._dead = -1

    def check(self) -> str | None:
        """Which queues are in danger and what to do, or None."""
        return "; ".join(danger.text for danger in self._known) or None

    @property
    def _known(self) -> list[Danger]:
        return [*self._by_policy, *self._by_evidence]

    async def run(self, stop: asyncio.Event) -> None:
        """Check until `stop`."""
        await every(self._interval, self.run_once, stop)

    async def run_once(self) -> None:
        """Check once."""
        before = self._known
        for look in (self._look_at_policies, self._look_at_dead_letters):
            try:
                await look()
            except TemporaryError as error:
                log.warning("queues_not_looked_at", error=str(error))
        self._tell(before)

    async def _look_at_policies(self) -> None:
        if self._queues is not None:
            self._by_policy = dangers(await self._queues(), self._topology)

    async def _look_at_dead_letters(self) -> None:
        """Read the dead letters only if their number has changed."""
        dead = await self._count()
        DEAD_LETTERS_WAITING.set(dead)
        if dead != self._dead:
            self._by_evidence = evidence(await self._reasons(), self._topology) if dead else []
            self._dead = dead

    def _tell(self, before: Sequence[Danger]) -> None:
        known = {(danger.queue, danger.cause) for danger in before}
        for danger in self._known:
            if (danger.queue, danger.cause) not in known:
                log.error("queue_in_danger", queue=danger.queue, cause=danger.cause, problem=danger.text)
        QUEUES_IN_DANGER.clear()
        for danger in self._known:
            QUEUES_IN_DANGER.labels(danger.queue, danger.cause).set(1)
