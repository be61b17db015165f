"""How the schedulers share the partitions: each gives up what is not its share.

The broker gives an inbox to the scheduler that came first, and to the next in line when that one is gone or
has given it up. Every scheduler sends its tick to every inbox, so who has an inbox hears from all of them,
and all follow the same rule.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta

from taskmanager.errors import TemporaryError
from taskmanager.model.partitions import Partition, partition_of
from taskmanager.model.registry import InstalledPlugin
from taskmanager.process.lifecycle import pause
from taskmanager.process.logs import get_logger
from taskmanager_scheduler.background.duty import MISSED_TICKS

log = get_logger(__name__)


def shares(partitions: int, occupied: Collection[int], schedulers: Collection[str]) -> Sequence[str]:
    """For each partition the name of the scheduler it should have; pure. `occupied` are those with plugins.

    Dealt out in turn, the occupied ones first, so that no scheduler gets only empty ones while another has
    two with plugins.
    """
    names = sorted(schedulers)
    order = sorted(range(partitions), key=lambda number: (number not in occupied, number))
    dealt = {number: names[turn % len(names)] for turn, number in enumerate(order)}
    return [dealt[number] for number in range(partitions)]


class Sharing:
    """Gives up one partition's inbox when it is another scheduler's share."""

    def __init__(
        self,
        partition: Partition,
        scheduler: str,
        *,
        interval: timedelta,
        plugins: Callable[[], Awaitable[Sequence[InstalledPlugin]]],
        give_up: Callable[[], Awaitable[None]],
    ) -> None:
        """`interval` is the time between a scheduler's ticks; `scheduler` is this one's name in them."""
        self._partition, self._scheduler = partition, scheduler
        self._interval = interval
        self._plugins, self._give_up = plugins, give_up
        self._heard: dict[str, float] = {}
        """When the last tick of each scheduler came, since this one has had the inbox."""
        self._since = float("-inf")

    def ticked(self, schedulers: Collection[str]) -> None:
        """Record that ticks of these schedulers came through the inbox, which this one therefore has."""
        now = time.monotonic()
        if not self._alive(now):
            self._since = now
        self._heard.update(dict.fromkeys(schedulers, now))

    def _alive(self, now: float) -> set[str]:
        longest = MISSED_TICKS * self._interval.total_seconds()
        return {name for name, heard in self._heard.items() if now - heard < longest}

    async def run_once(self) -> bool:
        """Whether the inbox was given up. Raises StoreUnavailableError.

        Never before every scheduler has had the time to be heard.
        """
        now = time.monotonic()
        alive = self._alive(now)
        if not alive or now - self._since < 2 * self._interval.total_seconds():
            return False
        count = self._partition.of
        occupied = {partition_of(plugin.name, count) for plugin in await self._plugins()}
        owner = shares(count, occupied, alive | {self._scheduler})[self._partition.number]
        if owner == self._scheduler:
            return False
        log.info("inbox_given_up", partition=self._partition.number, share_of=owner)
        self._heard.clear()
        await self._give_up()
        return True

    async def run(self, stop: asyncio.Event) -> None:
        """Look at the shares until `stop`; with one partition there is nothing to share."""
        if self._partition.has_all:
            await stop.wait()
            return
        while not await pause(stop, self._interval):
            try:
                await self.run_once()
            except TemporaryError as error:
                log.warning("shares_not_looked_at", error=str(error))
