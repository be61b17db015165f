"""Jobs, their history and log as the API shows them; made from what is stored."""

from datetime import datetime
from typing import Any

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from taskmanager.model.jobs import (
    Attribution,
    CancelMethod,
    HistoryEntry,
    Job,
    JobError,
    JobSpec,
    Progress,
    Reasons,
    Record,
)
from taskmanager.model.registry import LogBlock
from taskmanager.model.states import Status, Tab
from taskmanager_gateway.codes import english
from taskmanager_gateway.http.examples import JOB
from taskmanager_gateway.http.views import API, CommandView, ReasonView, reason_fields
from taskmanager_gateway.jobs.wait_reasons import Waiting

JobLinks = TypedDict(  # noqa: UP013 - a field called self reads badly in a class
    "JobLinks", {"self": str, "history": str, "log": str, "files": str}
)


class JobView(JobSpec):
    """A job: its specification, with its current priority, and its state."""

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
    warnings: int = Field(description="Number of warnings in the last attempt's log, once it has ended.")
    warning_texts: tuple[str, ...] = Field(description="Texts of the first warnings; empty in lists.")
    warning_reasons: Reasons = Field(
        description="The reasons of those texts; null for plain text, left out if all are plain."
    )
    put_next: Attribution | None = Field(
        description="Who moved the job to the front of the queue, when and why."
    )
    held: Attribution | None = Field(
        description="Who held the job, when and why; a running job pauses as soon as it can."
    )
    restored: datetime | None = Field(
        description="The moment of the backup that the database was restored from, if the job waits for that."
    )
    cancelling: bool = Field(description="Whether a cancellation was requested but has not taken effect yet.")
    cancel: Attribution | None = Field(description="Who requested the cancellation, when and why.")
    cancelled: CancelMethod | None = Field(description="How the job was cancelled.")
    waiting: Waiting | None = Field(
        description="Why a job in STARTED or PAUSED is not running. Null for other jobs, in responses to "
        "submissions, and if the reason could not be determined in time."
    )
    trace_id: str | None = Field(
        description="Id of the trace that the submission belongs to, if it was sent with a `traceparent` or "
        "traces are collected. The traces of the job's attempts are linked to it."
    )
    chain: tuple[str, ...] = Field(
        description="Ids of the jobs of its chain in their order, itself included; empty if there is none."
    )
    follows: str | None = Field(description="The job of its chain that it waits for.")
    links: JobLinks

    @classmethod
    def of(cls, job: Job, waiting: Waiting | None = None) -> "JobView":
        """The public form of a job; the values are not validated again."""
        address = f"{API}/jobs/{job.id}"
        state = {name: getattr(job, name) for name in _STATE}
        return _EMPTY.altered(
            **(job.spec.__dict__ | state),
            runner=job.owner,
            waiting=waiting,
            links={
                "self": address,
                "history": f"{address}/history",
                "log": f"{address}/log",
                "files": f"{address}/files",
            },
        )


_DERIVED = {"tab", "cancelling", "trace_id"}
_STATE = tuple(name for name in JobView.model_fields if name in {*Job.model_fields, *_DERIVED})
_NOTHING: dict[str, Any] = dict.fromkeys(JobView.model_fields)
_EMPTY = JobView.model_construct(**_NOTHING)
"""Copied for each job: `model_construct` looks at every field, which takes several times as long."""


class JobListView(Record):
    """One page of jobs; `next_cursor` is null on the last."""

    jobs: list[JobView]
    next_cursor: str | None
    links: dict[str, str] = Field(examples=[{"self": "/api/v1/jobs?tab=queue"}])


class HistoryEntryView(ReasonView):
    """One event in the history of a job; `note` is its sentence."""

    at: datetime
    status: Status
    attempt: int
    note: str
    runner: str | None
    report: str | None

    @classmethod
    def of(cls, entry: HistoryEntry) -> "HistoryEntryView":
        """The public form; the values are not validated again."""
        fields = entry.__dict__ | reason_fields(entry.told) | {"note": english(entry.told)}
        return cls.model_construct(**{name: fields[name] for name in cls.model_fields})


class HistoryView(Record):
    """The history of a job, oldest first."""

    job: str
    history: list[HistoryEntryView]


class LogView(Record):
    """Blocks of a job's log. Repeat the request with `after` to get later ones."""

    job: str
    blocks: list[LogBlock]
    after: str = Field(examples=["1.7"], description="Attempt and number of the last block returned so far.")
    more: bool = Field(description="Whether more blocks are already available.")


class JobCommandView(CommandView):
    """The result of a command for a job, and the job's current state (null if it cannot be read now)."""

    job: JobView | None
