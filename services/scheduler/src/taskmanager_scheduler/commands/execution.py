"""Executes operators' commands: the table of handlers, the answer to the gateway, the audit entry.

A new kind of order is a class in `taskmanager.messages`, a handler next to similar ones, and a line in
`HANDLERS`.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Protocol

from taskmanager.messages import (
    AddNote,
    AddSecurityKey,
    AddToken,
    AddUser,
    ChangeUser,
    Command,
    CommandResult,
    EndSession,
    EndSessions,
    JobCommand,
    PluginCommand,
    RemoveDevice,
    RemoveNote,
    RemovePreset,
    RemoveRule,
    RemoveSecondFactor,
    RemoveSecurityKey,
    RemoveUser,
    RenamePreset,
    ReplayReports,
    RevokeToken,
    RunnerCommand,
    SavePreset,
    ScalingCommand,
    SendMessage,
    SetPassword,
    SetRule,
    SetSecondFactor,
    SettleDeadLetter,
    StartOperation,
    StopOperation,
    TryRule,
    UseCode,
    UseSecurityKey,
)
from taskmanager.model.registry import AuditEntry
from taskmanager.ports.store import Needs
from taskmanager_scheduler.commands import (
    access,
    dead_letters,
    jobs,
    notifications,
    operations,
    plugins,
    reports,
    runners,
    scaling,
    second_factors,
    security_keys,
)
from taskmanager_scheduler.commands.handler import CommandHandler
from taskmanager_scheduler.commands.user_content import notes, presets
from taskmanager_scheduler.jobs.effects import AnswerGateway


class CommandSpace(
    plugins.PluginSpace,
    runners.RunnerSpace,
    scaling.ScalingSpace,
    operations.OperationSpace,
    reports.ReportSpace,
    dead_letters.LetterSpace,
    notifications.RuleSpace,
    notes.NoteSpace,
    access.AccessSpace,
    presets.PresetSpace,
    Protocol,
):
    """What commands may read and change: the group they are part of."""

    audit: list[AuditEntry]


HANDLERS: Mapping[type, CommandHandler[CommandSpace, Any]] = {
    JobCommand: jobs.JOB,
    PluginCommand: plugins.PLUGIN,
    RunnerCommand: runners.RUNNER,
    ScalingCommand: scaling.SCALING,
    StartOperation: operations.START,
    StopOperation: operations.STOP,
    SendMessage: reports.MESSAGE,
    ReplayReports: reports.REPLAY,
    SettleDeadLetter: dead_letters.SETTLE,
    SetRule: notifications.SET_RULE,
    RemoveRule: notifications.REMOVE_RULE,
    TryRule: notifications.TRY_RULE,
    AddNote: notes.ADD_NOTE,
    RemoveNote: notes.REMOVE_NOTE,
    AddUser: access.ADD_USER,
    ChangeUser: access.CHANGE_USER,
    SetPassword: access.SET_PASSWORD,
    EndSessions: access.END_SESSIONS,
    RemoveUser: access.REMOVE_USER,
    AddToken: access.ADD_TOKEN,
    RevokeToken: access.REVOKE_TOKEN,
    EndSession: access.END_SESSION,
    SetSecondFactor: second_factors.SET_SECOND_FACTOR,
    RemoveSecondFactor: second_factors.REMOVE_SECOND_FACTOR,
    RemoveDevice: second_factors.REMOVE_DEVICE,
    UseCode: second_factors.USE_CODE,
    AddSecurityKey: security_keys.ADD_SECURITY_KEY,
    RemoveSecurityKey: security_keys.REMOVE_SECURITY_KEY,
    UseSecurityKey: security_keys.USE_SECURITY_KEY,
    SavePreset: presets.SAVE,
    RenamePreset: presets.RENAME,
    RemovePreset: presets.REMOVE,
}


def needs_of_command(command: Command) -> Needs:
    """What has to be loaded for the command."""
    return HANDLERS[type(command.order)].needs(command, command.order)


def execute(space: CommandSpace, command: Command) -> None:
    """Execute the command if possible, answer the gateway, and write the audit entry."""
    entry = space.register.heard.get(command.id)
    if entry is None:
        handler = HANDLERS[type(command.order)]
        entry = _carried_out(handler, space, command)
        space.audit.append(entry)
        if handler.once:
            space.register.heard[command.id] = entry
    answer = {"id": command.id, "outcome": entry.outcome, "why": entry.why, "detail": entry.detail}
    space.effects.append(AnswerGateway(command.gateway, CommandResult.model_validate(answer)))


def _carried_out(
    handler: CommandHandler[CommandSpace, Any], space: CommandSpace, command: Command
) -> AuditEntry:
    subject = handler.subject(space, command.order)
    outcome, why = handler.execute(space, command, command.order)
    return AuditEntry(
        id=command.id,
        at=space.now,
        actor=command.actor,
        reason=command.reason,
        what=handler.describe(command.order),
        outcome=outcome,
        why=why,
        **asdict(subject),
    )
