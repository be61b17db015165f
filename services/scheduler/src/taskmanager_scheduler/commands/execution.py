"""Operators' commands: what becomes of a job or plugin, the answer to the gateway, the entry in the audit."""

from datetime import datetime
from typing import Protocol

from taskmanager.messages import (
    AccessOrder,
    Command,
    CommandResult,
    JobCommand,
    PluginCommand,
    ReplayReports,
    RunnerCommand,
    SendMessage,
    StartOperation,
    StopOperation,
)
from taskmanager.model.control import DesiredState, JobAction, PluginAction, Stop, StopMode, judge
from taskmanager.model.jobs import Attribution, Job
from taskmanager.model.operations import Operation
from taskmanager.model.reasons import Reason, actions_taken, refusals
from taskmanager.model.registry import AuditEntry, InstalledPlugin
from taskmanager_scheduler.commands.access import (
    AccessSpace,
    access_subject,
    describe_access,
    execute_for_access,
)
from taskmanager_scheduler.commands.operations import start_operation, stop_operation
from taskmanager_scheduler.commands.reports import ReportSpace, describe_for_reports, execute_for_reports
from taskmanager_scheduler.commands.runners import (
    RunnerSpace,
    describe_for_runner,
    execute_for_runner,
    known_runner,
)
from taskmanager_scheduler.jobs.effects import AnswerGateway, CommandResultAndReason, Effect, NudgePlugin
from taskmanager_scheduler.jobs.events import Event, OperatorRequest

OperatorOrder = (
    JobCommand | PluginCommand | RunnerCommand | StartOperation | StopOperation | SendMessage | ReplayReports
)


class CommandSpace(RunnerSpace, ReportSpace, AccessSpace, Protocol):
    """What a command may see and change: the fold it is part of."""

    now: datetime
    jobs: dict[str, Job]
    installed: dict[str, InstalledPlugin]
    holders: dict[str, str]
    operations: dict[str, Operation]
    effects: list[Effect]
    audit: list[AuditEntry]

    def move(self, job_id: str, event: Event, *, holder: str | None = None) -> None:
        """Send an event through `transition`."""

    def change_plugin(self, plugin: InstalledPlugin) -> None:
        """Keep what became of a plugin."""

    def change_operation(self, operation: Operation) -> None:
        """Keep what became of an operation."""


def execute(space: CommandSpace, command: Command) -> None:
    """Do what can be done, answer, and write it down."""
    entry = space.register.heard.get(command.id)
    if entry is None:
        entry = _entry(space, command)
        space.audit.append(entry)
        if isinstance(command.order, AccessOrder):
            space.register.heard[command.id] = entry
    answer = {"id": command.id, "outcome": entry.outcome, "why": entry.why, "detail": entry.detail}
    space.effects.append(AnswerGateway(command.gateway, CommandResult.model_validate(answer)))


def _entry(space: CommandSpace, command: Command) -> AuditEntry:
    """Obey, and say what became of it."""
    order = command.order
    about: dict[str, Reason | str | None]
    if isinstance(order, AccessOrder):
        about = {"subject": access_subject(space.register, order), "what": describe_access(order)}
        outcome, why = execute_for_access(space, command, order)
    else:
        outcome, why = _obeyed(space, command, order)
        about = _about(space, order)
    signed = {"id": command.id, "at": space.now, "actor": command.actor, "reason": command.reason}
    return AuditEntry.model_validate({**signed, **about, "outcome": outcome, "why": why})


def _about(space: CommandSpace, order: OperatorOrder) -> dict[str, Reason | str | None]:
    return {
        "what": _deed(order),
        "job": order.job if isinstance(order, JobCommand | SendMessage) else None,
        "plugin": _plugin_of(space, order),
        "runner": order.runner if isinstance(order, RunnerCommand) else None,
    }


def wish_for(job: Job, plugin: InstalledPlugin | None) -> DesiredState | None:
    """What a running attempt is to do instead of running."""
    if job.cancel is not None:
        return DesiredState.CANCEL
    stopped = plugin is not None and plugin.stop is not None and plugin.stop.mode is StopMode.SUSPEND
    return DesiredState.SUSPEND if job.held is not None or stopped else None


def _obeyed(space: CommandSpace, command: Command, order: OperatorOrder) -> CommandResultAndReason:
    match order:
        case JobCommand():
            return change_job(space, order.job, order.action, order.priority, _note(space, command))
        case PluginCommand():
            return _obey_for_plugin(space, command, order)
        case RunnerCommand():
            return execute_for_runner(space, command, order)
        case StartOperation():
            return start_operation(space, order, _note(space, command))
        case StopOperation():
            return stop_operation(space, order, _note(space, command))
        case SendMessage() | ReplayReports():
            return execute_for_reports(space, command, order)


def change_job(
    space: CommandSpace, job_id: str, action: JobAction, priority: int | None, note: Attribution
) -> CommandResultAndReason:
    """Do it to one job if it can be done; else say why not. `priority` belongs to that action."""
    job = space.jobs.get(job_id)
    if job is None:
        return "unknown", refusals.NO_JOB()
    verdict = judge(job, action, priority)
    if verdict.refusal is not None:
        return "refused", verdict.refusal
    if verdict.unchanged:
        return "unchanged", None
    holder = space.holders.get(job.spec.unique) if job.spec.unique else None
    space.move(job.id, OperatorRequest(action, note, priority), holder=holder)
    if space.jobs[job.id] is job:
        return "refused", refusals.UNIQUE_KEY(job=holder, key=job.spec.unique)
    return "done", None


def _obey_for_plugin(space: CommandSpace, command: Command, order: PluginCommand) -> CommandResultAndReason:
    plugin = space.installed.get(order.plugin)
    if plugin is None:
        return "unknown", refusals.NO_PLUGIN()
    changed = _changed(plugin, order, _note(space, command))
    if changed == plugin:
        return "unchanged", None
    space.change_plugin(changed)
    space.effects.append(NudgePlugin(plugin.name))
    return "done", None


def _changed(plugin: InstalledPlugin, order: PluginCommand, note: Attribution) -> InstalledPlugin:
    match order.action:
        case PluginAction.STOP:
            stop = Stop(by=note.by, at=note.at, reason=note.reason, mode=order.mode, until=order.until)
            same = plugin.stop is not None and (plugin.stop.mode, plugin.stop.until) == (
                stop.mode,
                stop.until,
            )
            fields: dict[str, object] = {} if same else {"stop": stop}
        case PluginAction.RESTART:
            fields = {"stop": None}
        case PluginAction.REFUSE:
            fields = {} if plugin.refused else {"refused": note}
        case PluginAction.ACCEPT:
            fields = {"refused": None}
        case PluginAction.LIMIT:
            fields = {"max_running": order.max_running}
    return plugin.model_copy(update=fields)


def _note(space: CommandSpace, command: Command) -> Attribution:
    return Attribution(by=command.actor, at=space.now, reason=command.reason)


def _deed(order: OperatorOrder) -> Reason:
    match order:
        case RunnerCommand():
            return describe_for_runner(order)
        case JobCommand():
            return _of_jobs(order)
        case StartOperation():
            return _of_jobs(order, order.operation)
        case StopOperation():
            return actions_taken.STOP_OPERATION(operation=order.operation)
        case SendMessage() | ReplayReports():
            return describe_for_reports(order)
        case PluginCommand():
            return _of_plugin(order)


def _of_jobs(order: JobCommand | StartOperation, operation: str | None = None) -> Reason:
    if order.priority is not None:
        return actions_taken.PRIORITY(level=order.priority, operation=operation)
    return actions_taken.JOBS[order.action](operation=operation)


def _of_plugin(order: PluginCommand) -> Reason:
    match order.action:
        case PluginAction.STOP:
            return actions_taken.STOPS[order.mode](ends=order.until)
        case PluginAction.LIMIT if order.max_running is not None:
            return actions_taken.LIMIT(limit=order.max_running)
        case PluginAction.LIMIT:
            return actions_taken.NO_LIMIT()
    return actions_taken.PLUGINS[order.action]()


def _plugin_of(space: CommandSpace, order: OperatorOrder) -> str | None:
    if isinstance(order, PluginCommand):
        return order.plugin
    if isinstance(order, StartOperation | StopOperation):
        operation = space.operations.get(order.operation)
        return operation.filter.plugin if operation else None
    if isinstance(order, RunnerCommand):
        runner = known_runner(space, order.runner)
        return runner.plugin if runner else None
    if isinstance(order, ReplayReports):
        return None
    job = space.jobs.get(order.job)
    return job.plugin if job else None
