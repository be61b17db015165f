"""Jobs, their history and log, and plugins as the public sees them; made from what is stored."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from taskmanager.model.control import Stop
from taskmanager.model.jobs import (
    Attribution,
    CancelMethod,
    HistoryEntry,
    Job,
    JobError,
    JobSpec,
    Progress,
    Record,
)
from taskmanager.model.manifest import PluginManifest
from taskmanager.model.reasons import Reason, Value
from taskmanager.model.registry import AuditEntry, InstalledPlugin, LogBlock, RunnerState, TabStatistics
from taskmanager.model.states import Status, Tab
from taskmanager_gateway.acceptance import Outcome
from taskmanager_gateway.codes import english
from taskmanager_gateway.examples import JOB
from taskmanager_gateway.problems import ProblemDocument
from taskmanager_gateway.waiting import Waiting

API = "/api/v1"

JobLinks = TypedDict(  # noqa: UP013 - a field called self reads badly in a class
    "JobLinks", {"self": str, "history": str, "log": str, "files": str}
)


class JobView(JobSpec):
    """A job: its specification, with the priority it has now, and its state."""

    model_config = ConfigDict(json_schema_extra={"examples": [JOB]})

    id: str
    status: Status
    tab: Tab
    created: datetime
    queued_at: datetime
    started_at: datetime | None
    finished: datetime | None
    progress: Progress
    files: int
    bytes: int
    attempt: int
    dispatch: int
    runner: str | None
    error: JobError | None
    warnings: int = Field(description="Warnings in the log of its last attempt, once that has ended.")
    warning_texts: tuple[str, ...] = Field(description="The first of them; lists leave them out.")
    put_next: Attribution | None = Field(description="Who put it before all others, when and why.")
    held: Attribution | None = Field(
        description="An operator's hold; a running job pauses as soon as it can."
    )
    cancelling: bool = Field(description="Whether a cancel was asked for and has not come true yet.")
    cancel: Attribution | None = Field(description="Who asked for its cancel, when and why.")
    cancelled: CancelMethod | None = Field(description="How the cancel came true.")
    waiting: Waiting | None = Field(
        description="Why a job in STARTED or PAUSED does not run. Null for others, in answers to "
        "submissions, and if it could not be looked up in time."
    )
    links: JobLinks

    @classmethod
    def of(cls, job: Job, waiting: Waiting | None = None) -> "JobView":
        """The public form of a job; nothing is checked again."""
        address = f"{API}/jobs/{job.id}"
        state = {name: getattr(job, name) for name in _STATE}
        return cls.model_construct(
            **{**job.spec.__dict__, **state},
            runner=job.owner,
            waiting=waiting,
            links={
                "self": address,
                "history": f"{address}/history",
                "log": f"{address}/log",
                "files": f"{address}/files",
            },
        )


_STATE = tuple(name for name in JobView.model_fields if name in {*Job.model_fields, "tab", "cancelling"})


class JobListView(Record):
    """One page of jobs; `next_cursor` is null on the last."""

    jobs: list[JobView]
    next_cursor: str | None
    links: dict[str, str] = Field(examples=[{"self": "/api/v1/jobs?tab=queue"}])


class Told(Record):
    """What is told, for programs: a code with its parameters. docs/reasons.md lists the codes."""

    code: str = Field(examples=["history.held"])
    parameters: dict[str, Value] = Field(examples=[{"by": "anna", "why": "wrong scan"}])


class HistoryEntryView(Told):
    """One thing that happened to a job; `note` is its sentence."""

    at: datetime
    status: Status
    attempt: int
    note: str
    runner: str | None
    report: str | None

    @classmethod
    def of(cls, entry: HistoryEntry) -> "HistoryEntryView":
        """The public form; nothing is checked again."""
        fields = entry.__dict__ | told(entry.told) | {"note": english(entry.told)}
        return cls.model_construct(**{name: fields[name] for name in cls.model_fields})


def told(reason: Reason) -> dict[str, Any]:
    """The fields of `Told`."""
    return {"code": reason.code, "parameters": reason.parameters}


class HistoryView(Record):
    """What happened to a job, oldest first."""

    job: str
    history: list[HistoryEntryView]


class LogView(Record):
    """Blocks of a job's log. Ask again with `after` to get what comes later."""

    job: str
    blocks: list[LogBlock]
    after: str = Field(examples=["1.7"], description="Attempt and number of the last block so far.")
    more: bool = Field(description="Whether more is there already.")


class BatchResult(Record):
    """What became of one item: a job, or a problem and nothing taken."""

    status: int = Field(description="The status this item would have got alone.")
    id: str | None = None
    outcome: Outcome | None = None
    job: JobView | None = None
    problem: ProblemDocument | None = None


class BatchView(Record):
    """A result for each item, in order."""

    accepted: int
    refused: int
    results: list[BatchResult]


class TabView(Record):
    """The sums of one tab."""

    jobs: int = 0
    files: int = 0
    bytes: int = 0


class PluginState(StrEnum):
    """Whether a plugin takes jobs. `stopping`: it was stopped, and some of its jobs still run."""

    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"


class PluginView(Record):
    """A plugin, its jobs and the runners that have it."""

    manifest: PluginManifest
    installed_at: datetime
    state: PluginState
    still_running: int = Field(description="Jobs a runner is at work on, from WAITINGFORUPLOAD to DOWNLOAD.")
    stop: Stop | None = Field(description="Who stopped it, when, why, how and until when.")
    refused: Attribution | None = Field(description="Who closed it for new jobs, when and why.")
    paused: bool
    accepting: bool
    limit: int | None
    runners_alive: int
    slots: int
    busy: int
    statuses: dict[Status, int]
    tabs: dict[Tab, TabView]
    links: dict[str, str]

    @classmethod
    def of(
        cls, plugin: InstalledPlugin, statistics: Iterable[TabStatistics], runners: Iterable[RunnerState]
    ) -> "PluginView":
        """Put together what is stored about one plugin; rows of other plugins are passed over."""
        sums = {row.tab: row for row in statistics if row.plugin == plugin.name}
        still_running = sum(row.running for row in sums.values())
        alive = [runner for runner in runners if runner.alive and runner.plugin == plugin.name]
        return cls(
            manifest=plugin.manifest,
            installed_at=plugin.installed_at,
            state=_state(plugin, still_running),
            still_running=still_running,
            stop=plugin.stop,
            refused=plugin.refused,
            paused=plugin.paused,
            accepting=plugin.accepting,
            limit=plugin.limit,
            runners_alive=len(alive),
            slots=sum(runner.slots for runner in alive),
            busy=sum(runner.busy for runner in alive),
            statuses=_statuses(sums.values()),
            tabs={tab: _tab(sums.get(tab)) for tab in Tab},
            links={"self": f"{API}/plugins/{plugin.name}", "jobs": f"{API}/jobs?plugin={plugin.name}"},
        )


def _state(plugin: InstalledPlugin, still_running: int) -> PluginState:
    if plugin.stop is None:
        return PluginState.RUNNING
    return PluginState.STOPPING if still_running else PluginState.STOPPED


def _statuses(rows: Iterable[TabStatistics]) -> dict[Status, int]:
    counted: dict[Status, int] = dict.fromkeys(Status, 0)
    for row in rows:
        for status, count in row.statuses.items():
            counted[status] += count
    return counted


def _tab(row: TabStatistics | None) -> TabView:
    return TabView(jobs=row.jobs, files=row.files, bytes=row.bytes) if row else TabView()


class PluginListView(Record):
    """All installed plugins by name."""

    plugins: list[PluginView]


class RunnerCondition(StrEnum):
    """What a runner does. `draining`: it takes no jobs, and `busy` still run; `gone`: not heard of lately."""

    WORKING = "working"
    DRAINING = "draining"
    DRAINED = "drained"
    GONE = "gone"


class RunnerView(RunnerState):
    """A runner as of its last sign of life; `drain` says who had it take no jobs, when, why, and how long."""

    state: RunnerCondition
    links: dict[str, str]

    @classmethod
    def of(cls, runner: RunnerState) -> "RunnerView":
        """The public form; nothing is checked again."""
        links = {"self": f"{API}/runners/{runner.id}"}
        return cls.model_construct(**runner.__dict__, state=_condition(runner), links=links)


def _condition(runner: RunnerState) -> RunnerCondition:
    if not runner.alive:
        return RunnerCondition.GONE
    if runner.drain is None:
        return RunnerCondition.WORKING
    return RunnerCondition.DRAINING if runner.busy else RunnerCondition.DRAINED


class RunnerListView(Record):
    """All runners by id."""

    runners: list[RunnerView]


class RunnerCommandView(Record):
    """What became of a command for a runner, and the runner as it is now.

    `runner` is null if it cannot be read just now, or is forgotten.
    """

    command: str = Field(description="Names the command in the audit.")
    outcome: Literal["done", "unchanged"] = Field(description="`unchanged`: it was so already.")
    runner: RunnerView | None


class JobCommandView(Record):
    """What became of a command for a job, and the job as it is now (null if it cannot be read just now)."""

    command: str = Field(description="Names the command in the audit.")
    outcome: Literal["done", "unchanged"] = Field(description="`unchanged`: it was so already.")
    job: JobView | None


class PluginCommandView(Record):
    """What became of a command for a plugin, and the plugin as it is now (null if it cannot be read now)."""

    command: str = Field(description="Names the command in the audit.")
    outcome: Literal["done", "unchanged"] = Field(description="`unchanged`: it was so already.")
    plugin: PluginView | None


class PendingView(Record):
    """A command that is stored but not done yet."""

    command: str = Field(description="Names the command in the audit.")
    outcome: Literal["pending"] = "pending"
    detail: str
    links: dict[str, str]


class AuditEntryView(Record):
    """Who asked for what, when, why, and what became of it; `id` is the command's.

    `detail` is the sentence of `code`: why it was not done, or how and from where somebody logged in.
    """

    id: str
    at: datetime
    actor: str
    reason: str
    action: str = Field(examples=["priority 9"])
    what: Told = Field(description="The same as `action`, for programs.")
    job: str | None
    plugin: str | None
    runner: str | None
    subject: str | None
    outcome: str
    code: str | None
    parameters: dict[str, Value] | None
    detail: str

    @classmethod
    def of(cls, entry: AuditEntry) -> "AuditEntryView":
        """The public form; nothing is checked again."""
        why = entry.told
        asked = {"action": english(entry.asked), "what": Told.model_construct(**told(entry.asked))}
        members: dict[str, Any] = told(why) if why else {"code": None, "parameters": None}
        detail = english(why) if why else ""
        fields: dict[str, Any] = entry.__dict__ | asked | members | {"detail": detail}
        return cls.model_construct(**{name: fields[name] for name in cls.model_fields})


class AuditView(Record):
    """One page of what operators asked for, the newest first; `next_cursor` is null on the last."""

    entries: list[AuditEntryView]
    next_cursor: str | None
    links: dict[str, str]


def json_bytes(model: Record | Any) -> bytes:
    """The JSON of a model."""
    return bytes(model.__pydantic_serializer__.to_json(model))
