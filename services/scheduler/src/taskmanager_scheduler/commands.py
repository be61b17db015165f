"""Operators' commands: what becomes of a job or plugin, the answer to the gateway, the entry in the audit."""

from datetime import datetime
from typing import Protocol

from taskmanager.control import PluginAction, Stop, StopMode, Wish, judge
from taskmanager.jobs import Job, Note
from taskmanager.messages import (
    Command,
    CommandOutcome,
    CommandResult,
    JobCommand,
    PluginCommand,
    RunnerCommand,
)
from taskmanager.registry import AuditEntry, InstalledPlugin
from taskmanager_scheduler.effects import AnswerGateway, Effect, NudgePlugin
from taskmanager_scheduler.events import Event, Wanted
from taskmanager_scheduler.runner_commands import RunnerSpace, known_runner, obey_for_runner, runner_words


class Workspace(RunnerSpace, Protocol):
    """What a command may see and change: the fold it is part of."""

    now: datetime
    jobs: dict[str, Job]
    installed: dict[str, InstalledPlugin]
    holders: dict[str, str]
    effects: list[Effect]
    audit: list[AuditEntry]

    def move(self, job_id: str, event: Event, *, holder: str | None = None) -> None:
        """Send an event through `transition`."""

    def change_plugin(self, plugin: InstalledPlugin) -> None:
        """Keep what became of a plugin."""


def obey(space: Workspace, command: Command) -> None:
    """Do what can be done, answer, and write it down."""
    order = command.order
    if isinstance(order, JobCommand):
        outcome, detail = _obey_for_job(space, command, order)
    elif isinstance(order, RunnerCommand):
        outcome, detail = obey_for_runner(space, command, order)
    else:
        outcome, detail = _obey_for_plugin(space, command, order)
    result = CommandResult(id=command.id, outcome=outcome, detail=detail)
    space.effects.append(AnswerGateway(command.gateway, result))
    space.audit.append(
        AuditEntry(
            id=command.id,
            at=space.now,
            actor=command.actor,
            reason=command.reason,
            action=_words(order),
            job=order.job if isinstance(order, JobCommand) else None,
            plugin=_plugin_of(space, order),
            runner=order.runner if isinstance(order, RunnerCommand) else None,
            outcome=outcome,
            detail=detail,
        )
    )


def wish_for(job: Job, plugin: InstalledPlugin | None) -> Wish | None:
    """What a running attempt is to do instead of running."""
    if job.cancel is not None:
        return Wish.CANCEL
    stopped = plugin is not None and plugin.stop is not None and plugin.stop.mode is StopMode.SUSPEND
    return Wish.SUSPEND if job.held is not None or stopped else None


def _obey_for_job(space: Workspace, command: Command, order: JobCommand) -> tuple[CommandOutcome, str]:
    job = space.jobs.get(order.job)
    if job is None:
        return "unknown", "there is no such job"
    verdict = judge(job, order.action, order.priority)
    if verdict.refusal is not None:
        return "refused", verdict.refusal
    if verdict.unchanged:
        return "unchanged", ""
    holder = space.holders.get(job.spec.unique) if job.spec.unique else None
    space.move(job.id, Wanted(order.action, _note(space, command), order.priority), holder=holder)
    if space.jobs[job.id] is job:
        return "refused", f"job {holder} holds its unique key {job.spec.unique!r}"
    return "done", ""


def _obey_for_plugin(space: Workspace, command: Command, order: PluginCommand) -> tuple[CommandOutcome, str]:
    plugin = space.installed.get(order.plugin)
    if plugin is None:
        return "unknown", "there is no such plugin"
    changed = _changed(plugin, order, _note(space, command))
    if changed == plugin:
        return "unchanged", ""
    space.change_plugin(changed)
    space.effects.append(NudgePlugin(plugin.name))
    return "done", ""


def _changed(plugin: InstalledPlugin, order: PluginCommand, note: Note) -> InstalledPlugin:
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


def _note(space: Workspace, command: Command) -> Note:
    return Note(by=command.actor, at=space.now, reason=command.reason)


def _words(order: JobCommand | PluginCommand | RunnerCommand) -> str:
    if isinstance(order, RunnerCommand):
        return runner_words(order)
    if isinstance(order, JobCommand):
        return f"{order.action} {order.priority}" if order.priority is not None else str(order.action)
    match order.action:
        case PluginAction.STOP:
            return f"stop, {order.mode}" + (f" until {order.until.isoformat()}" if order.until else "")
        case PluginAction.LIMIT:
            return f"limit {order.max_running if order.max_running is not None else 'none'}"
    return str(order.action)


def _plugin_of(space: Workspace, order: JobCommand | PluginCommand | RunnerCommand) -> str | None:
    if isinstance(order, PluginCommand):
        return order.plugin
    if isinstance(order, RunnerCommand):
        runner = known_runner(space, order.runner)
        return runner.plugin if runner else None
    job = space.jobs.get(order.job)
    return job.plugin if job else None
