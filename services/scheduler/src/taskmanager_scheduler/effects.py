"""What follows from a change of a job, as values; `dispatcher` carries them out once the change is stored."""

from dataclasses import dataclass

from taskmanager.messages import CommitVerdict, Grant, Orders, Refusal
from taskmanager.registry import Report


@dataclass(frozen=True, slots=True)
class Answer:
    """Tell the runner that asked."""

    runner: str
    instance: str
    reply: Grant | Refusal | CommitVerdict | Orders


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
class DeclarePlugin:
    """See to it that the plugin's queue exists."""

    plugin: str


Effect = Answer | SendTicket | StoreReport | DeclarePlugin
