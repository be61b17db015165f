"""Looks for events at what is stored, and puts a notice for each rule that wants one into the outbox.

What was known at the last look is stored together with the notices, so that killing a scheduler anywhere
neither loses an event nor tells one twice. Nothing is asked of those that write jobs.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from taskmanager.model.failures.error_groups import ErrorGroup
from taskmanager.model.notifications.deliveries import Notice
from taskmanager.model.notifications.events import EventKind
from taskmanager.model.notifications.rules import Rule
from taskmanager.model.notifications.watching import Watched
from taskmanager.model.registry import InstalledPlugin, RunnerState, TabStatistics
from taskmanager.model.reports import Backlog
from taskmanager.ports.clock import Clock
from taskmanager.ports.notification_store import NotificationStore
from taskmanager.ports.report_store import Among
from taskmanager.process.failpoints import Failpoint, failpoint
from taskmanager_scheduler.notifications.looks import Seen, begin, look

SETTLED = timedelta(seconds=15)
"""An end is looked at when it is that old: transactions of other partitions take up to ten seconds."""
NOTED = timedelta(seconds=30)
"""How often it is stored that somebody looked, if nothing else has changed."""
AT_ONCE = 500
"""How many failed jobs, or ended operations, one look takes."""


class StateReader(Protocol):
    """What is looked at; every call may raise StoreUnavailableError."""

    async def plugins(self) -> Sequence[InstalledPlugin]:
        """All installed plugins."""

    async def runners(self, plugin: str | None = None) -> Sequence[RunnerState]:
        """All runners."""

    async def statistics(self, plugin: str | None = None) -> Sequence[TabStatistics]:
        """The sums of all tabs."""

    async def oldest_waiting(self, plugin: str) -> datetime | None:
        """When the longest waiting job was queued."""

    async def error_groups(self, plugins: Sequence[str]) -> Sequence[ErrorGroup]:
        """The jobs in error in groups."""

    async def backlog(self, installations: Sequence[str | None]) -> Backlog:
        """What an installation has not been told."""


class Watcher:
    """One look after the other."""

    def __init__(
        self,
        store: NotificationStore,
        reader: StateReader,
        clock: Clock,
        installations: dict[str, Among],
        *,
        settled: timedelta = SETTLED,
    ) -> None:
        """`installations` of Goobi with the names that jobs use; `settled`: how old an end has to be."""
        self._store, self._reader, self._clock = store, reader, clock
        self._installations, self._settled = installations, settled
        self._known: Watched | None = None
        self._asleep = False
        """Whether there was no rule at the last look: then nobody missed anything since."""

    def begin_anew(self) -> None:
        """Another scheduler may have looked meanwhile, for rules that this one does not know."""
        self._known, self._asleep = None, False

    async def run_once(self, rules: Sequence[Rule]) -> bool:
        """Look once for these rules; whether there may be more at once. Raises StoreUnavailableError."""
        wanted = [rule for rule in rules if rule.on]
        if not wanted:
            self._known, self._asleep = None, True
            return False
        kinds = {kind for rule in wanted for kind in rule.kinds}
        known = None if self._asleep else self._known or await self._store.watched()
        minutes = {rule.minutes_waiting for rule in wanted if EventKind.QUEUE_OLD in rule.kinds}
        seen = await self._see(known, kinds, minutes)
        if known is None:
            await self._store.note(begin(seen), (), first=True)
            self._known, self._asleep = None, False
            return False
        events, after = look(known, seen, minutes)
        notices = [Notice.of(rule, one, seen.now) for one in events for rule in wanted if rule.wants(one)]
        if notices or _changed(known, after):
            failpoint(Failpoint.SCHEDULER_BEFORE_NOTICES)
            noted = await self._store.note(after, notices, first=False)
            self._known = after if noted else None
        else:
            self._known = known
        return len(seen.failed) == AT_ONCE or len(seen.operations) == AT_ONCE

    async def _see(
        self, known: Watched | None, kinds: Collection[EventKind], minutes: Collection[int]
    ) -> Seen:
        reader, now = self._reader, self._clock.now()
        plugins, statistics = await reader.plugins(), await reader.statistics()
        until = now - self._settled
        failed, operations = [], []
        if known is not None:
            after = (known.failed_at, known.failed_id)
            failed = [*await self._store.failed_jobs(after, until=until, limit=AT_ONCE)]
            operations = [
                *await self._store.operations_ended(known.operations_at, until=until, limit=AT_ONCE)
            ]
        grouped = [one.name for one in plugins] if known is None else sorted({job.plugin for job in failed})
        groups = {
            name: await reader.error_groups([name]) for name in grouped if EventKind.ERROR_GROUP in kinds
        }
        oldest = {
            name: moment
            for name in (one.name for one in plugins if minutes)
            if (moment := await reader.oldest_waiting(name)) is not None
        }
        backlogs = {
            name: await reader.backlog(among.names)
            for name, among in self._installations.items()
            if EventKind.GOOBI_SILENT in kinds
        }
        return Seen(
            now=now,
            plugins=plugins,
            runners=await reader.runners(),
            statistics=statistics,
            oldest=oldest,
            failed=failed,
            groups=groups,
            operations=operations,
            backlogs=backlogs,
        )


def _changed(before: Watched, after: Watched) -> bool:
    """Whether the look is worth a write of its own."""
    quiet = {"rev": 0, "looked": before.looked}
    same = after.model_copy(update=quiet) == before.model_copy(update=quiet)
    return not same or after.looked - before.looked >= NOTED
