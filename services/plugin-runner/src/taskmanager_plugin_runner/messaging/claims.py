"""From a ticket to a job on a slot: has each ticket's job claimed and settles the ticket by the answer.

Knows the lanes and the outbox, but not how a job is run. There are two ways to take tickets:

- Each free slot has a lane, which gets one ticket. That ticket is acknowledged only `LINGER` after its grant:
  while it is unacknowledged, the broker sends its lane no other, so a job that ends within that time does not
  require closing and reopening the lane.
- While jobs are short (see `horizon`), one lane takes tickets ahead of the slots, and theirs are closed. What
  is granted waits here for a slot, with its ticket, but not for long (see `Patience`); then all that waits is
  returned unbegun, and the tickets go back to their places in the queue before any other is taken.

No ticket is kept longer than the claim timeout.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Protocol

from taskmanager.messages import AttemptReference, Grant, HandedBack, Refusal, Unclaimed
from taskmanager.ports.broker import Lanes
from taskmanager.process.failpoints import Failpoint, failpoint
from taskmanager.process.logs import get_logger
from taskmanager_plugin_runner.clock import elapsed_seconds
from taskmanager_plugin_runner.messaging.granted import Granted, GrantQueue
from taskmanager_plugin_runner.messaging.leases import Reference
from taskmanager_plugin_runner.messaging.open_lanes import AHEAD, Capacity, OpenLanes
from taskmanager_plugin_runner.messaging.outbox import Sink
from taskmanager_plugin_runner.messaging.questions import Question, Questions
from taskmanager_plugin_runner.messaging.ticket_blocks import TicketBlocks, TicketDelivery
from taskmanager_plugin_runner.metrics import CLAIM_GRANT, CLAIMS_RETURNED, TICKETS_DROPPED

LINGER = timedelta(milliseconds=250)
REMEMBERED_GRANTS = 10_000

log = get_logger(__name__)


class Starter(Protocol):
    """Begins what is granted, on the slot with that number."""

    @property
    def fitting(self) -> int:
        """How many short jobs one slot should be told at once; 1: each on its own."""

    def start(self, slot: int, granted: Granted) -> None:
        """Run a job."""

    def start_bunch(self, slot: int, granted: Sequence[Granted]) -> None:
        """Run short jobs one after the other; `Claims.over` is told of what was begun and what was not."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for what."""

    answer: timedelta
    """So long a ticket is kept without a grant."""
    slot: timedelta
    """Within this time what is claimed ahead should begin; what has waited twice as long is returned."""


class Claims:
    """The tickets of a runner, and what they brought that has no slot yet."""

    def __init__(
        self,
        lanes: Lanes,
        outbox: Sink,
        starter: Starter,
        capacity: Capacity,
        patience: Patience,
        plugin: str,
    ) -> None:
        """`plugin` is the metrics label."""
        self._plugin = plugin
        self._soon, self._keep = patience.slot.total_seconds(), 2 * patience.slot.total_seconds()
        self._questions = Questions(
            outbox, patience.answer, lambda question: self._give_back(question, "no answer")
        )
        self.on_too_far: Callable[[], None] = lambda: None
        """Called when what was claimed ahead waits too long for a slot, but seldom."""
        tickets = TicketBlocks(lanes, plugin)
        tickets.on_ticket = self.on_ticket
        self._lanes = OpenLanes(tickets, capacity, self._questions.of_lane)
        self._outbox, self._starter = outbox, starter
        self._frozen = self._gathering = False
        self._numbers = count()
        self._lent: dict[Reference, Granted] = {}
        self._granted = GrantQueue()
        self._returned_at = self._told_at = float("-inf")
        self._aging: asyncio.TimerHandle | None = None
        self._answered: OrderedDict[str, None] = OrderedDict()
        self._held: dict[int, tuple[TicketDelivery, asyncio.TimerHandle]] = {}

    @property
    def waiting(self) -> tuple[str, ...]:
        """The ids of claims without an answer, for the hello."""
        return self._questions.ids

    @property
    def ahead(self) -> tuple[AttemptReference, ...]:
        """What is granted and waits for a slot."""
        return self._granted.references + tuple(one.reference for one in self._lent.values())

    @property
    def room(self) -> int:
        """How many tickets are taken ahead of the slots."""
        return self._lanes.room

    # --- what the runner wants

    def admit(self, *, wanted: bool) -> None:
        """Accept tickets, or accept none until told otherwise and return what has not begun."""
        self._frozen = False
        self._lanes.admit(wanted=wanted)
        if not wanted:
            self._return(self._granted.take(lambda _: True))
        self._fill()

    def freeze(self) -> None:
        """Begin nothing that waits for a slot until the next `admit`: an order may be on its way."""
        self._frozen = True

    def look_ahead(self, room: int) -> None:
        """Take so many tickets more than there are slots; 0: one for each free slot."""
        self._lanes.look_ahead(room)

    def recall(self, returned: Container[Reference], lost: Container[Reference]) -> None:
        """Give up what waits for a slot: return some, and forget those that are not ours any more."""
        self._return(self._granted.take(lambda one: one.key in returned))
        for one in self._granted.take(lambda one: one.key in lost):
            self._lanes.drop(one.delivery)

    def free(self, slot: int) -> None:
        """The slot can take a job."""
        self._lanes.add(slot)
        held = self._no_longer_held(slot)
        self._fill()
        if held is not None:
            self._lanes.use_up(slot, held)
        self._lanes.freed(slot)

    @property
    def free_slots(self) -> int:
        """How many slots can take a job."""
        return len(self._lanes.free)

    def review(self) -> None:
        """More jobs or fewer may be begun than before."""
        self._fill()
        self._lanes.adjust_all()

    def withdraw(self, slot: int) -> None:
        """The slot can no longer take a job."""
        self._lanes.free.discard(slot)
        self._lanes.close(slot)
        question = self._questions.of_lane(slot)
        if question is not None:
            self._questions.close(question)
            self._lanes.give_back(slot, question.delivery)

    def repeat(self) -> None:
        """Repeat all open questions, after the hello on a new connection."""
        self._questions.repeat()

    def end(self) -> None:
        """Return everything that has not begun; called when the runner stops."""
        self.admit(wanted=False)
        for question in self._questions.open():
            self._questions.close(question)
            self._lanes.give_back(question.lane, question.delivery)
        for slot in list(self._held):
            self._settle(slot)
        self._lanes.end()

    # --- bunches

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """What is granted in the meantime begins afterwards, as much at once as fits."""
        self._gathering = True
        try:
            yield
        finally:
            self._gathering = False
            self._fill()

    def over(self, begun: Sequence[Granted], unbegun: Sequence[Granted]) -> None:
        """A slot that was given several jobs has begun only some, and has not begun the rest."""
        for one in begun:
            self._lent.pop(one.key, None)
            self._lanes.use_up(one.lane, one.delivery)
        for one in unbegun:
            self._lent.pop(one.key, None)
            self._granted.put(one)
        if unbegun:
            self._fill()
            self._watch_age()

    # --- what the broker and the scheduler say

    def on_ticket(self, lane: int, delivery: TicketDelivery) -> None:
        """A ticket has arrived."""
        if self._questions.redelivered(lane, delivery):
            return
        if not self._lanes.may_take(lane) or (lane != AHEAD and self._questions.of_lane(lane)):
            self._lanes.give_back(lane, delivery)
            return
        failpoint(Failpoint.RUNNER_BEFORE_CLAIM)
        self._questions.ask(lane, delivery)

    def on_grant(self, grant: Grant) -> None:
        """The job is ours. A grant that is no longer awaited is handed back, never forgotten."""
        question = self._questions.find(grant.claim_id)
        if question is None:
            if grant.claim_id not in self._answered:
                log.info("late_grant_handed_back", job=grant.job, attempt=grant.attempt)
                self._outbox.put(HandedBack(job=grant.job, attempt=grant.attempt))
            return
        self._questions.granted(question)
        self._remember(grant.claim_id)
        failpoint(Failpoint.RUNNER_AFTER_GRANT)
        granted = Granted(
            grant, question.delivery, question.asked_at, elapsed_seconds(), question.lane, next(self._numbers)
        )
        CLAIM_GRANT.observe(granted.granted_at - granted.asked_at)
        overtaking = granted.lane == AHEAD and granted.asked_at <= self._returned_at
        if overtaking or not self._lanes.admitting:
            self._return([granted])
        elif granted.lane in self._lanes.free:
            self._begin(granted.lane, granted)
        else:
            self._granted.put(granted)
            self._fill()
            self._watch_age()

    def on_refusal(self, refusal: Refusal) -> None:
        """The job is not ours, or not yet."""
        question = self._questions.find(refusal.claim_id)
        if question is None:
            return
        match refusal.reason:
            case "stale":
                self._questions.close(question)
                self._lanes.drop(question.delivery)
                self._lanes.adjust(question.lane)
            case "paused":
                self.admit(wanted=False)  # until the next orders say otherwise
                self._give_back(question, refusal.reason)
            case "busy":
                self._give_back(question, refusal.reason)
            case "unknown":
                self._on_unknown(question)

    def _on_unknown(self, question: Question) -> None:
        if not self._questions.unknown(question):
            self._questions.close(question)
            self._drop(question.delivery, "unknown", job=question.claim.job, tries=question.unknowns)
            self._lanes.adjust(question.lane)

    # --- what waits for a slot

    def _fill(self) -> None:
        """Begin what waits on the slots that are free."""
        while self._granted and not self._frozen and not self._gathering:
            slot = self._lanes.next_free()
            if slot is None:
                return
            fitting = self._starter.fitting
            granted = self._granted.pop(fitting)
            if fitting > 1 and granted[0].is_simple:
                self._begin_bunch(slot, granted)
            else:
                self._begin(slot, granted[0])

    def _begin(self, slot: int, granted: Granted) -> None:
        self._lanes.free.discard(slot)
        if granted.lane == slot and self._lanes.alone(granted.delivery):
            timer = asyncio.get_running_loop().call_later(LINGER.total_seconds(), self._settle, slot)
            self._held[slot] = (granted.delivery, timer)
        else:
            self._lanes.close(slot)
            self._lanes.use_up(granted.lane, granted.delivery)
            self._look_at_wait(granted)
        self._starter.start(slot, granted)

    def _begin_bunch(self, slot: int, granted: Sequence[Granted]) -> None:
        """Their tickets are kept until it is known that they have begun."""
        self._lanes.free.discard(slot)
        self._lanes.close(slot)
        self._lent.update((one.key, one) for one in granted)
        self._look_at_wait(granted[0])
        self._starter.start_bunch(slot, granted)

    def _look_at_wait(self, granted: Granted) -> None:
        """Before anything has waited so long that it is returned."""
        now = elapsed_seconds()
        if now - granted.granted_at > self._soon:
            self._tell_too_far(now)

    def _tell_too_far(self, now: float) -> None:
        if now - self._told_at > self._keep:
            self._told_at = now
            self.on_too_far()

    def _watch_age(self) -> None:
        if self._granted and self._aging is None:
            self._aging = asyncio.get_running_loop().call_later(self._keep, self._return_old)

    def _return_old(self) -> None:
        """Once one has waited too long, all are returned: later ones must not begin before it."""
        self._aging = None
        if self._granted.oldest <= elapsed_seconds() - self._keep:
            self._returned_at = elapsed_seconds()
            self._tell_too_far(self._returned_at)
            self._return(self._granted.take(lambda _: True))
        self._watch_age()

    def _return(self, unbegun: list[Granted]) -> None:
        """Tell the scheduler first: it must know before another runner can claim a job with its ticket."""
        if not unbegun:
            return
        log.info("claims_returned", jobs=len(unbegun))
        CLAIMS_RETURNED.labels(self._plugin).inc(len(unbegun))
        held = sum(self._lanes.holds(one.delivery) for one in unbegun)
        self._lanes.return_later(held)
        for one in unbegun:
            job, attempt = one.key
            if self._lanes.holds(one.delivery):
                back = Unclaimed(job=job, attempt=attempt, turn=one.delivery.priority)
                self._outbox.put(back, partial(self._unclaimed, one.delivery))
            else:
                self._outbox.put(HandedBack(job=job, attempt=attempt))

    def _unclaimed(self, delivery: TicketDelivery) -> None:
        failpoint(Failpoint.RUNNER_UNCLAIMED)
        self._lanes.return_ticket(delivery)

    # --- tickets

    def _settle(self, slot: int) -> None:
        """The job of this slot is taking long: its ticket is acknowledged, and its lane closed before."""
        held = self._no_longer_held(slot)
        if held is not None:
            self._lanes.close(slot)
            self._lanes.drop(held)

    def _no_longer_held(self, slot: int) -> TicketDelivery | None:
        held = self._held.pop(slot, None)
        if held is None:
            return None
        held[1].cancel()
        return held[0]

    def _drop(self, delivery: TicketDelivery, reason: str, **facts: object) -> None:
        """Acknowledge a ticket that is of no use."""
        TICKETS_DROPPED.labels(self._plugin, reason).inc()
        log.warning("ticket_dropped", reason=reason, **facts)
        self._lanes.drop(delivery)

    def _give_back(self, question: Question, why: str) -> None:
        log.info("ticket_given_back", job=question.claim.job, why=why)
        self._questions.close(question)
        self._lanes.rest(question.lane)
        self._lanes.give_back(question.lane, question.delivery)

    def _remember(self, claim_id: str) -> None:
        self._answered[claim_id] = None
        if len(self._answered) > REMEMBERED_GRANTS:
            self._answered.popitem(last=False)
