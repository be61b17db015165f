"""Runs the lanes of all installations while this scheduler is the active one."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from taskmanager.errors import TemporaryError
from taskmanager.goobi.settings import GoobiSettings
from taskmanager.ports.clock import Clock
from taskmanager.ports.report_store import Among, ReportStore
from taskmanager.process.lifecycle import pause
from taskmanager.process.logs import get_logger
from taskmanager_scheduler.background.duty import Duty
from taskmanager_scheduler.background.repeating import repeat
from taskmanager_scheduler.goobi.lane import Lane
from taskmanager_scheduler.goobi.orphans import Orphans
from taskmanager_scheduler.metrics import GOOBI_BACKLOG, GOOBI_OLDEST

LOOK = timedelta(milliseconds=500)
"""Time between two checks for reports that are due."""
COUNT = timedelta(seconds=10)
"""Time between two counts of the backlogs."""
FINISH = timedelta(seconds=5)
"""How long requests in progress may still take when the process stops; after that they are sent again."""

log = get_logger(__name__)


def names_of(settings: GoobiSettings, name: str) -> Among:
    """The names by which jobs refer to this installation: its name and, if it is the default one, None."""
    return Among((name, None) if settings.name_of(None) == name else (name,))


class Reporter:
    """Delivers the stored reports. Without installations it leaves them alone: they wait for settings."""

    def __init__(
        self,
        settings: GoobiSettings,
        store: ReportStore,
        clock: Clock,
        *,
        active_for: timedelta,
        lanes: Sequence[Lane] | None = None,
    ) -> None:
        """This scheduler delivers for `active_for` after each tick that came through the inbox."""
        self._settings, self._store, self._clock = settings, store, clock
        self._duty = Duty(active_for)
        self._lanes = list(lanes) if lanes is not None else self._made()
        self._orphans = Orphans(Among((None, *settings.installations), others=True), settings, store, clock)

    def _made(self) -> list[Lane]:
        if not self._settings.installations:
            return []
        from taskmanager_scheduler.goobi.telling import Telling  # noqa: PLC0415 - brings httpx and `cryptography`, 12 MB

        return [
            Lane(
                name,
                names_of(self._settings, name),
                Telling(self._settings, installation),
                self._store,
                self._clock,
            )
            for name, installation in self._settings.installations.items()
        ]

    async def ticked(self) -> None:
        """Record a tick that came through the inbox: this scheduler is responsible for the reports."""
        if not self._duty.on:
            for lane in self._lanes:
                lane.begin_anew()
        self._duty.ticked()

    def relieved(self) -> None:
        """Record that this scheduler has given the inbox up."""
        self._duty.end()

    async def run_once(self) -> None:
        """Run one round of every lane, concurrently; raises TemporaryError."""
        await asyncio.gather(*(lane.run_once() for lane in self._lanes), self._orphans.run_once())

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop`; then requests in progress get a moment to finish."""
        if not self._settings.installations:
            log.info("no_goobi_configured", setting="TASKMANAGER_GOOBI")
            await stop.wait()
            return
        parts: list[Lane | Orphans] = [*self._lanes, self._orphans]
        working = [
            asyncio.create_task(repeat(part.run_once, "reports", self._duty, LOOK, stop), name="reports")
            for part in parts
        ]
        working.append(asyncio.create_task(self._count(stop), name="report backlogs"))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({*working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait(working, timeout=FINISH.total_seconds())
        finally:
            await self._end([stopping, *working])

    async def _end(self, tasks: Sequence["asyncio.Task[object]"]) -> None:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for lane in self._lanes:
            await lane.close()
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _count(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            if self._duty.on:
                await self._show_backlogs()
            await pause(stop, COUNT)

    async def _show_backlogs(self) -> None:
        """Update the metrics; that the database is unavailable is reported elsewhere."""
        try:
            for name in self._settings.installations:
                backlog = await self._store.undelivered(names_of(self._settings, name))
                GOOBI_BACKLOG.labels(name, "pending").set(backlog.pending)
                GOOBI_BACKLOG.labels(name, "given_up").set(backlog.given_up)
                age = self._clock.now() - backlog.oldest if backlog.oldest else timedelta(0)
                GOOBI_OLDEST.labels(name).set(age.total_seconds())
        except TemporaryError as error:
            log.debug("backlogs_not_counted", error=str(error))
