"""What follows from a change of a job, as values; `dispatcher` carries them out once the change is stored."""

from dataclasses import dataclass

from taskmanager.messages import (
    Claim,
    CommandOutcome,
    CommandResult,
    CommitVerdict,
    Grant,
    Inbound,
    Refusal,
    ReplicaOrders,
    RunnerEvents,
    RunnerOrders,
)
from taskmanager.model.reasons import Reason
from taskmanager.model.reports import Report, Withdrawal

CommandAnswer = tuple[CommandOutcome, Reason | None]
"""The outcome of a command, and the reason if it was not executed."""


@dataclass(frozen=True, slots=True)
class AnswerRunner:
    """Answer the runner that asked."""

    plugin: str
    runner: str
    instance: str
    reply: Grant | Refusal | CommitVerdict | RunnerOrders


@dataclass(frozen=True, slots=True)
class SendTicket:
    """Put a ticket into the plugin's queue.

    `owed`: the store says that this is to be done, until it is confirmed. The ticket of a new job is not
    owed: its submission comes again unless this was done.
    """

    plugin: str
    job: str
    dispatch: int
    priority: int
    owed: bool


@dataclass(frozen=True, slots=True)
class StoreReport:
    """Store a report for Goobi; part of the same transaction."""

    report: Report


@dataclass(frozen=True, slots=True)
class WithdrawReports:
    """Withdraw reports to Goobi that are no longer true; part of the same transaction."""

    withdrawal: Withdrawal


@dataclass(frozen=True, slots=True)
class DeclarePlugin:
    """Ensure that the plugin's queue exists."""

    plugin: str


@dataclass(frozen=True, slots=True)
class NudgeRunner:
    """Make the runner ask for its orders now rather than with its next heartbeat."""

    plugin: str
    runner: str


@dataclass(frozen=True, slots=True)
class NudgePlugin:
    """Make all runners of a plugin ask for their orders now."""

    plugin: str


@dataclass(frozen=True, slots=True)
class OrderReplicas:
    """Tell an orchestrator how many replicas there are to be, and which to stop."""

    orders: ReplicaOrders


@dataclass(frozen=True, slots=True)
class NudgeOrchestrator:
    """Make the orchestrator of a place report now, which is answered with orders."""

    place: str


@dataclass(frozen=True, slots=True)
class AnswerGateway:
    """Tell the gateway the outcome of a command."""

    gateway: str
    result: CommandResult


Stored = StoreReport | WithdrawReports
"""Effects that are part of the plan and so are carried out by storing it."""
Effect = (
    AnswerRunner
    | NudgeRunner
    | NudgePlugin
    | AnswerGateway
    | OrderReplicas
    | NudgeOrchestrator
    | SendTicket
    | DeclarePlugin
    | Stored
)


def refusals(message: Inbound) -> list[AnswerRunner]:
    """Refusals of the claims in a message that failed: unanswered, their tickets would come again."""
    said = [message] if isinstance(message, RunnerEvents) else []
    return [
        AnswerRunner(one.plugin, one.runner, one.instance, Refusal(claim_id=claim.claim_id, reason="unknown"))
        for one in said
        for claim in one.events
        if isinstance(claim, Claim)
    ]
