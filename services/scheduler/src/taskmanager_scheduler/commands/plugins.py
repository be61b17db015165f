"""Operators' commands for plugins: stop, restart, refuse and accept jobs, limit how many run. Pure."""

from datetime import datetime
from typing import Protocol

from taskmanager.messages import Command, PluginCommand
from taskmanager.model.control import PluginAction, Stop
from taskmanager.model.jobs import Attribution
from taskmanager.model.reasons import Reason, actions_taken, automatic, refusals
from taskmanager.model.registry import InstalledPlugin
from taskmanager.ports.store import Needs
from taskmanager_scheduler.commands.handler import CommandHandler, Subject, attribution
from taskmanager_scheduler.jobs.effects import CommandAnswer, Effect, NudgePlugin


class PluginSpace(Protocol):
    """What such a command may read and change: the group it is part of."""

    now: datetime
    installed: dict[str, InstalledPlugin]
    effects: list[Effect]

    def change_plugin(self, plugin: InstalledPlugin) -> None:
        """Store the new state of a plugin."""


def _execute(space: PluginSpace, command: Command, order: PluginCommand) -> CommandAnswer:
    plugin = space.installed.get(order.plugin)
    if plugin is None:
        return "unknown", refusals.NO_PLUGIN()
    changed = _changed(plugin, order, attribution(command, space.now))
    if changed == plugin:
        return "unchanged", None
    space.change_plugin(changed)
    space.effects.append(NudgePlugin(plugin.name))
    return "done", _over(plugin) if command.actor == automatic.TIMER else None


def _over(plugin: InstalledPlugin) -> Reason | None:
    """Why the timer restarts the plugin."""
    stop = plugin.stop
    if stop is None or stop.until is None:
        return None
    return automatic.STOP_OVER(by=automatic.actor(stop.by), until=stop.until)


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


def _describe(order: PluginCommand) -> Reason:
    match order.action:
        case PluginAction.STOP:
            return actions_taken.STOPS[order.mode](ends=order.until)
        case PluginAction.LIMIT if order.max_running is not None:
            return actions_taken.LIMIT(limit=order.max_running)
        case PluginAction.LIMIT:
            return actions_taken.NO_LIMIT()
    return actions_taken.PLUGINS[order.action]()


PLUGIN: CommandHandler[PluginSpace, PluginCommand] = CommandHandler(
    needs=lambda _, order: Needs(plugins=frozenset({order.plugin})),
    subject=lambda _, order: Subject(plugin=order.plugin),
    describe=_describe,
    execute=_execute,
)
