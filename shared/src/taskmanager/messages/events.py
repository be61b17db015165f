"""From a runner to the scheduler: what it requests and what happened."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from taskmanager.messages.wire import AttemptReference, Message
from taskmanager.model.jobs import (
    CancelMethod,
    FileRecord,
    JobError,
    LogLine,
    PluginName,
    Progress,
    Record,
    Warnings,
)
from taskmanager.model.manifest import PluginManifest
from taskmanager.model.states import Status


class Claim(Record):
    """May I start this job? The same `claim_id` always gets the same answer."""

    type: Literal["claim"] = "claim"
    job: str
    dispatch: int
    claim_id: str


class Advanced(AttemptReference):
    """The attempt reached the next phase; `files` and `bytes` of the input once they are known."""

    type: Literal["advanced"] = "advanced"
    seq: int
    status: Literal[Status.UPLOAD, Status.PROCESSING]
    files: int | None = None
    bytes: int | None = None


class Progressed(AttemptReference):
    """How far the attempt has come, at most once a second."""

    type: Literal["progressed"] = "progressed"
    seq: int
    progress: Progress


class Commit(AttemptReference):
    """May I put the results into the process folder? The fence before DOWNLOAD."""

    type: Literal["commit"] = "commit"
    seq: int


class Finished(AttemptReference):
    """The results are in place; `files` and `bytes` are theirs."""

    type: Literal["finished"] = "finished"
    seq: int
    files: int
    bytes: int
    warnings: Warnings | None = None
    """The warnings in its log; None: there were none."""


class Failed(AttemptReference):
    """The attempt failed. `crashed`: its process ended without an answer, so it may be retried."""

    type: Literal["failed"] = "failed"
    seq: int
    error: JobError
    crashed: bool = False
    warnings: Warnings | None = None


class Suspended(AttemptReference):
    """The attempt is suspended, as ordered."""

    type: Literal["suspended"] = "suspended"
    seq: int


class Resumed(AttemptReference):
    """The attempt continues where it was suspended."""

    type: Literal["resumed"] = "resumed"
    seq: int


class Cancelled(AttemptReference):
    """The attempt was ended as ordered; its processes are gone and the process folder is as it was before."""

    type: Literal["cancelled"] = "cancelled"
    seq: int
    method: CancelMethod


class HandedBack(AttemptReference):
    """The runner is stopping and returns the job without failing it."""

    type: Literal["handed_back"] = "handed_back"


class Unclaimed(AttemptReference):
    """The runner gives up a job that it claimed ahead and did not begin.

    It returns the job's ticket to its place in the queue once this event is confirmed, so that nobody's claim
    for it can come before the event. `turn` is the priority of that ticket.
    """

    type: Literal["unclaimed"] = "unclaimed"
    turn: int


class Logged(AttemptReference):
    """Lines of the job's log; `seq` numbers the blocks of an attempt."""

    type: Literal["logged"] = "logged"
    seq: int
    lines: tuple[LogLine, ...]


class FilesRecorded(AttemptReference):
    """What happened to files; those of an attempt are numbered from 1, `first` is the number of the first."""

    type: Literal["files_recorded"] = "files_recorded"
    first: Annotated[int, Field(ge=1)]
    files: tuple[FileRecord, ...]


class Heartbeat(Record):
    """The runner is alive, working on these attempts, and waiting for an answer to these claims.

    It knows of nothing else it may own: such a grant was lost on its way.
    """

    type: Literal["heartbeat"] = "heartbeat"
    slots: int
    busy: int
    running: tuple[AttemptReference, ...]
    claims: tuple[str, ...] = ()


class Hello(Record):
    """The runner (re)connected and still runs these attempts; whatever else it owned is no longer running.

    `claims` are the claim ids it is still waiting for: their grants, if any, are sent again rather than taken
    back.
    """

    type: Literal["hello"] = "hello"
    manifest: PluginManifest
    host: str
    version: str
    slots: int
    transfers: int
    started_at: datetime
    running: tuple[AttemptReference, ...]
    claims: tuple[str, ...] = ()


RunnerReport = (
    Advanced | Progressed | Finished | Failed | Suspended | Resumed | Cancelled | HandedBack | Unclaimed
)
"""The events that only the runner of the current attempt may send."""

JobEvent = Claim | Commit | RunnerReport | Logged | FilesRecorded
RunnerEvent = Annotated[JobEvent | Heartbeat | Hello, Field(discriminator="type")]


class RunnerEvents(Message):
    """What one runner reports, in order. `instance` is new each time the process starts."""

    type: Literal["events"] = "events"
    plugin: PluginName
    runner: str
    instance: str
    events: tuple[RunnerEvent, ...]
    tickets_a_message: Annotated[int, Field(ge=1)] | None = None
    """How many tickets this runner wants in one message from now on, at most; None: one."""
