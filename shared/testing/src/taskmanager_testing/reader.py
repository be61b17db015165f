"""A store in memory with the full contract of `taskmanager.ports.readers.JobReader`; knows no database."""

import asyncio
import base64
import binascii
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from taskmanager.errors import CursorError, StoreUnavailableError
from taskmanager.model.failures.error_groups import ErrorGroup, fingerprint
from taskmanager.model.hourly_figures import HourlyFigures, hour_of, total
from taskmanager.model.jobs import Job
from taskmanager.model.notifications.deliveries import Delivery
from taskmanager.model.notifications.rules import Rule
from taskmanager.model.operations import (
    EXAMPLES,
    PREVIEW_LIMIT,
    Failure,
    JobFilter,
    Operation,
    OperationPage,
    OperationQuery,
    Preview,
)
from taskmanager.model.queries import (
    FAILED_LIMIT,
    FOUND_LIMIT,
    PLACES_LIMIT,
    POSITION_LIMIT,
    PROJECTS_FROM,
    AuditPage,
    AuditQuery,
    FilePage,
    FileQuery,
    FoundIn,
    FoundJobs,
    JobPage,
    JobQuery,
    Position,
    ProcessQuery,
    Sort,
    SortOrder,
    as_listed,
    files_after,
)
from taskmanager.model.registry import (
    AtWork,
    AuditEntry,
    DeadLetter,
    InstalledPlugin,
    LogBlock,
    RunnerState,
    StoredFile,
    TabStatistics,
)
from taskmanager.model.replicas import ReplicaSet
from taskmanager.model.reports import Backlog, InstallationHealth, Report, ReportPage, ReportQuery
from taskmanager.model.states import Status, Tab
from taskmanager.model.user_content.notes import NOTES_SHOWN, Note, NoteOn
from taskmanager.model.user_content.presets import Preset
from taskmanager.ports.report_store import Among
from taskmanager_testing.dead_letters import MemoryDeadLetters
from taskmanager_testing.operations import meant
from taskmanager_testing.reports import backlog_of, page_of

Key = tuple[str | float, ...]

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class FakeReader:
    """It reads what tests put into its public attributes."""

    def __init__(self) -> None:
        """An empty, available store."""
        self.stored: dict[str, Job] = {}
        self.installed: dict[str, InstalledPlugin] = {}
        self.known_runners: dict[str, RunnerState] = {}
        self.known_replicas: dict[str, ReplicaSet] = {}
        self.known_presets: list[Preset] = []
        self.blocks: list[LogBlock] = []
        self.recorded: list[StoredFile] = []
        self.figures: list[HourlyFigures] = []
        self.audited: list[AuditEntry] = []
        self.known_reports: dict[str, Report] = {}
        self.letters = MemoryDeadLetters()
        self.known_health: list[InstallationHealth] = []
        self.known_operations: dict[str, Operation] = {}
        self.known_failures: list[Failure] = []
        self.known_rules: dict[str, Rule] = {}
        self.known_deliveries: list[Delivery] = []
        self.known_notes: dict[str, Note] = {}
        self.available = True
        self.answers = asyncio.Event()
        """While cleared, the store hangs."""
        self.answers.set()
        self.calls: Counter[str] = Counter()

    def put(self, job: Job) -> None:
        """Store a job, or its new state."""
        self.stored[job.id] = job

    def install(self, plugin: InstalledPlugin) -> None:
        """Store a plugin, or its new state."""
        self.installed[plugin.name] = plugin

    async def ping(self) -> None:
        """See `JobReader.ping`."""
        await self._arrive("ping")

    async def job(self, job_id: str) -> Job | None:
        """See `JobReader.job`."""
        await self._arrive("job")
        return self.stored.get(job_id)

    async def jobs_by_id(self, job_ids: Sequence[str]) -> Mapping[str, Job]:
        """See `JobReader.jobs_by_id`."""
        await self._arrive("jobs_by_id")
        return {job_id: self.stored[job_id] for job_id in job_ids if job_id in self.stored}

    async def jobs(self, query: JobQuery) -> JobPage:
        """See `JobReader.jobs`."""
        await self._arrive("jobs")
        start = _read_cursor(query)
        found = [(_key(job, query), job) for job in self.stored.values() if meant(job, query)]
        found.sort(reverse=query.order is SortOrder.DESC)
        later = [item for item in found if start is None or _is_after(item[0], start, query.order)]
        page = later[: query.limit]
        more = len(later) > query.limit
        cursor = _write_cursor(query, page[-1][0]) if more else None
        return JobPage(jobs=tuple(as_listed(job) for _, job in page), next_cursor=cursor)

    async def search(self, chosen: JobFilter, *, begins: str = "", shown: int = 10) -> FoundJobs:
        """See `JobReader.search`."""
        await self._arrive("search")
        found = [one for one in self.stored.values() if meant(one, chosen) and one.id.startswith(begins)]
        newest = sorted(found[:FOUND_LIMIT], key=lambda one: (one.created, one.id), reverse=True)
        places = Counter((one.plugin, one.tab) for one in newest)
        return FoundJobs(
            jobs=tuple(map(as_listed, newest[:shown])),
            places=tuple(
                FoundIn(plugin=plugin, tab=tab, jobs=jobs) for (plugin, tab), jobs in sorted(places.items())
            ),
            capped=len(found) > FOUND_LIMIT,
        )

    async def projects(self, plugin: str) -> Sequence[str]:
        """See `JobReader.projects`."""
        await self._arrive("projects")
        newest = sorted(self.stored.values(), key=lambda one: (one.created, one.id), reverse=True)
        last = [one.spec.project for one in newest if one.plugin == plugin][:PROJECTS_FROM]
        return sorted({one for one in last if one is not None}, key=str.casefold)

    async def jobs_of_process(self, query: ProcessQuery) -> JobPage:
        """See `JobReader.jobs_of_process`."""
        await self._arrive("jobs_of_process")
        start = _read_audit_cursor(query.cursor)
        found = [job for job in self.stored.values() if _of_process(job, query)]
        found.sort(key=_created_key, reverse=True)
        later = [job for job in found if start is None or _created_key(job) < start]
        page = later[: query.limit]
        cursor = json.dumps(_created_key(page[-1])) if len(later) > query.limit else None
        return JobPage(jobs=tuple(map(as_listed, page)), next_cursor=cursor)

    async def active_by_unique(self, unique: str) -> Job | None:
        """See `JobReader.active_by_unique`."""
        await self._arrive("active_by_unique")
        holders = (job for job in self.stored.values() if job.tab is Tab.QUEUE and job.spec.unique == unique)
        return next(holders, None)

    async def position(self, job: Job) -> Position:
        """See `JobReader.position`."""
        await self._arrive("position")
        waits = (other for other in self.stored.values() if other.status is Status.STARTED)
        ahead = sum(other.plugin == job.plugin and _turn(other) < _turn(job) for other in waits)
        return Position(ahead=min(ahead, POSITION_LIMIT), capped=ahead >= POSITION_LIMIT)

    async def places(self, jobs: Sequence[Job]) -> Mapping[str, int]:
        """See `JobReader.places`."""
        await self._arrive("places")
        of = {job.plugin for job in jobs}
        waits = [one for one in self.stored.values() if one.status is Status.STARTED and one.plugin in of]
        ids = [one.id for one in sorted(waits, key=_turn)[:PLACES_LIMIT]]
        return {job.id: ids.index(job.id) + 1 for job in jobs if job.id in ids}

    async def failed_since(self, plugin: str, since: datetime) -> int:
        """See `JobReader.failed_since`."""
        await self._arrive("failed_since")
        failed = [one for one in self.stored.values() if one.plugin == plugin and one.status is Status.ERROR]
        later = [one for one in failed if one.finished is not None and one.finished > since]
        return min(len(later), FAILED_LIMIT)

    async def error_groups(self, plugins: Sequence[str]) -> Sequence[ErrorGroup]:
        """See `JobReader.error_groups`."""
        await self._arrive("error_groups")
        members: defaultdict[str, list[Job]] = defaultdict(list)
        for one in sorted(self.stored.values(), key=lambda job: job.finished or _LONG_AGO, reverse=True):
            if one.plugin in plugins and one.status is Status.ERROR and one.error is not None:
                members[fingerprint(one.error)].append(one)
        return sorted((_group(*one) for one in members.items()), key=lambda group: -group.jobs)

    async def with_files(self, plugin: str, tab: Tab) -> int:
        """See `JobReader.with_files`."""
        await self._arrive("with_files")
        return sum(one.plugin == plugin and one.tab is tab and one.files > 0 for one in self.stored.values())

    async def audit(self, query: AuditQuery) -> AuditPage:
        """See `JobReader.audit`."""
        await self._arrive("audit")
        start = _read_audit_cursor(query.cursor)
        found = sorted(
            (entry for entry in self.audited if _is_audited(entry, query)), key=_age_key, reverse=True
        )
        later = [entry for entry in found if start is None or _age_key(entry) < start]
        page = later[: query.limit]
        cursor = json.dumps(_age_key(page[-1])) if len(later) > query.limit else None
        return AuditPage(entries=tuple(page), next_cursor=cursor)

    async def files(self, query: FileQuery) -> FilePage:
        """See `JobReader.files`."""
        await self._arrive("files")
        after = files_after(query)
        found = [
            one
            for one in self.recorded
            if (one.job, one.attempt) == (query.job, query.attempt)
            and one.number > after
            and query.state in {None, one.file.state}
        ]
        return FilePage.of(sorted(found, key=lambda one: one.number)[: query.limit + 1], query)

    async def report(self, report_id: str) -> Report | None:
        """See `JobReader.report`."""
        await self._arrive("report")
        return self.known_reports.get(report_id)

    async def reports(self, query: ReportQuery) -> ReportPage:
        """See `JobReader.reports`."""
        await self._arrive("reports")
        return page_of(self.known_reports.values(), query)

    async def backlog(self, installations: Sequence[str | None]) -> Backlog:
        """See `JobReader.backlog`."""
        await self._arrive("backlog")
        return backlog_of(self.known_reports.values(), Among(tuple(installations)))

    async def installations_health(self) -> Sequence[InstallationHealth]:
        """See `JobReader.installations_health`."""
        await self._arrive("installations_health")
        return self.known_health

    async def preview(self, chosen: JobFilter) -> Preview:
        """See `JobReader.preview`."""
        await self._arrive("preview")
        found = [job for job in self.stored.values() if meant(job, chosen)]
        count = min(len(found), PREVIEW_LIMIT)
        return Preview(count=count, exact=count < PREVIEW_LIMIT, examples=tuple(found[:EXAMPLES]))

    async def operation(self, operation_id: str) -> Operation | None:
        """See `JobReader.operation`."""
        await self._arrive("operation")
        return self.known_operations.get(operation_id)

    async def operations(self, query: OperationQuery) -> OperationPage:
        """See `JobReader.operations`."""
        await self._arrive("operations")
        start = _read_audit_cursor(query.cursor)
        known = self.known_operations.values()
        wanted = (one for one in known if query.running in {None, not one.state.ended})
        found = sorted(wanted, key=_asked_key, reverse=True)
        later = [one for one in found if start is None or _asked_key(one) < start]
        page = later[: query.limit]
        cursor = json.dumps(_asked_key(page[-1])) if len(later) > query.limit else None
        return OperationPage(operations=tuple(page), next_cursor=cursor)

    async def failures(self, operation_id: str, *, after: int = 0, limit: int = 100) -> Sequence[Failure]:
        """See `JobReader.failures`."""
        await self._arrive("failures")
        found = [one for one in self.known_failures if one.operation == operation_id and one.number > after]
        return sorted(found, key=lambda one: one.number)[:limit]

    async def log(
        self, job_id: str, *, after: tuple[int, int] = (0, 0), limit: int = 100
    ) -> Sequence[LogBlock]:
        """See `JobReader.log`."""
        await self._arrive("log")
        found = [block for block in self.blocks if block.job == job_id and (block.attempt, block.seq) > after]
        return sorted(found, key=lambda block: (block.attempt, block.seq))[:limit]

    async def plugins(self) -> Sequence[InstalledPlugin]:
        """See `JobReader.plugins`."""
        await self._arrive("plugins")
        return [self.installed[name] for name in sorted(self.installed)]

    async def statistics(self, plugin: str | None = None) -> Sequence[TabStatistics]:
        """See `JobReader.statistics`; counted here, because the stored ones must equal a count."""
        await self._arrive("statistics")
        of_plugin = {job.plugin for job in self.stored.values()} & {plugin}
        names = sorted(self.installed if plugin is None else of_plugin)
        return [sums for name in names for tab in Tab if (sums := self._sums(name, tab)).jobs]

    async def hourly(self, since: datetime, plugin: str | None = None) -> Sequence[HourlyFigures]:
        """See `JobReader.hourly`."""
        await self._arrive("hourly")
        added: defaultdict[tuple[datetime, str], list[HourlyFigures]] = defaultdict(list)
        for one in self.figures:
            if one.hour >= hour_of(since) and plugin in {None, one.plugin}:
                added[one.hour, one.plugin].append(one)
        return [
            HourlyFigures(hour=hour, plugin=name, **total(added[hour, name]).model_dump())
            for hour, name in sorted(added)
        ]

    async def oldest_waiting(self, plugin: str) -> datetime | None:
        """See `JobReader.oldest_waiting`."""
        await self._arrive("oldest_waiting")
        waits = (job for job in self.stored.values() if job.status is Status.STARTED and job.plugin == plugin)
        return min((job.queued_at for job in waits), default=None)

    async def backing_off(self, now: datetime) -> Mapping[str, int]:
        """See `JobReader.backing_off`."""
        await self._arrive("backing_off")
        started = (job for job in self.stored.values() if job.status is Status.STARTED)
        return Counter(job.plugin for job in started if (job.not_before or now) > now)

    async def runners(self, plugin: str | None = None) -> Sequence[RunnerState]:
        """See `JobReader.runners`."""
        await self._arrive("runners")
        found = [self.known_runners[name] for name in sorted(self.known_runners)]
        return [runner for runner in found if plugin in (None, runner.plugin)]

    async def replica_sets(self, plugin: str | None = None) -> Sequence[ReplicaSet]:
        """See `JobReader.replica_sets`."""
        await self._arrive("replica_sets")
        found = (one for one in self.known_replicas.values() if plugin in {None, one.plugin})
        return sorted(found, key=lambda one: one.key)

    async def presets(self, owner: str) -> Sequence[Preset]:
        """See `JobReader.presets`."""
        await self._arrive("presets")
        found = (one for one in self.known_presets if one.owner in {owner, None})
        return sorted(found, key=lambda one: one.key)

    async def dead_letters(self) -> Sequence[DeadLetter]:
        """See `JobReader.dead_letters`."""
        await self._arrive("dead_letters")
        return self.letters.oldest_first()

    async def dead_letter_count(self) -> int:
        """See `JobReader.dead_letter_count`."""
        await self._arrive("dead_letter_count")
        return sum(one.copies for one in self.letters.known.values())

    async def dead_letter(self, letter: str) -> DeadLetter | None:
        """See `JobReader.dead_letter`."""
        await self._arrive("dead_letter")
        return self.letters.known.get(letter)

    async def notes(self, on: NoteOn, key: str) -> Sequence[Note]:
        """See `JobReader.notes`."""
        await self._arrive("notes")
        found = [one for one in self.known_notes.values() if (one.on, one.key) == (on, key)]
        return sorted(found, key=lambda one: (one.at, one.id), reverse=True)[:NOTES_SHOWN]

    async def note(self, note_id: str) -> Note | None:
        """See `JobReader.note`."""
        await self._arrive("note")
        return self.known_notes.get(note_id)

    async def notification_rules(self) -> Sequence[Rule]:
        """See `JobReader.notification_rules`."""
        await self._arrive("notification_rules")
        return [self.known_rules[key] for key in sorted(self.known_rules)]

    async def deliveries(self, rule: str, limit: int) -> Sequence[Delivery]:
        """See `JobReader.deliveries`."""
        await self._arrive("deliveries")
        found = [one for one in self.known_deliveries if one.rule == rule]
        return sorted(found, key=lambda one: (one.created, one.id), reverse=True)[:limit]

    async def notices_waiting(self, rule: str, limit: int) -> int:
        """See `JobReader.notices_waiting`; what a command makes is in a message at once."""
        await self._arrive("notices_waiting")
        del rule, limit
        return 0

    async def at_work(self, limit: int) -> Sequence[AtWork]:
        """See `JobReader.at_work`."""
        await self._arrive("at_work")
        found = [
            AtWork(job=one.id, plugin=one.plugin, title=one.spec.title, status=one.status, runner=one.owner)
            for one in self.stored.values()
            if one.owner is not None
        ]
        return sorted(found, key=lambda one: (one.runner, one.job))[:limit]

    def _sums(self, plugin: str, tab: Tab) -> TabStatistics:
        jobs = [job for job in self.stored.values() if job.plugin == plugin and job.tab is tab]
        return TabStatistics(
            plugin=plugin,
            tab=tab,
            jobs=len(jobs),
            files=sum(job.files for job in jobs),
            bytes=sum(job.bytes for job in jobs),
            statuses=Counter(job.status for job in jobs),
        )

    async def _arrive(self, call: str) -> None:
        self.calls[call] += 1
        await self.answers.wait()
        if not self.available:
            message = "the store is away"
            raise StoreUnavailableError(message)


def _group(name: str, jobs: Sequence[Job]) -> ErrorGroup:
    last, ends = as_listed(jobs[0]), [job.finished for job in jobs if job.finished is not None]
    [error] = [one for one in (last.error,) if one is not None]
    return ErrorGroup(
        group=name,
        error=error,
        job=last.id,
        jobs=len(jobs),
        first=min(ends),
        last=max(ends),
        plugins=tuple(sorted({job.plugin for job in jobs})),
        processes=len({job.spec.goobi.process_id for job in jobs if job.spec.goobi is not None}),
    )


def _key(job: Job, query: JobQuery) -> Key:
    """The job's place in the ascending order; jobs that have not finished come before all that have."""
    if query.sort is Sort.TURN:
        return _turn(job)
    moment = job.created if query.sort is Sort.CREATED else job.finished
    return ((moment or _LONG_AGO).timestamp(), job.id)


def _turn(job: Job) -> Key:
    return (-job.turn, job.queued_at.timestamp(), job.id)


def _is_audited(entry: AuditEntry, query: AuditQuery) -> bool:
    wanted = [
        (query.job, entry.job),
        (query.plugin, entry.plugin),
        (query.runner, entry.runner),
        (query.subject, entry.subject),
    ]
    within = query.plugins is None or entry.plugin in query.plugins
    return within and all(asked is None or asked == found for asked, found in wanted)


def _age_key(entry: AuditEntry) -> tuple[float, str]:
    return (entry.at.timestamp(), entry.id)


def _asked_key(operation: Operation) -> tuple[float, str]:
    return (operation.asked.at.timestamp(), operation.id)


def _read_audit_cursor(cursor: str | None) -> tuple[float, str] | None:
    if cursor is None:
        return None
    try:
        at, entry = json.loads(cursor)
        return (float(at), str(entry))
    except (ValueError, TypeError) as error:
        message = "this cursor was not made by the audit"
        raise CursorError(message) from error


def _is_after(key: Key, start: Key, order: SortOrder) -> bool:
    return key < start if order is SortOrder.DESC else key > start


def _scope(query: JobQuery) -> str:
    return query.model_dump_json(exclude={"cursor", "limit"})


def _write_cursor(query: JobQuery, key: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps([_scope(query), *key]).encode()).decode()


def _read_cursor(query: JobQuery) -> Key | None:
    if not query.cursor:
        return None
    try:
        scope, *key = json.loads(base64.urlsafe_b64decode(query.cursor.encode()))
    except (ValueError, TypeError, binascii.Error) as error:
        message = "this cursor was not made by this list"
        raise CursorError(message) from error
    if scope != _scope(query):
        message = "this cursor belongs to another query"
        raise CursorError(message)
    return tuple(key)


def _of_process(job: Job, query: ProcessQuery) -> bool:
    goobi = job.spec.goobi
    return (
        goobi is not None
        and goobi.process_id == query.process
        and goobi.installation in query.installations
        and query.step in {None, goobi.step_id}
        and (query.plugins is None or job.plugin in query.plugins)
    )


def _created_key(job: Job) -> tuple[float, str]:
    return (job.created.timestamp(), job.id)
