"""One task told to one installation, from request to judgement. Decides nothing about time or order."""

from typing import Protocol

from taskmanager.goobi.installations import Dialect as DialectName
from taskmanager.goobi.installations import Installation
from taskmanager.goobi.secrets import SecretUnreadableError
from taskmanager.goobi.settings import GoobiSettings
from taskmanager.reports import Report
from taskmanager_scheduler.goobi import callback
from taskmanager_scheduler.goobi.access import Access
from taskmanager_scheduler.goobi.calls import Answer, Call, Callback, Dialect, Fate, Judgement, Task
from taskmanager_scheduler.goobi.core import Core
from taskmanager_scheduler.goobi.rest import RestPlugin
from taskmanager_scheduler.goobi.texts import UnwantedError, task_of
from taskmanager_scheduler.goobi.transport import Transport, UnreachableError
from taskmanager_scheduler.goobi.webapi import WebApi


class Sender(Protocol):
    """What speaks HTTP."""

    async def send(self, call: Call) -> Answer:
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
        self, settings: GoobiSettings, installation: Installation, sender: Sender | None = None
    ) -> None:
        """`sender` stands for HTTP in tests."""
        self.installation = installation
        self._settings = settings
        self._access = Access(installation)
        self._sender: Sender = sender or Transport(installation, self._access)

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
            return await self._told(task, doubtful=doubtful)
        except (UnreachableError, SecretUnreadableError) as error:
            return Judgement(Fate.AWAY, str(error))

    async def _told(self, task: Task, *, doubtful: bool) -> Judgement:
        if isinstance(task, Callback):
            return callback.judge(await self._sender.send(callback.call(task)))
        dialect = dialect_of(self.installation, self._access)
        if doubtful and await self._is_done(dialect, task):
            return Judgement(Fate.DONE, "was there already")
        judgement = dialect.judge(task, await self._sender.send(dialect.call(task)))
        if judgement.fate is not Fate.LOOK:
            return judgement
        if await self._is_done(dialect, task):
            return Judgement(Fate.DONE, "was done already")
        return Judgement(Fate.AGAIN, judgement.words)

    async def _is_done(self, dialect: Dialect, task: Task) -> bool:
        """Whether Goobi says so; what it does not say is done (again)."""
        look = dialect.look(task)
        return look is not None and dialect.seen(task, await self._sender.send(look)) is True
