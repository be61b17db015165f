"""The scheduler's store as a port.

What a decision needs to see, what it may change, and the call that does both at once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from taskmanager.model.control import Settlement
from taskmanager.model.hourly_figures import HourlyFigures
from taskmanager.model.jobs import Job
from taskmanager.model.notifications.deliveries import Notice
from taskmanager.model.notifications.rules import Rule
from taskmanager.model.operations import Failure, Listing, Operation
from taskmanager.model.partitions import WHOLE, Partition
from taskmanager.model.registry import (
    AuditEntry,
    InstalledPlugin,
    LogBlock,
    RunnerState,
    StoredFile,
    TabStatistics,
)
from taskmanager.model.replicas import ReplicaSet
from taskmanager.model.reports import Replay, Report, Withdrawal
from taskmanager.model.states import Status, Tab
from taskmanager.model.user_content.notes import Note
from taskmanager.model.user_content.presets import Preset
from taskmanager.ports.access_store import AccessPlan, AccessState


@dataclass(frozen=True, slots=True)
class Needs:
    """What to load: named jobs, active holders of unique keys, all jobs of some runners, and what is overdue.

    With jobs of chains, `next_links` are loaded. `limit` bounds each of the searches;
    None means no limit. `pages` are keys of listed pages of operations, whose jobs are loaded. What is
    overdue is searched among the plugins of `partition` only. `access` holds the ids of commands about users,
    tokens and sessions; if there are any, all users and tokens are loaded.
    """

    jobs: frozenset[str] = frozenset()
    new: frozenset[str] = frozenset()
    """Those of the jobs that are most likely not stored yet."""
    uniques: frozenset[str] = frozenset()
    runners: frozenset[str] = frozenset()
    plugins: frozenset[str] = frozenset()
    leases_before: datetime | None = None
    tickets_before: datetime | None = None
    partition: Partition = WHOLE
    limit: int | None = None
    operations: frozenset[str] = frozenset()
    pages: frozenset[str] = frozenset()
    access: frozenset[str] = frozenset()
    replicas: frozenset[str] = frozenset()
    """Keys of replica sets; the runners of their replicas are loaded as well."""
    presets: frozenset[str] = frozenset()
    """Keys of presets."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was loaded; `holders` of the wanted unique keys and of those of the loaded jobs.

    `statistics` are those of the queue tabs of plugins that have a limit. Jobs, plugins and operations are
    written only if they are still as seen here.
    """

    jobs: dict[str, Job] = field(default_factory=dict)
    unreadable: frozenset[str] = frozenset()
    """Wanted jobs that are stored but cannot be read: nothing can be done with them."""
    unreadable_plugins: frozenset[str] = frozenset()
    """It is unknown whether these are stopped: none of their jobs starts."""
    unreadable_operations: frozenset[str] = frozenset()
    holders: dict[str, str] = field(default_factory=dict)
    plugins: dict[str, InstalledPlugin] = field(default_factory=dict)
    runners: dict[str, RunnerState] = field(default_factory=dict)
    statistics: dict[tuple[str, Tab], TabStatistics] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    pages: dict[str, tuple[str, ...]] = field(default_factory=dict)
    access: AccessState = field(default_factory=AccessState)
    replicas: dict[str, ReplicaSet] = field(default_factory=dict)
    """Written only if they are still as seen here."""
    presets: dict[str, Preset] = field(default_factory=dict)
    """The same."""


def next_links(needs: Needs, found: Mapping[str, Job]) -> frozenset[str]:
    """The jobs of chains that are to be loaded with those that were found.

    The next ones of those needed by name, since these may be done now; and of those that have ended before
    their turn, which may be retried now, the ones before.
    """
    chained = [job for job in found.values() if job.chain]
    behind = (job.next_in_chain for job in chained if job.id in needs.jobs and not job.status.final)
    ahead = (job.follows for job in chained if job.status.final)
    return frozenset(link for link in (*behind, *ahead) if link is not None and link not in found)


@dataclass(frozen=True, slots=True)
class StatisticsDelta:
    """By how much the statistics of one plugin's tab change."""

    plugin: str
    tab: Tab
    jobs: int
    files: int
    bytes: int
    statuses: dict[Status, int]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write, all or nothing. `jobs` holds pairs (as loaded or None, as it is to be)."""

    jobs: Sequence[tuple[Job | None, Job]] = ()
    statistics: Sequence[StatisticsDelta] = ()
    figures: Sequence[HourlyFigures] = ()
    """What is added to the figures of their hours."""
    plugins: Sequence[InstalledPlugin] = ()
    runners: Sequence[RunnerState] = ()
    forgotten_runners: Sequence[str] = ()
    reports: Sequence[Report] = ()
    replays: Sequence[Replay] = ()
    withdrawals: Sequence[Withdrawal] = ()
    """Withdrawals of reports that are stored before or with this plan and that Goobi does not have yet."""
    logs: Sequence[LogBlock] = ()
    files: Sequence[StoredFile] = ()
    audit: Sequence[AuditEntry] = ()
    operations: Sequence[tuple[Operation | None, Operation]] = ()
    failures: Sequence[Failure] = ()
    access: AccessPlan | None = None
    settlements: Sequence[tuple[str, Settlement]] = ()
    """What is to become of the dead letters with these ids, if they are still known."""
    replicas: Sequence[ReplicaSet] = ()
    forgotten_replicas: Sequence[str] = ()
    """Keys of sets to remove."""
    presets: Sequence[Preset] = ()
    forgotten_presets: Sequence[str] = ()
    """Keys of presets to remove."""
    rules: Sequence[Rule] = ()
    removed_rules: Sequence[str] = ()
    notices: Sequence[Notice] = ()
    notes: Sequence[Note] = ()
    removed_notes: Sequence[str] = ()


PlanT = TypeVar("PlanT", bound=Plan)


class Store(Protocol):
    """Every call may raise StoreUnavailableError; nothing is then written."""

    async def time(self) -> datetime:
        """The database's clock."""

    async def apply(self, needs: Needs, decide: Callable[[Snapshot], PlanT]) -> PlanT:
        """Load, decide, write: in one transaction. `decide` is pure.

        It may be called again after a collision.
        """

    async def waiting(
        self, plugin: str, *, before: datetime, after: tuple[int, datetime, str] | None, limit: int
    ) -> Sequence[Job]:
        """Jobs in STARTED that were queued before a moment and are not backing off, in starting order.

        `after` is the (turn, queued_at, id) of the last one seen.
        """

    async def plugins(self) -> Sequence[InstalledPlugin]:
        """All installed plugins."""

    async def open_operations(self) -> Sequence[Operation]:
        """Operations for which a scheduler has something left to do, oldest first."""

    async def look_ahead(self, pages: frozenset[str]) -> None:
        """Read these pages of operations and their jobs for the coming `apply` that needs them.

        What changes in between does no harm: the decision then collides, and is made again.
        """

    async def list_jobs(self, operation: Operation, *, page: int) -> Listing:
        """Store, in pages, the ids of all jobs the operation applies to, as of one moment.

        Queued jobs come in starting order. Listing them again makes another listing; only the one that a
        stored operation names counts.
        """
