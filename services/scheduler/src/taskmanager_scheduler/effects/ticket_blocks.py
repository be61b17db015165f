"""How many tickets go into one message, by what the plugin's runners say they want."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from taskmanager.messages import Inbound, RunnerEvents
from taskmanager_scheduler.jobs.effects import SendTicket
from taskmanager_scheduler.jobs.starts import LEASE


@dataclass(frozen=True, slots=True)
class _Wish:
    tickets: int
    until: float
    """By the clock of `BlockSizes`."""


class BlockSizes:
    """Remembers what each runner wants, for as long as it may come back without saying it again: a lease."""

    def __init__(self, acquainted_after: timedelta, clock: Callable[[], float] = time.monotonic) -> None:
        """Within `acquainted_after` the first message every runner has sent a heartbeat.

        Until then a ticket goes alone, which anybody can read. `clock` gives seconds.
        """
        self._acquainted_after, self._clock = acquainted_after.total_seconds(), clock
        self._heard_at = self._acquainted_at = float("-inf")
        self._wishes: dict[str, dict[str, _Wish]] = {}
        """Plugin -> runner -> its wish."""

    def heard(self, message: Inbound) -> None:
        """A message has come, perhaps a runner's."""
        now = self._clock()
        if now - self._heard_at > LEASE.total_seconds():  # another scheduler had the inbox until now
            self._acquainted_at = now + self._acquainted_after
        self._heard_at = now
        if isinstance(message, RunnerEvents):
            wish = _Wish(message.tickets_a_message or 1, now + LEASE.total_seconds())
            self._wishes.setdefault(message.plugin, {})[message.runner] = wish

    def of(self, plugin: str) -> int:
        """How many tickets of this plugin a message may hold: what all its runners agree to."""
        now = self._clock()
        wishes = self._wishes.get(plugin, {})
        for runner in [runner for runner, wish in wishes.items() if wish.until < now]:
            del wishes[runner]
        if now < self._acquainted_at:
            return 1
        return min((wish.tickets for wish in wishes.values()), default=1)


def in_blocks(tickets: Iterable[SendTicket], most: Callable[[str], int]) -> list[list[SendTicket]]:
    """Tickets as they share messages: of one plugin and priority, in their order, `most(plugin)` each."""
    groups: dict[tuple[str, int], list[SendTicket]] = {}
    for ticket in tickets:
        groups.setdefault((ticket.plugin, ticket.priority), []).append(ticket)
    blocks: list[list[SendTicket]] = []
    for (plugin, _), group in groups.items():
        size = most(plugin)
        blocks += [group[start : start + size] for start in range(0, len(group), size)]
    return blocks
