"""The tickets of new jobs, sent as soon as their submissions arrive, while those wait to be stored.

A ticket is only a hint, and the claim that it causes comes to the inbox behind the submission, so it is never
decided on before the job is stored. On an idle system it comes early enough to be stored together with it.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any

from taskmanager.messages import Submit
from taskmanager_scheduler.jobs.effects import SendTicket

Sent = asyncio.Task[frozenset[SendTicket]]
"""Tickets under way, in the end those that the broker has."""


class EarlyTickets:
    """Sends in the order of arrival, at most `limit` ahead: what is redelivered gets its tickets again."""

    def __init__(
        self, send: Callable[[Sequence[SendTicket]], Coroutine[Any, Any, frozenset[SendTicket]]], limit: int
    ) -> None:
        """`send` publishes tickets and returns those that the broker has."""
        self._send, self._limit = send, limit
        self._waiting: dict[str, Sent | None] = {}
        """By job, for each submission that waits to be stored: the sending of its ticket if it is early."""
        self._not_early = 0

    def arrived(self, submissions: Iterable[Submit]) -> None:
        """Send their tickets, unless too many wait already: no later one is then sent before them."""
        by_job = {  # some come twice; those that follow another job have no ticket yet
            one.job: one for one in submissions if one.job not in self._waiting and one.follows is None
        }
        new = list(by_job.values())
        places = 0 if self._not_early else max(0, self._limit - len(self._waiting))
        early, late = new[:places], new[places:]
        if early:
            sending = asyncio.create_task(self._send([_ticket_of(submit) for submit in early]))
            self._waiting |= {submit.job: sending for submit in early}
        self._waiting |= {submit.job: None for submit in late}
        self._not_early += len(late)

    def of(self, ticket: SendTicket) -> Sent | None:
        """What was sent early for this ticket, to be awaited instead of sending it."""
        return self._waiting.get(ticket.job) if ticket.dispatch == 1 else None

    def settled(self, submissions: Iterable[Submit]) -> None:
        """Forget these: they are done with, or will be redelivered."""
        for submit in submissions:
            if submit.job in self._waiting and self._waiting.pop(submit.job) is None:
                self._not_early -= 1


def _ticket_of(submit: Submit) -> SendTicket:
    spec = submit.spec
    return SendTicket(spec.plugin, submit.job, submit.dispatch, spec.priority, owed=False)
