"""From a ticket to a grant: asks the scheduler for each ticket's job and settles the ticket by the answer.

Knows the lanes and the outbox, but not how a job is run. No ticket is kept longer than the claim timeout,
except that one is acknowledged only `LINGER` after its grant: while it is unacknowledged, the broker sends
its lane no other, so a job that ends within that time does not require closing and reopening the lane.

If the ticket of a job that the scheduler does not know were given back, it would block its lane forever,
since it returns to the head of the queue. The scheduler is asked a limited number of times, then the ticket
is dropped. If its job is stored later after all, the scheduler sends the ticket again.
"""

import asyncio
import random
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import uuid4

import structlog

from taskmanager.errors import InvalidMessageError
from taskmanager.messages import Claim, Grant, HandedBack, Refusal, decode_ticket
from taskmanager.ports.broker import Delivery, Lanes
from taskmanager.process.failpoints import Failpoint, failpoint
from taskmanager_plugin_runner.clock import elapsed_seconds
from taskmanager_plugin_runner.messaging.outbox import OutboxEvent
from taskmanager_plugin_runner.metrics import TICKETS_DROPPED

REPEAT = timedelta(seconds=2)
"""A question without an answer is repeated after this time."""
FIRST_UNKNOWN_SECONDS, LONGEST_UNKNOWN_SECONDS = 0.1, 1.0
"""A job that is not stored yet is asked for again after this time, which doubles with each try."""
UNKNOWN_TRIES, LEAST_UNKNOWN_TRIES = 6, 3
"""How often a job may be unknown before its ticket is dropped: within 2.5 s.

One fewer for every ticket dropped since the last grant, so that a queue full of them is quickly cleared.
"""
REST_SECONDS = (1.0, 2.0)
"""How long a lane rests after its ticket was given back, so that a ticket does not go round in circles."""
LINGER = timedelta(milliseconds=250)
REMEMBERED_GRANTS = 10_000

log = structlog.get_logger(__name__)


class Sink(Protocol):
    """Accepts events for the scheduler."""

    def put(self, event: OutboxEvent) -> None:
        """Send the event."""


@dataclass(slots=True)
class _Waiting:
    """A claim without a final answer."""

    lane: int
    delivery: Delivery
    claim: Claim
    asked_at: float
    unknowns: int = 0
    timer: asyncio.TimerHandle | None = None


Start = Callable[[int, Grant, float], None]
"""Run the job on the slot with that number; the claim was first sent at that `clock.elapsed_seconds`."""


class Claims:
    """The lanes of a runner: one per slot, open while the slot is free and the plugin is not paused."""

    def __init__(self, lanes: Lanes, outbox: Sink, start: Start, timeout: timedelta, plugin: str) -> None:
        """`timeout` limits how long a ticket is kept without a grant; `plugin` is the metrics label."""
        self._plugin = plugin
        self._dropped = 0
        self._lanes, self._outbox, self._start = lanes, outbox, start
        self._timeout_seconds = timeout.total_seconds()
        self._admitting = False
        self._free: set[int] = set()
        self._resting: dict[int, asyncio.TimerHandle] = {}
        self._by_lane: dict[int, _Waiting] = {}
        self._by_id: dict[str, _Waiting] = {}
        self._granted: OrderedDict[str, None] = OrderedDict()
        self._held: dict[int, tuple[Delivery, asyncio.TimerHandle]] = {}
        lanes.on_ticket = self.on_ticket

    @property
    def waiting(self) -> tuple[str, ...]:
        """The ids of claims without an answer, for the hello."""
        return tuple(self._by_id)

    def admit(self, *, wanted: bool) -> None:
        """Accept tickets, or accept none until told otherwise."""
        if wanted == self._admitting:
            return
        self._admitting = wanted
        for lane in self._free:
            self._adjust(lane)

    def free(self, lane: int) -> None:
        """The lane's slot can take a job."""
        self._free.add(lane)
        held = self._held.pop(lane, None)
        if held is not None:
            held[1].cancel()
            if not self._admitting:
                self._lanes.close(lane)
            self._lanes.ack(held[0])
        self._adjust(lane)

    def withdraw(self, lane: int) -> None:
        """The lane's slot can no longer take a job."""
        self._free.discard(lane)
        self._lanes.close(lane)
        waiting = self._by_lane.get(lane)
        if waiting is not None:
            self._forget(waiting)
            self._lanes.give_back(waiting.delivery)

    def repeat(self) -> None:
        """Repeat all open questions, after the hello on a new connection."""
        for waiting in self._by_id.values():
            self._outbox.put(waiting.claim)

    def on_ticket(self, lane: int, delivery: Delivery) -> None:
        """A ticket has arrived."""
        if not self._may_take(lane):
            self._decline(lane, delivery)
            return
        try:
            ticket = decode_ticket(delivery.body)
        except InvalidMessageError as error:
            self._drop(delivery, "unreadable", error=str(error))
            return
        failpoint(Failpoint.RUNNER_BEFORE_CLAIM)
        claim = Claim(job=ticket.job, dispatch=ticket.dispatch, claim_id=uuid4().hex)
        waiting = _Waiting(lane, delivery, claim, elapsed_seconds())
        self._by_lane[lane] = self._by_id[claim.claim_id] = waiting
        self._ask(waiting)

    def on_grant(self, grant: Grant) -> None:
        """The job is ours. A grant that is no longer awaited is handed back, never forgotten."""
        waiting = self._by_id.get(grant.claim_id)
        if waiting is None:
            if grant.claim_id not in self._granted:
                log.info("late_grant_handed_back", job=grant.job, attempt=grant.attempt)
                self._outbox.put(HandedBack(job=grant.job, attempt=grant.attempt))
            return
        self._dropped = 0
        self._forget(waiting)
        self._remember(grant.claim_id)
        self._free.discard(waiting.lane)
        timer = asyncio.get_running_loop().call_later(LINGER.total_seconds(), self._settle, waiting.lane)
        self._held[waiting.lane] = (waiting.delivery, timer)
        failpoint(Failpoint.RUNNER_AFTER_GRANT)
        self._start(waiting.lane, grant, waiting.asked_at)

    def on_refusal(self, refusal: Refusal) -> None:
        """The job is not ours, or not yet."""
        waiting = self._by_id.get(refusal.claim_id)
        if waiting is None:
            return
        match refusal.reason:
            case "stale":
                self._forget(waiting)
                self._lanes.ack(waiting.delivery)
                self._adjust(waiting.lane)
            case "paused":
                self.admit(wanted=False)  # until the next orders say otherwise
                self._give_back(waiting, refusal.reason)
            case "busy":
                self._give_back(waiting, refusal.reason)
            case "unknown":
                self._on_unknown(waiting)

    def end(self) -> None:
        """Give back every ticket that has no grant yet; called when the runner stops."""
        self.admit(wanted=False)
        for waiting in list(self._by_id.values()):
            self._forget(waiting)
            self._lanes.close(waiting.lane)
            self._lanes.give_back(waiting.delivery)
        for timer in self._resting.values():
            timer.cancel()
        for lane in list(self._held):
            self._settle(lane)

    def _on_unknown(self, waiting: _Waiting) -> None:
        """Ask again a little later, or drop the ticket."""
        wait = min(FIRST_UNKNOWN_SECONDS * 2**waiting.unknowns, LONGEST_UNKNOWN_SECONDS)
        waiting.unknowns += 1
        if waiting.unknowns < max(LEAST_UNKNOWN_TRIES, UNKNOWN_TRIES - self._dropped):
            self._ask_later(waiting, wait)
            return
        self._dropped += 1
        self._forget(waiting)
        self._drop(waiting.delivery, "unknown", job=waiting.claim.job, tries=waiting.unknowns)
        self._adjust(waiting.lane)

    def _drop(self, delivery: Delivery, reason: str, **facts: object) -> None:
        """Acknowledge a ticket that is of no use."""
        TICKETS_DROPPED.labels(self._plugin, reason).inc()
        log.warning("ticket_dropped", reason=reason, **facts)
        self._lanes.ack(delivery)

    def _may_take(self, lane: int) -> bool:
        return (
            self._admitting and lane in self._free and lane not in self._by_lane and lane not in self._resting
        )

    def _decline(self, lane: int, delivery: Delivery) -> None:
        """Give the ticket back, unless it is that of the current claim, redelivered after a reconnect."""
        waiting = self._by_lane.get(lane)
        if waiting is not None and _came_again(waiting, delivery):
            waiting.delivery = delivery
            return
        self._lanes.close(lane)
        self._lanes.give_back(delivery)

    def _ask(self, waiting: _Waiting) -> None:
        if elapsed_seconds() - waiting.asked_at >= self._timeout_seconds:
            self._give_back(waiting, "no answer")
            return
        self._outbox.put(waiting.claim)
        self._ask_later(waiting, REPEAT.total_seconds())

    def _ask_later(self, waiting: _Waiting, seconds: float) -> None:
        if waiting.timer is not None:
            waiting.timer.cancel()
        left = waiting.asked_at + self._timeout_seconds - elapsed_seconds()
        delay = max(0.0, min(seconds, left))
        waiting.timer = asyncio.get_running_loop().call_later(delay, self._ask, waiting)

    def _give_back(self, waiting: _Waiting, why: str) -> None:
        lane = waiting.lane
        log.info("ticket_given_back", job=waiting.claim.job, why=why)
        self._forget(waiting)
        self._lanes.close(lane)
        self._lanes.give_back(waiting.delivery)
        rest = random.uniform(*REST_SECONDS)  # noqa: S311 - only spreads the load
        self._resting[lane] = asyncio.get_running_loop().call_later(rest, self._rested, lane)

    def _rested(self, lane: int) -> None:
        self._resting.pop(lane, None)
        self._adjust(lane)

    def _adjust(self, lane: int) -> None:
        """Open or close a free lane as required."""
        if lane not in self._free or lane in self._resting:
            return
        if self._admitting:
            self._lanes.open(lane)
        else:
            self._lanes.close(lane)

    def _settle(self, lane: int) -> None:
        """The job of this lane is taking long: close the lane, then its ticket can be acknowledged."""
        held = self._held.pop(lane, None)
        if held is not None:
            held[1].cancel()
            self._lanes.close(lane)
            self._lanes.ack(held[0])

    def _forget(self, waiting: _Waiting) -> None:
        if waiting.timer is not None:
            waiting.timer.cancel()
        self._by_lane.pop(waiting.lane, None)
        self._by_id.pop(waiting.claim.claim_id, None)

    def _remember(self, claim_id: str) -> None:
        self._granted[claim_id] = None
        if len(self._granted) > REMEMBERED_GRANTS:
            self._granted.popitem(last=False)


def _came_again(waiting: _Waiting, delivery: Delivery) -> bool:
    if waiting.delivery.generation == delivery.generation:
        return False
    try:
        ticket = decode_ticket(delivery.body)
    except InvalidMessageError:
        return False
    return (ticket.job, ticket.dispatch) == (waiting.claim.job, waiting.claim.dispatch)
