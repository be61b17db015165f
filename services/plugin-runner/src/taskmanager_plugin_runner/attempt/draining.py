"""An operator's drain, as the orders carry it: hands back what will not end in time. Takes no ticket itself.

The end of the grace is counted anew by every order, so a runner that was restarted or whose clock jumped
keeps to it; what was granted while the order was on its way is handed back by the next one.
"""

import asyncio
from collections.abc import Callable, Iterable

import structlog

from taskmanager.messages import RunnerOrders
from taskmanager_plugin_runner.attempt.attempt import Attempt
from taskmanager_plugin_runner.attempt.outcomes import AttemptOutcome
from taskmanager_plugin_runner.metrics import DRAINING

log = structlog.get_logger(__name__)


class Draining:
    """Whether the runner is drained, and when it hands back what still runs."""

    def __init__(self, plugin: str, attempts: Callable[[], Iterable[Attempt]]) -> None:
        """`attempts` tells all that are not over."""
        self._gauge = DRAINING.labels(plugin)
        self._attempts = attempts
        self._timer: asyncio.TimerHandle | None = None
        self.wanted = False
        """Whether no ticket is to be taken."""

    def obey(self, orders: RunnerOrders) -> None:
        """Do as the orders say; they may be repeated."""
        if orders.draining is not self.wanted:
            log.info("drained_by_operator" if orders.draining else "resumed_by_operator")
        self.wanted = orders.draining
        self._gauge.set(int(self.wanted))
        self._stop_waiting()
        if not self.wanted:
            return
        self.hand_back_standing()
        if orders.hand_back_seconds is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(orders.hand_back_seconds, self.hand_back)

    def hand_back_standing(self) -> None:
        """What stands still: waiting would not bring it nearer to its end."""
        for attempt in self._attempts():
            if attempt.standing:
                attempt.interrupt(AttemptOutcome.HANDED_BACK)

    def hand_back(self) -> None:
        """Everything that still runs."""
        self._stop_waiting()
        for attempt in self._attempts():
            attempt.interrupt(AttemptOutcome.HANDED_BACK)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
