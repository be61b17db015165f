"""Tickets are sent as soon as their submissions arrive, in order and not too many ahead."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from taskmanager.messages import Submit
from taskmanager.model.jobs import JobSpec
from taskmanager_scheduler.effects.early_tickets import EarlyTickets
from taskmanager_scheduler.jobs.effects import SendTicket

NOW = datetime(2027, 1, 1, tzinfo=UTC)


def submit(job: str) -> Submit:
    return Submit(job=job, client="c", submitted_at=NOW, spec=JobSpec(plugin="noop", priority=7))


def ticket(job: str, dispatch: int = 1) -> SendTicket:
    return SendTicket("noop", job, dispatch, 7, owed=False)


class Sent:
    """What was sent, in order."""

    def __init__(self) -> None:
        self.tickets: list[SendTicket] = []

    async def send(self, tickets: Sequence[SendTicket]) -> frozenset[SendTicket]:
        self.tickets += tickets
        return frozenset(tickets)

    async def jobs(self) -> list[str]:
        await asyncio.sleep(0)
        return [one.job for one in self.tickets]


async def test_a_ticket_is_sent_on_arrival_and_not_again() -> None:
    sent = Sent()
    early = EarlyTickets(sent.send, limit=10)

    early.arrived([submit("1"), submit("1")])
    early.arrived([submit("1")])  # by a client that repeats itself
    early_one = early.of(ticket("1"))

    assert sent.tickets == []
    assert early_one is not None
    assert await early_one == {ticket("1")}
    assert sent.tickets == [ticket("1")]


async def test_a_later_dispatch_or_one_that_is_done_with_was_not_sent_early() -> None:
    early = EarlyTickets(Sent().send, limit=10)
    early.arrived([submit("1")])

    assert early.of(ticket("1", dispatch=2)) is None
    early.settled([submit("1")])
    assert early.of(ticket("1")) is None


async def test_none_is_sent_early_before_one_that_could_not_be() -> None:
    sent = Sent()
    early = EarlyTickets(sent.send, limit=2)

    early.arrived([submit("1"), submit("2"), submit("3")])
    early.settled([submit("1"), submit("2")])
    early.arrived([submit("4")])
    assert await sent.jobs() == ["1", "2"]
    assert early.of(ticket("3")) is early.of(ticket("4")) is None

    early.settled([submit("3"), submit("4")])
    early.arrived([submit("5")])
    assert await sent.jobs() == ["1", "2", "5"]
