"""Every message that is sent: frozen, versioned, unknown fields rejected. Knows no broker.

Commands are imperatives with one handler; events are in the past tense. Golden files in
`tests/contract/messages` pin version 1; a change of meaning needs a new version.
"""

from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter

from taskmanager.messages.access_commands import (
    AccessOrder,
    AddSecurityKey,
    AddToken,
    AddUser,
    ChangeUser,
    EndSession,
    EndSessions,
    LogInSeen,
    LogInsSeen,
    RemoveDevice,
    RemoveSecondFactor,
    RemoveSecurityKey,
    RemoveUser,
    RevokeToken,
    SessionsUsed,
    SessionUse,
    SetPassword,
    SetSecondFactor,
    TokensUsed,
    UseCode,
    UseSecurityKey,
)
from taskmanager.messages.changes import Arrivals, Change, Changes, Tick
from taskmanager.messages.commands import (
    Command,
    CommandOutcome,
    CommandResult,
    JobCommand,
    Order,
    PluginCommand,
    ReplayReports,
    RunnerCommand,
    SendMessage,
    StartOperation,
    StopOperation,
)
from taskmanager.messages.dead_letters import Redelivered, SettleDeadLetter
from taskmanager.messages.events import (
    Advanced,
    Cancelled,
    Claim,
    Commit,
    Failed,
    FilesRecorded,
    Finished,
    HandedBack,
    Heartbeat,
    Hello,
    JobEvent,
    Logged,
    Progressed,
    Resumed,
    RunnerEvent,
    RunnerEvents,
    RunnerReport,
    Suspended,
    Unclaimed,
)
from taskmanager.messages.notes import AddNote, NoteOrder, RemoveNote
from taskmanager.messages.notifications import NotificationOrder, RemoveRule, SetRule, TryRule
from taskmanager.messages.preset_commands import PresetOrder, RemovePreset, RenamePreset, SavePreset
from taskmanager.messages.replicas import ReplicaOrders, ReplicasReported, ScalingCommand
from taskmanager.messages.replies import (
    AttemptDesiredState,
    CommitVerdict,
    Grant,
    Notice,
    Refusal,
    RefusalReason,
    Reply,
    RunnerOrders,
    RunnerReplies,
)
from taskmanager.messages.submissions import Submissions, Submit, Ticket, TicketReference, Tickets
from taskmanager.messages.wire import AttemptReference, Message, decode

__all__ = [
    "AccessOrder",
    "AddNote",
    "AddSecurityKey",
    "AddToken",
    "AddUser",
    "Advanced",
    "Arrivals",
    "AttemptDesiredState",
    "AttemptReference",
    "Cancelled",
    "Change",
    "ChangeUser",
    "Changes",
    "Claim",
    "Command",
    "CommandOutcome",
    "CommandResult",
    "Commit",
    "CommitVerdict",
    "EndSession",
    "EndSessions",
    "Failed",
    "FilesRecorded",
    "Finished",
    "Grant",
    "HandedBack",
    "Heartbeat",
    "Hello",
    "Inbound",
    "JobCommand",
    "JobEvent",
    "LogInSeen",
    "LogInsSeen",
    "Logged",
    "Message",
    "NoteOrder",
    "Notice",
    "NotificationOrder",
    "Order",
    "PluginCommand",
    "PresetOrder",
    "Progressed",
    "Redelivered",
    "Refusal",
    "RefusalReason",
    "RemoveDevice",
    "RemoveNote",
    "RemovePreset",
    "RemoveRule",
    "RemoveSecondFactor",
    "RemoveSecurityKey",
    "RemoveUser",
    "RenamePreset",
    "ReplayReports",
    "ReplicaOrders",
    "ReplicasReported",
    "Reply",
    "Resumed",
    "RevokeToken",
    "RunnerCommand",
    "RunnerEvent",
    "RunnerEvents",
    "RunnerOrders",
    "RunnerReplies",
    "RunnerReport",
    "SavePreset",
    "ScalingCommand",
    "SendMessage",
    "SessionUse",
    "SessionsUsed",
    "SetPassword",
    "SetRule",
    "SetSecondFactor",
    "SettleDeadLetter",
    "StartOperation",
    "StopOperation",
    "Submissions",
    "Submit",
    "Suspended",
    "Tick",
    "Ticket",
    "TicketReference",
    "Tickets",
    "TokensUsed",
    "TryRule",
    "Unclaimed",
    "UseCode",
    "UseSecurityKey",
    "decode_changes",
    "decode_control",
    "decode_inbox",
    "decode_orders",
    "decode_tickets",
]

Inbound = (
    Submissions
    | Submit
    | RunnerEvents
    | Command
    | TokensUsed
    | SessionsUsed
    | LogInsSeen
    | ReplicasReported
    | Tick
)
"""The messages the scheduler's inbox takes, on their own or in a `Redelivered`."""

WHEN_USED = ConfigDict(defer_build=True)
"""No service reads all kinds of messages: what checks one is built when the first arrives."""

_INBOX: TypeAdapter[Inbound | Redelivered] = TypeAdapter(
    Annotated[Inbound | Redelivered, Field(discriminator="type")], config=WHEN_USED
)
_TICKETS: TypeAdapter[Submit | Ticket | Tickets] = TypeAdapter(
    Annotated[Submit | Ticket | Tickets, Field(discriminator="type")], config=WHEN_USED
)
_CONTROL: TypeAdapter[RunnerReplies | Notice] = TypeAdapter(
    Annotated[RunnerReplies | Notice, Field(discriminator="type")], config=WHEN_USED
)
_CHANGES: TypeAdapter[Changes | Submissions | Submit | CommandResult] = TypeAdapter(
    Annotated[Changes | Submissions | Submit | CommandResult, Field(discriminator="type")], config=WHEN_USED
)
_ORDERS: TypeAdapter[ReplicaOrders | Notice] = TypeAdapter(
    Annotated[ReplicaOrders | Notice, Field(discriminator="type")], config=WHEN_USED
)


def decode_inbox(body: bytes) -> Inbound | Redelivered:
    """A message of the scheduler's inbox; raises InvalidMessageError."""
    return decode(_INBOX, body)


def decode_tickets(body: bytes) -> Submit | Ticket | Tickets:
    """A message of a plugin's queue, which has one or several `tickets`; raises InvalidMessageError.

    A submission is the first ticket of a job from a gateway of an earlier release.
    """
    return decode(_TICKETS, body)


def decode_control(body: bytes) -> RunnerReplies | Notice:
    """A message of a runner's private queue; raises InvalidMessageError."""
    return decode(_CONTROL, body)


def decode_changes(body: bytes) -> Changes | Submissions | Submit | CommandResult:
    """A message of a gateway's private queue; raises InvalidMessageError."""
    return decode(_CHANGES, body)


def decode_orders(body: bytes) -> ReplicaOrders | Notice:
    """A message of an orchestrator's private queue; raises InvalidMessageError."""
    return decode(_ORDERS, body)
