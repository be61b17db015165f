"""Delivers one task to one installation, from request to judgement. Decides nothing about time or order."""

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
    Fate,
    GoobiCall,
    GoobiDialect,
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
"""Answers to a look-up that waiting does not improve: this Goobi lets us write but not read."""
LOOKS_IN_VAIN = 8
"""After this many attempts the task is sent again, whether seen or not: twice is better than never."""


class ReportSender(Protocol):
    """Sends requests over HTTP."""

    async def send(self, call: GoobiCall) -> Answer:
        """Send the request; raises UnreachableError and SecretUnreadableError."""

    async def close(self) -> None:
        """Close the connections."""


def dialect_of(installation: Installation, access: Access) -> GoobiDialect:
    """The installation's dialect, with the secret it needs now; raises SecretUnreadableError."""
    match installation.dialect:
        case DialectName.WEBAPI:
            return WebApi(access.password())
        case DialectName.REST:
            return RestPlugin()
        case DialectName.CORE:
            return Core()


class Telling:
    """Delivers reports to one installation."""

    def __init__(
        self, settings: GoobiSettings, installation: Installation, sender: ReportSender | None = None
    ) -> None:
        """`sender` replaces HTTP in tests."""
        self.installation = installation
        self._settings = settings
        self._access = Access(installation)
        self._sender: ReportSender = sender or GoobiTransport(installation, self._access)

    async def close(self) -> None:
        """Close the connections."""
        await self._sender.close()

    async def tell(self, report: Report, *, doubtful: bool) -> Judgement:
        """Deliver the report. `doubtful`: it may already have been delivered, so look first if possible."""
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

    async def _found(self, dialect: GoobiDialect, task: Task, *, patient: bool) -> Judgement | None:
        """The result of a look-up; None if the task is not done or this cannot be determined.

        If `patient`, look again later rather than do twice what may already be done.
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
