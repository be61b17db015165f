"""Every message on the wire: frozen, versioned, unknown fields refused. Knows no broker.

Commands are imperatives with one handler, events are past tense. Golden files in `tests/contract/messages`
pin version 1; a change of meaning needs a new version.
"""

from datetime import datetime
from typing import Annotated, Literal, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from taskmanager.errors import InvalidMessageError
from taskmanager.jobs import JobError, JobSpec, LogLine, PluginName, Progress, Record
from taskmanager.plugins import PluginManifest
from taskmanager.states import Status, Tab

T = TypeVar("T")


class AttemptReference(Record):
    """Names one attempt of one job."""

    job: str
    attempt: int


class Message(Record):
    """What goes on the wire by itself."""

    v: Literal[1] = 1

    def encode(self) -> bytes:
        """JSON bytes."""
        return self.model_dump_json(exclude_none=True).encode()


# gateway -> scheduler and, as the first ticket, plugin queue


class Submit(Message):
    """Accept this job. `submitted_at` is the gateway's clock."""

    type: Literal["submit"] = "submit"
    job: str
    client: str
    submitted_at: datetime
    spec: JobSpec

    @property
    def dispatch(self) -> int:
        """The first ticket of a job is its submission."""
        return 1


class Ticket(Message):
    """A hint that a job wants to be started; losing, doubling or delaying it is harmless."""

    type: Literal["ticket"] = "ticket"
    job: str
    dispatch: int


# runner -> scheduler


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
    """How far the attempt is, at most once a second."""

    type: Literal["progressed"] = "progressed"
    seq: int
    progress: Progress


class Commit(AttemptReference):
    """May I put the results into the process folder? The fence before DOWNLOAD."""

    type: Literal["commit"] = "commit"
    seq: int


class Finished(AttemptReference):
    """The results are in place: `files` and `bytes` of them."""

    type: Literal["finished"] = "finished"
    seq: int
    files: int
    bytes: int


class Failed(AttemptReference):
    """The attempt failed. `crashed`: its process ended without an answer, so it may be tried again."""

    type: Literal["failed"] = "failed"
    seq: int
    error: JobError
    crashed: bool = False


class HandedBack(AttemptReference):
    """The runner is stopping and gives the job back unfailed."""

    type: Literal["handed_back"] = "handed_back"


class Logged(AttemptReference):
    """Lines of the job's log; `seq` numbers the blocks of an attempt."""

    type: Literal["logged"] = "logged"
    seq: int
    lines: tuple[LogLine, ...]


class Heartbeat(Record):
    """The runner is alive, at work on these attempts, and waits for an answer to these claims.

    Whatever else it owns it does not know of: the grant was lost on its way.
    """

    type: Literal["heartbeat"] = "heartbeat"
    slots: int
    busy: int
    running: tuple[AttemptReference, ...]
    claims: tuple[str, ...] = ()


class Hello(Record):
    """The runner (re)connected and still runs these attempts; whatever else it owned is not running any more.

    `claims` are the claim ids it still waits for: their grants, if any, are given again rather than taken
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


JobEvent = Claim | Advanced | Progressed | Commit | Finished | Failed | HandedBack | Logged
RunnerEvent = Annotated[JobEvent | Heartbeat | Hello, Field(discriminator="type")]


class RunnerEvents(Message):
    """What one runner reports, in order. `instance` is new with every start of the process."""

    type: Literal["events"] = "events"
    plugin: PluginName
    runner: str
    instance: str
    events: tuple[RunnerEvent, ...]


class Tick(Message):
    """The scheduler's note to itself: all messages before it in the inbox have been taken into account."""

    type: Literal["tick"] = "tick"
    scheduler: str


# scheduler -> runner


class Grant(Record):
    """The job is yours for this attempt, until the lease ends unless a heartbeat renews it."""

    type: Literal["grant"] = "grant"
    claim_id: str
    job: str
    attempt: int
    lease_seconds: float
    spec: JobSpec


RefusalReason = Literal["stale", "paused", "busy", "unknown"]


class Refusal(Record):
    """The job is not yours.

    `stale`: drop the ticket. `paused`, `busy`: give it back to the queue and wait. `unknown`: not stored yet,
    ask again.
    """

    type: Literal["refusal"] = "refusal"
    claim_id: str
    reason: RefusalReason


class CommitVerdict(AttemptReference):
    """Whether the attempt is still current and may write to the process folder."""

    type: Literal["commit_verdict"] = "commit_verdict"
    allowed: bool


class Orders(Record):
    """The full wish of the scheduler for one runner: the answer to each heartbeat and hello.

    `renewed` are the attempts whose lease runs anew; `kill` those that are not the runner's any more.
    """

    type: Literal["orders"] = "orders"
    paused: bool
    lease_seconds: float
    renewed: tuple[AttemptReference, ...] = ()
    kill: tuple[AttemptReference, ...] = ()


Reply = Annotated[Grant | Refusal | CommitVerdict | Orders, Field(discriminator="type")]


class RunnerReplies(Message):
    """Answers to one runner. `instance` is the one that asked; another instance ignores them."""

    type: Literal["replies"] = "replies"
    instance: str
    replies: tuple[Reply, ...]


class PluginNotice(Message):
    """To all runners of a plugin: something about it changed, ask for orders."""

    type: Literal["plugin_notice"] = "plugin_notice"
    plugin: PluginName


# scheduler -> gateways


class Change(Record):
    """What became of one job; a hint, the reader reads again."""

    job: str
    plugin: PluginName
    status: Status
    tab: Tab
    rev: int
    progress: Progress
    logged: bool = False


class Changes(Message):
    """What one commit changed."""

    type: Literal["changes"] = "changes"
    changes: tuple[Change, ...]
    plugins: tuple[PluginName, ...] = ()


Inbound = Submit | RunnerEvents | Tick
"""What the scheduler's inbox takes."""

_INBOX: TypeAdapter[Inbound] = TypeAdapter(Annotated[Inbound, Field(discriminator="type")])
_TICKET: TypeAdapter[Submit | Ticket] = TypeAdapter(Annotated[Submit | Ticket, Field(discriminator="type")])
_CONTROL: TypeAdapter[RunnerReplies | PluginNotice] = TypeAdapter(
    Annotated[RunnerReplies | PluginNotice, Field(discriminator="type")]
)
_CHANGES: TypeAdapter[Changes | Submit] = TypeAdapter(
    Annotated[Changes | Submit, Field(discriminator="type")]
)


def _decode(adapter: TypeAdapter[T], body: bytes) -> T:
    try:
        return adapter.validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        reason = f"{error.error_count()} problem(s), the first at {where}: {first['msg']}"
        raise InvalidMessageError(reason, body) from error


def decode_inbox(body: bytes) -> Inbound:
    """A message of the scheduler's inbox; raises InvalidMessageError."""
    return _decode(_INBOX, body)


def decode_ticket(body: bytes) -> Submit | Ticket:
    """A message of a plugin's queue: the submission itself or a later ticket; raises InvalidMessageError."""
    return _decode(_TICKET, body)


def decode_control(body: bytes) -> RunnerReplies | PluginNotice:
    """A message of a runner's private queue; raises InvalidMessageError."""
    return _decode(_CONTROL, body)


def decode_changes(body: bytes) -> Changes | Submit:
    """A message of a gateway's private queue; raises InvalidMessageError."""
    return _decode(_CHANGES, body)
