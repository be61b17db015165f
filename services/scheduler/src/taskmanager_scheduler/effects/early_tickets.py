"""The tickets of new jobs, sent as soon as their submissions arrive, while those wait to be stored.

A ticket is only a hint, and the claim that it causes comes to the inbox behind the submission, so it is never
decided on before the job is stored. On an idle system it comes early enough to be stored together with it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from taskmanager.messages import Submit
from taskmanager_scheduler.jobs.effects import SendTicket

Send = Callable[[SendTicket], Awaitable[bool]]


class EarlyTickets:
    """Sends in the order of arrival, at most `limit` ahead: what is redelivered gets its tickets again."""

    def __init__(self, send: Send, limit: int) -> None:
        """`send` returns whether the broker has the ticket."""
        self._send, self._limit = send, limit
        self._waiting: dict[str, asyncio.Future[bool] | None] = {}
        """By job: its ticket if that was sent early, for every submission that waits to be stored."""
        self._not_early = 0

    def arrived(self, submissions: Iterable[Submit]) -> None:
        """Send their tickets, unless too many wait already: no later one is then sent before them."""
        for submit in submissions:
            if submit.job in self._waiting:
                continue  # submitted twice
            early = len(self._waiting) < self._limit and not self._not_early
            sending = asyncio.ensure_future(self._send(_ticket_of(submit))) if early else None
            self._waiting[submit.job] = sending
            self._not_early += not early

    def of(self, ticket: SendTicket) -> asyncio.Future[bool] | None:
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
