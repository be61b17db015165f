"""Asks the scheduler for the jobs of tickets, again and again until it answers or the time is up.

If the ticket of a job that the scheduler does not know were given back, it would block its lane forever,
since it returns to the head of the queue. The scheduler is asked a limited number of times, then the ticket
is dropped. If its job is stored later after all, the scheduler sends the ticket again.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from taskmanager.messages import Claim, TicketReference
from taskmanager_plugin_runner.clock import elapsed_seconds
from taskmanager_plugin_runner.messaging.outbox import Sink
from taskmanager_plugin_runner.messaging.ticket_blocks import TicketDelivery

REPEAT = timedelta(seconds=2)
"""A question without an answer is repeated after this time."""
FIRST_UNKNOWN_SECONDS, LONGEST_UNKNOWN_SECONDS = 0.1, 1.0
"""A job that is not stored yet is asked for again after this time, which doubles with each try."""
UNKNOWN_TRIES, LEAST_UNKNOWN_TRIES = 6, 3
"""How often a job may be unknown before its ticket is dropped: within 2.5 s.

One fewer for every ticket dropped since the last grant, so that a queue full of them is quickly cleared.
"""


@dataclass(slots=True)
class Question:
    """A claim without a final answer."""

    lane: int
    delivery: TicketDelivery
    claim: Claim
    asked_at: float
    unknowns: int = 0
    timer: asyncio.TimerHandle | None = None


class Questions:
    """The claims without an answer, by their ids."""

    def __init__(self, outbox: Sink, timeout: timedelta, give_up: Callable[[Question], None]) -> None:
        """`give_up` is called with a question that had no answer for `timeout`, which is then still open."""
        self._outbox, self._give_up = outbox, give_up
        self._timeout_seconds = timeout.total_seconds()
        self._open: dict[str, Question] = {}
        self._by_ticket: dict[TicketReference, list[Question]] = {}
        self._dropped = 0

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the claims."""
        return tuple(self._open)

    def open(self) -> list[Question]:
        """All of them."""
        return list(self._open.values())

    def find(self, claim_id: str) -> Question | None:
        """The question with this id, if it is open."""
        return self._open.get(claim_id)

    def of_lane(self, lane: int) -> Question | None:
        """The first question about a ticket of this lane."""
        return next((one for one in self._open.values() if one.lane == lane), None)

    def redelivered(self, lane: int, delivery: TicketDelivery) -> bool:
        """Whether this ticket is in question already, delivered again on a new channel; it is then kept."""
        for one in self._by_ticket.get(delivery.ticket, ()):
            if one.delivery.generation != delivery.generation:
                one.delivery, one.lane = delivery, lane
                return True
        return False

    def ask(self, lane: int, delivery: TicketDelivery) -> None:
        """Claim the job of a ticket."""
        ticket = delivery.ticket
        claim = Claim(job=ticket.job, dispatch=ticket.dispatch, claim_id=uuid4().hex)
        question = Question(lane, delivery, claim, elapsed_seconds())
        self._open[claim.claim_id] = question
        self._by_ticket.setdefault(ticket, []).append(question)
        self._put(question)

    def repeat(self) -> None:
        """Repeat all questions, after the hello on a new connection."""
        for question in self._open.values():
            self._outbox.put(question.claim)

    def unknown(self, question: Question) -> bool:
        """Ask again a little later; False if the job has been unknown too often."""
        wait = min(FIRST_UNKNOWN_SECONDS * 2**question.unknowns, LONGEST_UNKNOWN_SECONDS)
        question.unknowns += 1
        if question.unknowns < max(LEAST_UNKNOWN_TRIES, UNKNOWN_TRIES - self._dropped):
            self._put_later(question, wait)
            return True
        self._dropped += 1
        return False

    def granted(self, question: Question) -> None:
        """The answer is yes."""
        self._dropped = 0
        self.close(question)

    def close(self, question: Question) -> None:
        """Expect no answer any more."""
        if question.timer is not None:
            question.timer.cancel()
        if self._open.pop(question.claim.claim_id, None) is not None:
            ticket = question.delivery.ticket
            self._by_ticket[ticket].remove(question)
            if not self._by_ticket[ticket]:
                del self._by_ticket[ticket]

    def _put(self, question: Question) -> None:
        if elapsed_seconds() - question.asked_at >= self._timeout_seconds:
            self._give_up(question)
            return
        self._outbox.put(question.claim)
        self._put_later(question, REPEAT.total_seconds())

    def _put_later(self, question: Question, seconds: float) -> None:
        if question.timer is not None:
            question.timer.cancel()
        left = question.asked_at + self._timeout_seconds - elapsed_seconds()
        delay = max(0.0, min(seconds, left))
        question.timer = asyncio.get_running_loop().call_later(delay, self._put, question)
