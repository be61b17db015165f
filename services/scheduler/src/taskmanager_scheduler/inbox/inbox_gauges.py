"""Shows how much waits in the inboxes that this scheduler reads. Needs no database."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from taskmanager.errors import TaskManagerError
from taskmanager.process.lifecycle import every
from taskmanager.process.logs import get_logger
from taskmanager_scheduler.inbox.in_hand import InHand
from taskmanager_scheduler.metrics import INBOX_DEPTH, INBOX_OLDEST

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WatchedInbox:
    """One partition's inbox: `active` while this scheduler reads it, `ready` counts what is in the queue."""

    active: Callable[[], bool]
    in_hand: InHand
    ready: Callable[[], Awaitable[int]]


class InboxGauges:
    """Sets the gauges at an interval; another scheduler's inboxes count as empty."""

    def __init__(self, inboxes: Sequence[WatchedInbox], interval: timedelta) -> None:
        """`inboxes` are those of all partitions."""
        self._inboxes, self._interval = inboxes, interval
        INBOX_OLDEST.set_function(self._oldest_seconds)

    def _oldest_seconds(self) -> float:
        return max((one.in_hand.oldest_seconds() for one in self._inboxes if one.active()), default=0.0)

    async def run_once(self) -> None:
        """Count once; what is in hand is known even while the broker does not answer."""
        read = [one for one in self._inboxes if one.active()]
        depths = await asyncio.gather(*map(self._depth, read))
        INBOX_DEPTH.set(sum(depths))

    async def _depth(self, inbox: WatchedInbox) -> int:
        try:
            return len(inbox.in_hand) + await inbox.ready()
        except TaskManagerError as error:
            log.warning("inbox_not_counted", error=str(error))
            return len(inbox.in_hand)

    async def run(self, stop: asyncio.Event) -> None:
        """Count until `stop`."""
        await every(self._interval, self.run_once, stop)
