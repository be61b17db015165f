"""From the scheduler to runners: answers, and orders that carry the complete desired state."""

from typing import Annotated, Literal

from pydantic import Field

from taskmanager.messages.wire import AttemptReference, Message
from taskmanager.model.control import DesiredState
from taskmanager.model.jobs import JobSpec, Record, TraceParent


class Grant(Record):
    """The job is yours for this attempt until the lease ends; heartbeats renew the lease."""

    type: Literal["grant"] = "grant"
    claim_id: str
    job: str
    attempt: int
    lease_seconds: float
    spec: JobSpec
    traceparent: TraceParent | None = None
    """The trace that the job's submission belongs to."""


RefusalReason = Literal["stale", "paused", "busy", "unknown"]


class Refusal(Record):
    """The job is not yours.

    `stale`: drop the ticket. `paused`, `busy`: return it to the queue and wait. `unknown`: not stored yet,
    ask again.
    """

    type: Literal["refusal"] = "refusal"
    claim_id: str
    reason: RefusalReason


class CommitVerdict(AttemptReference):
    """Whether the attempt is still current and may write to the process folder."""

    type: Literal["commit_verdict"] = "commit_verdict"
    allowed: bool


class AttemptDesiredState(AttemptReference):
    """What an attempt is to do instead of running."""

    wish: DesiredState


class RunnerOrders(Record):
    """The complete desired state for one runner: the answer to each heartbeat and hello.

    `renewed` are the attempts whose lease starts again; `kill` those that no longer belong to the runner.
    `wishes` names the attempts that are to stop running; every other one is to run, or to continue if it was
    suspended. `draining`: take no tickets until told otherwise, and after `hand_back_seconds` (None: never)
    hand back what is still running.
    """

    type: Literal["orders"] = "orders"
    paused: bool
    draining: bool = False
    hand_back_seconds: float | None = None
    lease_seconds: float
    renewed: tuple[AttemptReference, ...] = ()
    kill: tuple[AttemptReference, ...] = ()
    wishes: tuple[AttemptDesiredState, ...] = ()


Reply = Annotated[Grant | Refusal | CommitVerdict | RunnerOrders, Field(discriminator="type")]


class RunnerReplies(Message):
    """Answers to one runner. `instance` is the one that asked; any other instance ignores them."""

    type: Literal["replies"] = "replies"
    instance: str
    replies: tuple[Reply, ...]


class Notice(Message):
    """To all runners of a plugin, or to one: something changed, ask for orders."""

    type: Literal["notice"] = "notice"
