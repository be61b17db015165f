"""An operator's drain, as given in the orders: hands back what will not end in time. Takes no tickets itself.

Every order recalculates the end of the grace period, so a runner that was restarted or whose clock jumped
still keeps to it; what was granted while the order was on its way is handed back by the next one.
"""

import asyncio
from collections.abc import Callable, Iterable

from taskmanager.messages import RunnerOrders
from taskmanager.process.logs import get_logger
from taskmanager_plugin_runner.attempt.attempt import Attempt
from taskmanager_plugin_runner.attempt.outcomes import AttemptOutcome
from taskmanager_plugin_runner.metrics import DRAINING

log = get_logger(__name__)


class Draining:
    """Whether the runner is draining, and when it hands back what is still running."""

    def __init__(self, plugin: str, attempts: Callable[[], Iterable[Attempt]]) -> None:
        """`attempts` returns all attempts that are not over."""
        self._gauge = DRAINING.labels(plugin)
        self._attempts = attempts
        self._timer: asyncio.TimerHandle | None = None
        self.wanted = False
        """Whether the runner is to take no tickets."""

    def apply(self, orders: RunnerOrders) -> None:
        """Follow the orders; they may be repeated."""
        if orders.draining is not self.wanted:
            log.info("drained_by_operator" if orders.draining else "resumed_by_operator")
        self.wanted = orders.draining
        self._gauge.set(int(self.wanted))
        self._stop_waiting()
        if not self.wanted:
            return
        self.hand_back_suspended()
        if orders.hand_back_seconds is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(orders.hand_back_seconds, self.hand_back)

    def hand_back_suspended(self) -> None:
        """Hand back suspended attempts, since waiting would not bring them closer to their end."""
        for attempt in self._attempts():
            if attempt.suspended:
                attempt.interrupt(AttemptOutcome.HANDED_BACK)

    def hand_back(self) -> None:
        """Hand back everything that is still running."""
        self._stop_waiting()
        for attempt in self._attempts():
            attempt.interrupt(AttemptOutcome.HANDED_BACK)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
