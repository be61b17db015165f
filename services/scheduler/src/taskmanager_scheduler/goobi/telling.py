"""One task told to one installation, from request to judgement. Decides nothing about time or order."""

from typing import Protocol

from taskmanager.goobi.installations import Dialect as DialectName
from taskmanager.goobi.installations import Installation
from taskmanager.goobi.secrets import SecretUnreadableError
from taskmanager.goobi.settings import GoobiSettings
from taskmanager.model.reports import Report
from taskmanager_scheduler.goobi import callback
from taskmanager_scheduler.goobi.access import Access
from taskmanager_scheduler.goobi.calls import (
    Answer,
    Callback,
    Dialect,
    Fate,
    GoobiCall,
    Judgement,
    Task,
    described,
)
from taskmanager_scheduler.goobi.core import Core
from taskmanager_scheduler.goobi.rest import RestPlugin
from taskmanager_scheduler.goobi.texts import UnwantedError, task_of
from taskmanager_scheduler.goobi.transport import GoobiTransport, UnreachableError
from taskmanager_scheduler.goobi.webapi import WebApi

UNREADABLE = frozenset({401, 403, 404, 405})
"""Answers to a look that do not get better by waiting: this Goobi lets us write but not read."""
LOOKS_IN_VAIN = 8
"""After so many tries it is told again, seen or not: twice is better than never."""


class ReportSender(Protocol):
    """What speaks HTTP."""

    async def send(self, call: GoobiCall) -> Answer:
        """The answer; raises UnreachableError and SecretUnreadableError."""

    async def close(self) -> None:
        """Let go of the connections."""


def dialect_of(installation: Installation, access: Access) -> Dialect:
    """The dialect with what it needs now; raises SecretUnreadableError."""
    match installation.dialect:
        case DialectName.WEBAPI:
            return WebApi(access.password())
        case DialectName.REST:
            return RestPlugin()
        case DialectName.CORE:
            return Core()


class Telling:
    """Tells one installation."""

    def __init__(
        self, settings: GoobiSettings, installation: Installation, sender: ReportSender | None = None
    ) -> None:
        """`sender` stands for HTTP in tests."""
        self.installation = installation
        self._settings = settings
        self._access = Access(installation)
        self._sender: ReportSender = sender or GoobiTransport(installation, self._access)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._sender.close()

    async def tell(self, report: Report, *, doubtful: bool) -> Judgement:
        """What became of it. `doubtful`: it may have been told before, so look first where one can."""
        try:
            task = task_of(report, self.installation)
        except UnwantedError as error:
            return Judgement(Fate.DONE, f"left out: {error}")
        if isinstance(task, Callback) and (misfit := self._settings.callback_misfit(task.url)):
            return Judgement(Fate.REFUSED, misfit)
        try:
            return await self._told(task, doubtful=doubtful, patient=report.attempts < LOOKS_IN_VAIN)
        except (UnreachableError, SecretUnreadableError) as error:
            return Judgement(Fate.AWAY, str(error))

    async def _told(self, task: Task, *, doubtful: bool, patient: bool) -> Judgement:
        if isinstance(task, Callback):
            return callback.judge(await self._sender.send(callback.call(task)))
        dialect = dialect_of(self.installation, self._access)
        if doubtful and (found := await self._found(dialect, task, patient=patient)) is not None:
            return found
        judgement = dialect.judge(task, await self._sender.send(dialect.call(task)))
        if judgement.fate is not Fate.LOOK:
            return judgement
        found = await self._found(dialect, task, patient=False)
        return found or Judgement(Fate.AGAIN, judgement.words)

    async def _found(self, dialect: Dialect, task: Task, *, patient: bool) -> Judgement | None:
        """What a look says; None: it is not done, or nobody can tell.

        Who is patient rather looks again later than does twice what may be done already.
        """
        look = dialect.look(task)
        if look is None:
            return None
        answer = await self._sender.send(look)
        seen = dialect.seen(task, answer)
        if seen:
            return Judgement(Fate.DONE, "was done already")
        if seen is None and patient and answer.status not in UNREADABLE:
            return Judgement(Fate.AGAIN, f"it cannot be seen whether it is done: {described(answer)}")
        return None
