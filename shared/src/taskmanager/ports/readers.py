"""What the services read, as protocols.

`__main__` plugs in MongoDB, tests plug in fakes.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from taskmanager.model.access import KnownSession, Token, User
from taskmanager.model.failures.error_groups import ErrorGroup
from taskmanager.model.hourly_figures import HourlyFigures
from taskmanager.model.jobs import Job
from taskmanager.model.notifications.deliveries import Delivery
from taskmanager.model.notifications.rules import Rule
from taskmanager.model.operations import Failure, JobFilter, Operation, OperationPage, OperationQuery, Preview
from taskmanager.model.queries import (
    AuditPage,
    AuditQuery,
    FilePage,
    FileQuery,
    FoundJobs,
    JobPage,
    JobQuery,
    Position,
    ProcessQuery,
)
from taskmanager.model.registry import (
    AtWork,
    DeadLetter,
    InstalledPlugin,
    LogBlock,
    RunnerState,
    TabStatistics,
)
from taskmanager.model.replicas import ReplicaSet
from taskmanager.model.reports import Backlog, InstallationHealth, Report, ReportPage, ReportQuery
from taskmanager.model.states import Tab
from taskmanager.model.user_content.notes import Note, NoteOn
from taskmanager.model.user_content.presets import Preset


class JobReader(Protocol):
    """Reads of the gateway. Every call may raise StoreUnavailableError."""

    async def ping(self) -> None:
        """Return if the store answers."""

    async def job(self, job_id: str) -> Job | None:
        """The stored job."""

    async def jobs_by_id(self, job_ids: Sequence[str]) -> Mapping[str, Job]:
        """Those of these jobs that are stored, in one read."""

    async def jobs(self, query: JobQuery) -> JobPage:
        """One page; raises CursorError for a cursor that belongs to another query."""

    async def search(self, chosen: JobFilter, *, begins: str = "", shown: int = 10) -> FoundJobs:
        """The jobs that have all the terms of the filter, or whose ids begin so; `FOUND_LIMIT` are examined.

        Without `begins` the filter has `text`, `process`, `project`, `error_text` or `ids`.
        """

    async def projects(self, plugin: str) -> Sequence[str]:
        """The projects of the plugin's last `PROJECTS_FROM` jobs, in the order of the alphabet."""

    async def jobs_of_process(self, query: ProcessQuery) -> JobPage:
        """One page of a process's jobs, newest first; raises CursorError for a cursor of another list."""

    async def active_by_unique(self, unique: str) -> Job | None:
        """The job in the queue tab that holds this unique key."""

    async def position(self, job: Job) -> Position:
        """How many STARTED jobs of its plugin start before this one: by turn, time of queueing and id."""

    async def places(self, jobs: Sequence[Job]) -> Mapping[str, int]:
        """The places of these jobs of one plugin among its STARTED ones, from 1, as far as `PLACES_LIMIT`.

        Those that do not wait, or are further behind, are left out.
        """

    async def failed_since(self, plugin: str, since: datetime) -> int:
        """How many jobs of the plugin are in ERROR and ended after `since`, up to `FAILED_LIMIT`."""

    async def error_groups(self, plugins: Sequence[str]) -> Sequence[ErrorGroup]:
        """The last `GROUPED_LIMIT` jobs in error of these plugins in groups, the largest first."""

    async def with_files(self, plugin: str, tab: Tab) -> int:
        """How many jobs of the tab have files that are known; every job of the tab is examined."""

    async def audit(self, query: AuditQuery) -> AuditPage:
        """One page of the audit; raises CursorError for an invalid cursor."""

    async def preview(self, chosen: JobFilter) -> Preview:
        """What an operation would apply to, counted as far as its limit and its time allow."""

    async def operation(self, operation_id: str) -> Operation | None:
        """The stored operation."""

    async def operations(self, query: OperationQuery) -> OperationPage:
        """One page of operations; raises CursorError for an invalid cursor."""

    async def failures(self, operation_id: str, *, after: int = 0, limit: int = 100) -> Sequence[Failure]:
        """Jobs the operation could not change, after that number, in order."""

    async def log(
        self, job_id: str, *, after: tuple[int, int] = (0, 0), limit: int = 100
    ) -> Sequence[LogBlock]:
        """Log blocks after (attempt, seq), in order."""

    async def files(self, query: FileQuery) -> FilePage:
        """One page of an attempt's files; raises CursorError for a cursor of another list."""

    async def report(self, report_id: str) -> Report | None:
        """The stored report."""

    async def reports(self, query: ReportQuery) -> ReportPage:
        """One page of reports, newest first; raises CursorError for an invalid cursor."""

    async def backlog(self, installations: Sequence[str | None]) -> Backlog:
        """What these installations have not been told yet; None: the default one's."""

    async def installations_health(self) -> Sequence[InstallationHealth]:
        """How deliveries went, by installation."""

    async def plugins(self) -> Sequence[InstalledPlugin]:
        """All installed plugins by name."""

    async def statistics(self, plugin: str | None = None) -> Sequence[TabStatistics]:
        """The statistics of one plugin's tabs, or of all."""

    async def hourly(self, since: datetime, plugin: str | None = None) -> Sequence[HourlyFigures]:
        """The figures of one plugin or of all from the hour of `since` on, by hour and plugin.

        Hours in which no job ended are missing.
        """

    async def oldest_waiting(self, plugin: str) -> datetime | None:
        """When the longest waiting job in STARTED was queued; None also if finding it takes too long."""

    async def backing_off(self, now: datetime) -> Mapping[str, int]:
        """How many jobs of each plugin wait until a later time to be retried, up to `BACKING_OFF_LIMIT`."""

    async def runners(self, plugin: str | None = None) -> Sequence[RunnerState]:
        """All runners by id; `alive` is decided by the database's clock."""

    async def replica_sets(self, plugin: str | None = None) -> Sequence[ReplicaSet]:
        """The replicas of one plugin or of all at all places, by place and plugin."""

    async def presets(self, owner: str) -> Sequence[Preset]:
        """The presets of this user or token and the shared ones, by their keys."""

    async def dead_letters(self) -> Sequence[DeadLetter]:
        """The known dead letters, the oldest first."""

    async def dead_letter_count(self) -> int:
        """How many messages the known dead letters stand for, copies included."""

    async def dead_letter(self, letter: str) -> DeadLetter | None:
        """One of them."""

    async def notes(self, on: NoteOn, key: str) -> Sequence[Note]:
        """The newest notes on a thing, up to `NOTES_SHOWN`, the newest first."""

    async def note(self, note_id: str) -> Note | None:
        """One of them."""

    async def notification_rules(self) -> Sequence[Rule]:
        """All rules of notifications by id."""

    async def deliveries(self, rule: str, limit: int) -> Sequence[Delivery]:
        """The messages of a rule, the newest first."""

    async def notices_waiting(self, rule: str, limit: int) -> int:
        """How many events of a rule are in no message yet, counted up to `limit`."""

    async def at_work(self, limit: int) -> Sequence[AtWork]:
        """Jobs that belong to a runner, by runner and id; at most `limit`."""


class AccessReader(Protocol):
    """What log-in and permission checks read. Every call may raise StoreUnavailableError."""

    async def user(self, name: str) -> User | None:
        """The user, however the name is spelled."""

    async def users(self) -> Sequence[User]:
        """All users by name."""

    async def token_by_hash(self, secret_hash: str) -> Token | None:
        """The token with this secret, whether usable or not."""

    async def tokens(self) -> Sequence[Token]:
        """All tokens, newest first."""

    async def session_ended(self, session_id: str) -> bool:
        """Whether the session was ended by logging out."""

    async def sessions(self, name: str) -> Sequence[KnownSession]:
        """Sessions of the user that were used and not logged out of, last used first.

        Whether one is still valid has to be decided from its times.
        """

    async def second_factor_key(self) -> bytes | None:
        """The key that second-factor secrets are encrypted with, as long as that of sessions."""

    async def session_key(self) -> bytes | None:
        """The key sessions are signed with: 256 bits. None: `taskmanager-migrate` has not been run."""
