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
    RunnerEvents,
    RunnerOrders,
)
from taskmanager.model.reasons import Reason
from taskmanager.model.reports import Report, Withdrawal

CommandAnswer = tuple[CommandOutcome, Reason | None]
"""What became of a command, and why if it was not done."""


@dataclass(frozen=True, slots=True)
class AnswerRunner:
    """Tell the runner that asked."""

    plugin: str
    runner: str
    instance: str
    reply: Grant | Refusal | CommitVerdict | RunnerOrders


@dataclass(frozen=True, slots=True)
class SendTicket:
    """Put a ticket into the plugin's queue."""

    plugin: str
    job: str
    dispatch: int
    priority: int


@dataclass(frozen=True, slots=True)
class StoreReport:
    """Keep a report for Goobi; part of the same transaction."""

    report: Report


@dataclass(frozen=True, slots=True)
class WithdrawReports:
    """Goobi is not to be told what is untrue now; part of the same transaction."""

    withdrawal: Withdrawal


@dataclass(frozen=True, slots=True)
class DeclarePlugin:
    """See to it that the plugin's queue exists."""

    plugin: str


@dataclass(frozen=True, slots=True)
class NudgeRunner:
    """Have the runner ask for its orders now rather than with its next heartbeat."""

    plugin: str
    runner: str


@dataclass(frozen=True, slots=True)
class NudgePlugin:
    """The same for all runners of a plugin."""

    plugin: str


@dataclass(frozen=True, slots=True)
class AnswerGateway:
    """Tell the gateway what became of a command."""

    gateway: str
    result: CommandResult


Stored = StoreReport | WithdrawReports
"""Those that are carried out by being part of the plan."""
Effect = AnswerRunner | NudgeRunner | NudgePlugin | AnswerGateway | SendTicket | DeclarePlugin | Stored


def refusals(message: Inbound) -> list[AnswerRunner]:
    """Answers to the claims of a message that could not be taken: a ticket without one would come again."""
    said = [message] if isinstance(message, RunnerEvents) else []
    return [
        AnswerRunner(one.plugin, one.runner, one.instance, Refusal(claim_id=claim.claim_id, reason="unknown"))
        for one in said
        for claim in one.events
        if isinstance(claim, Claim)
    ]
