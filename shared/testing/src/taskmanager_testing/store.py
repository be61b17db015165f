"""The scheduler's store in memory, with the full contract.

Decisions are made and written at once; statistics are updated by their deltas.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.hourly_figures import HourlyFigures
from taskmanager.model.jobs import Job
from taskmanager.model.operations import Failure, Listing, Operation
from taskmanager.model.registry import (
    AuditEntry,
    InstalledPlugin,
    LogBlock,
    RunnerState,
    StoredFile,
    TabStatistics,
)
from taskmanager.model.replicas import ReplicaSet
from taskmanager.model.reports import Report
from taskmanager.model.states import Status, Tab
from taskmanager.model.user_content.presets import Preset
from taskmanager.ports.access_store import AccessState
from taskmanager.ports.clock import Clock
from taskmanager.ports.store import Needs, Plan, PlanT, Snapshot, StatisticsDelta, next_links
from taskmanager.process.clock import SystemClock
from taskmanager_testing.access import FakeAccess
from taskmanager_testing.dead_letters import MemoryDeadLetters
from taskmanager_testing.operations import listed, paged
from taskmanager_testing.reports import MemoryReports, replayed, withdrawn


class MemoryStore:
    """Implements `taskmanager.ports.store.Store`. Set `away` to make every call fail."""

    def __init__(self, clock: Clock | None = None) -> None:
        """`clock` takes the place of the database's."""
        self._clock = clock or SystemClock()
        self.away = False
        self.jobs: dict[str, Job] = {}
        self.statistics: dict[tuple[str, Tab], TabStatistics] = {}
        self.figures: list[HourlyFigures] = []
        """Everything that was added."""
        self.installed: dict[str, InstalledPlugin] = {}
        self.runners: dict[str, RunnerState] = {}
        self.replicas: dict[str, ReplicaSet] = {}
        self.presets: dict[str, Preset] = {}
        self.reports: dict[str, Report] = {}
        self.letters = MemoryDeadLetters(lambda: self.away)
        """What is kept of dead letters."""
        self.told = MemoryReports(self.reports, lambda: self.away, self.jobs)
        """What delivery sees of the reports."""
        self.audit: dict[str, AuditEntry] = {}
        self.logs: dict[tuple[str, int, int], LogBlock] = {}
        self.files: dict[tuple[str, int, int], StoredFile] = {}
        self.operations: dict[str, Operation] = {}
        self.failures: dict[tuple[str, int], Failure] = {}
        self.pages: dict[str, tuple[str, ...]] = {}
        self.looked_ahead: frozenset[str] = frozenset()
        """All pages that were to be read ahead."""
        self.access = FakeAccess()
        """What gateways read about access."""

    async def time(self) -> datetime:
        """See the port."""
        self._answer()
        return self._clock.now()

    async def apply(self, needs: Needs, decide: Callable[[Snapshot], PlanT]) -> PlanT:
        """See the port."""
        self._answer()
        plan = decide(self._snapshot(needs))
        self._check(plan)
        self._write(plan)
        return plan

    async def waiting(
        self, plugin: str, *, before: datetime, after: tuple[int, datetime, str] | None, limit: int
    ) -> Sequence[Job]:
        """See the port."""
        self._answer()
        waiting = [
            job
            for job in self.jobs.values()
            if job.plugin == plugin
            and job.status is Status.STARTED
            and job.queued_at < before
            and (job.not_before is None or job.not_before < before)
            and (after is None or _turn(job) > (-after[0], *after[1:]))
        ]
        return sorted(waiting, key=_turn)[:limit]

    async def plugins(self) -> Sequence[InstalledPlugin]:
        """See the port."""
        self._answer()
        return list(self.installed.values())

    async def open_operations(self) -> Sequence[Operation]:
        """See the port."""
        self._answer()
        found = [one for one in self.operations.values() if one.open]
        return sorted(found, key=lambda one: (one.asked.at, one.id))

    async def look_ahead(self, pages: frozenset[str]) -> None:
        """See the port. Remembers nothing: what `apply` reads is at hand."""
        self._answer()
        self.looked_ahead |= pages

    async def list_jobs(self, operation: Operation, *, page: int) -> Listing:
        """See the port."""
        self._answer()
        ids = listed(self.jobs.values(), operation)
        key = f"listing-{len(self.pages)}"
        pages = paged(key, ids, page)
        self.pages |= pages
        return Listing(id=key, pages=len(pages), total=len(ids))

    def _answer(self) -> None:
        if self.away:
            message = "MongoDB: no primary"
            raise StoreUnavailableError(message)

    def _snapshot(self, needs: Needs) -> Snapshot:
        replicas = {key: self.replicas[key] for key in needs.replicas if key in self.replicas}
        theirs = {replica.runner for one in replicas.values() for replica in one.replicas}
        runners = needs.runners | theirs
        pages = {key: self.pages[key] for key in needs.pages if key in self.pages}
        named = needs.jobs.union(*pages.values())
        searches: list[Callable[[Job], bool]] = [
            lambda job: job.id in named,
            lambda job: job.spec.unique in needs.uniques and job.tab is Tab.QUEUE,
            lambda job: job.owner in runners,
            lambda job: bool(
                needs.leases_before
                and job.lease
                and job.lease < needs.leases_before
                and needs.partition.holds(job.plugin)
            ),
            lambda job: bool(
                needs.tickets_before
                and job.ticket_due
                and job.ticket_due <= needs.tickets_before
                and needs.partition.holds(job.plugin)
            ),
        ]
        jobs: dict[str, Job] = {}
        for search in searches:
            found = [job for job in self.jobs.values() if search(job)]
            jobs |= {job.id: job for job in found[: needs.limit]}
        jobs |= {link: self.jobs[link] for link in next_links(needs, jobs) if link in self.jobs}
        return Snapshot(
            jobs=jobs,
            holders={
                job.spec.unique: job.id
                for job in self.jobs.values()
                if job.spec.unique and job.tab is Tab.QUEUE
            },
            plugins={name: one for name, one in self.installed.items() if name in needs.plugins},
            runners={name: one for name, one in self.runners.items() if name in runners},
            statistics={key: one for key, one in self.statistics.items() if self._limited(needs, *key)},
            operations={key: one for key, one in self.operations.items() if key in needs.operations},
            pages=pages,
            access=self._access_state(needs),
            replicas=replicas,
            presets={key: self.presets[key] for key in needs.presets if key in self.presets},
        )

    def _access_state(self, needs: Needs) -> AccessState:
        if not needs.access:
            return AccessState()
        heard = {key: entry for key, entry in self.audit.items() if key in needs.access}
        return replace(self.access.state(), heard=heard)

    def _limited(self, needs: Needs, plugin: str, tab: Tab) -> bool:
        limited = plugin in self.installed and self.installed[plugin].limit is not None
        return plugin in needs.plugins and tab is Tab.QUEUE and limited

    def _change_reports(self, plan: Plan) -> None:
        for replay in plan.replays:
            self.reports |= {one.id: one for one in replayed(self.reports.values(), replay)}
        for letter, settlement in plan.settlements:
            self.letters.order(letter, settlement)
        for withdrawal in plan.withdrawals:
            self.reports |= {one.id: one for one in withdrawn(self.reports.values(), withdrawal)}

    def _check(self, plan: Plan) -> None:
        """All or nothing: every job is still as it was loaded, and no unique key gets two holders."""
        after = dict(self.jobs)
        for before, job in plan.jobs:
            stored = self.jobs.get(job.id)
            if (stored.rev if stored else None) != (before.rev if before else None):
                message = f"job {job.id} changed meanwhile"
                raise StoreUnavailableError(message)
            after[job.id] = job
        for plugin in plan.plugins:
            if (self.installed[plugin.name].rev if plugin.name in self.installed else 0) != plugin.rev - 1:
                message = f"plugin {plugin.name} changed meanwhile"
                raise StoreUnavailableError(message)
        self._check_kept(plan)
        for known, operation in plan.operations:
            stored_operation = self.operations.get(operation.id)
            if (stored_operation.rev if stored_operation else None) != (known.rev if known else None):
                message = f"operation {operation.id} changed meanwhile"
                raise StoreUnavailableError(message)
        keys = [job.spec.unique for job in after.values() if job.spec.unique and job.tab is Tab.QUEUE]
        if len(keys) != len(set(keys)):
            message = "two active jobs with one unique key"
            raise StoreUnavailableError(message)

    def _check_kept(self, plan: Plan) -> None:
        """Replica sets and presets are still as they were loaded."""
        for one in plan.replicas:
            if (self.replicas[one.key].rev if one.key in self.replicas else 0) != one.rev - 1:
                message = f"replicas {one.key} changed meanwhile"
                raise StoreUnavailableError(message)
        for preset in plan.presets:
            if (self.presets[preset.key].rev if preset.key in self.presets else 0) != preset.rev - 1:
                message = f"preset {preset.key} changed meanwhile"
                raise StoreUnavailableError(message)

    def _write_kept(self, plan: Plan) -> None:
        self.replicas |= {one.key: one for one in plan.replicas}
        for name in plan.forgotten_replicas:
            self.replicas.pop(name, None)
        self.presets |= {preset.key: preset for preset in plan.presets}
        for name in plan.forgotten_presets:
            self.presets.pop(name, None)

    def _write(self, plan: Plan) -> None:
        if plan.access is not None:
            self.access.write(plan.access)
        self.jobs |= {job.id: job for _, job in plan.jobs}
        for delta in plan.statistics:
            key = (delta.plugin, delta.tab)
            self.statistics[key] = _added(self.statistics.get(key), delta)
        self.figures += plan.figures
        self.installed |= {plugin.name: plugin for plugin in plan.plugins}
        self.runners |= {runner.id: runner for runner in plan.runners}
        for name in plan.forgotten_runners:
            self.runners.pop(name, None)
        self._write_kept(plan)
        self.operations |= {operation.id: operation for _, operation in plan.operations}
        for failure in plan.failures:
            self.failures.setdefault((failure.operation, failure.number), failure)
        for report in plan.reports:
            self.reports.setdefault(report.id, report)
        self._change_reports(plan)
        for entry in plan.audit:
            self.audit.setdefault(entry.id, entry)
        for block in plan.logs:
            self.logs.setdefault((block.job, block.attempt, block.seq), block)
        for one in plan.files:
            self.files.setdefault((one.job, one.attempt, one.number), one)


def _turn(job: Job) -> tuple[int, datetime, str]:
    return (-job.turn, job.queued_at, job.id)


def _added(one: TabStatistics | None, delta: StatisticsDelta) -> TabStatistics:
    old = one or TabStatistics(plugin=delta.plugin, tab=delta.tab)
    statuses = dict(old.statuses)
    for status, number in delta.statuses.items():
        statuses[status] = statuses.get(status, 0) + number
    return TabStatistics(
        plugin=delta.plugin,
        tab=delta.tab,
        jobs=old.jobs + delta.jobs,
        files=old.files + delta.files,
        bytes=old.bytes + delta.bytes,
        statuses=statuses,
    )
