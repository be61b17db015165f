"""From the scheduler to runners: answers, and orders that carry its whole wish."""

from typing import Annotated, Literal

from pydantic import Field

from taskmanager.jobs import JobSpec, PluginName, Record
from taskmanager.messages.wire import AttemptReference, Message


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
