"""Watches and sends while this scheduler is the active one; each rule is sent for on its own."""

import asyncio
from datetime import timedelta

from taskmanager.errors import TemporaryError
from taskmanager.model.notifications.rules import Rule
from taskmanager.ports.clock import Clock
from taskmanager.ports.notification_store import NotificationStore
from taskmanager.process.logs import get_logger
from taskmanager_scheduler.background.duty import Duty
from taskmanager_scheduler.background.repeating import repeat
from taskmanager_scheduler.notifications.sender import Sender
from taskmanager_scheduler.notifications.watcher import Watcher

SEND = timedelta(seconds=1)
"""Time between two looks for messages that are due."""
FINISH = timedelta(seconds=5)
"""How long what is being sent may still take when the process stops; after that it is sent again."""

log = get_logger(__name__)


class Notifier:
    """Runs beside everything else; what fails here is tried again and stops nothing."""

    def __init__(  # noqa: PLR0913 - wiring
        self,
        store: NotificationStore,
        watcher: Watcher,
        sender: Sender,
        clock: Clock,
        *,
        active_for: timedelta,
        look: timedelta,
        send: timedelta = SEND,
    ) -> None:
        """This scheduler is responsible for `active_for` after each tick that came through the inbox.

        `look` is the time between two looks for events, `send` between two for messages that are due.
        """
        self._clock = clock
        self._store, self._watcher, self._sender = store, watcher, sender
        self._duty = Duty(active_for)
        self._look, self._send = look, send
        self._sending: dict[str, asyncio.Task[None]] = {}

    def ticked(self) -> None:
        """Record a tick that came through the inbox: this scheduler is responsible for notifications."""
        if not self._duty.on:
            self._watcher.begin_anew()
        self._duty.ticked()

    def relieved(self) -> None:
        """Record that this scheduler has given the inbox up."""
        self._duty.end()

    async def run(self, stop: asyncio.Event) -> None:
        """Watch and send until `stop`; then what is being sent gets a moment to finish."""
        working = [
            asyncio.create_task(repeat(work, "notifications", self._duty, interval, stop), name=name)
            for name, work, interval in (
                ("events", self._watch, self._look),
                ("notifications", self._send_all, self._send),
            )
        ]
        try:
            await asyncio.gather(*working)
            if self._sending:
                await asyncio.wait(self._sending.values(), timeout=FINISH.total_seconds())
        finally:
            rest = [*working, *self._sending.values()]
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)

    async def _watch(self) -> bool:
        return await self._watcher.run_once(await self._store.rules())

    async def _send_all(self) -> bool:
        """Begin to send for each rule that is not being sent for: a slow channel delays no other."""
        self._sending = {key: task for key, task in self._sending.items() if not task.done()}
        due = await self._store.with_work(self._clock.now()) - self._sending.keys()
        if not due:
            return False
        rules = await self._store.rules()
        if orphans := due - {rule.id for rule in rules}:
            await self._store.forget(orphans)
        for rule in rules:
            if rule.id in due:
                self._sending[rule.id] = asyncio.create_task(self._send_for(rule), name="notification")
        return False

    async def _send_for(self, rule: Rule) -> None:
        try:
            while self._duty.on and await self._sender.run_once(rule):
                pass
        except TemporaryError as error:
            log.warning("notifications_not_sent", rule=rule.id, error=str(error))
        except Exception:
            log.exception("notifications_failed", rule=rule.id)
