"""The beginning of a slot's process: reads its options, loads the plugin, and lets a `Worker` serve."""

import faulthandler
import os
import sys
from pathlib import Path

from taskmanager.plugin_api.interface import load
from taskmanager.process.failpoints import Failpoint, failpoint
from taskmanager_plugin_runner.slot.line import SlotLine
from taskmanager_plugin_runner.slot.other_user.plugin_process import PluginProcess
from taskmanager_plugin_runner.slot.run_notes import RunNotes
from taskmanager_plugin_runner.slot.worker import Worker
from taskmanager_plugin_runner.slot_protocol import Ready, SlotOptions
from taskmanager_plugin_runner.system import control_groups
from taskmanager_plugin_runner.system.bunch_pipes import SlotPipes
from taskmanager_plugin_runner.system.memory import PICTURE_MEMORY, for_pictures
from taskmanager_plugin_runner.system.processes import adopt_orphans, stand_back
from taskmanager_plugin_runner.system.secrecy import close_to_others


def work(descriptor: int, pipes: tuple[int, int], guard: int) -> None:
    """Read the options, load the plugin, report readiness, and serve; `pipes` as in `SlotPipes`."""
    faulthandler.enable()
    adopt_orphans()
    line = SlotLine(descriptor, SlotPipes(*pipes))
    options = line.options()
    if options is None or os.getppid() != options.parent:
        return  # the runner has ended in the meantime
    if options.group:
        control_groups.enter(Path(options.group))
    stand_back(options.nice, options.processors)
    begin(options, line, guard=guard)


def begin(options: SlotOptions, line: SlotLine, *, guard: int = 0, asks: bool = False) -> None:
    """Load the plugin, report readiness, and serve; for `asks` see `Worker`."""
    close_to_others()
    if options.memory_bytes is not None:
        os.environ.setdefault(PICTURE_MEMORY, str(max(1, for_pictures(options.memory_bytes) // 1_000_000)))
    try:
        plugin = load(options.plugin)
    except Exception as error:  # noqa: BLE001 - a plugin's import may raise anything; the runner must hear of it
        line.send(Ready(f"{type(error).__name__}: {error}"))
        return
    notes = RunNotes(line.send)
    plugin_process, problem = _plugin_process(options, notes)
    failpoint(Failpoint.SLOT_AT_START)
    line.send(Ready(problem, guard=guard))
    if problem is None:
        Worker(options, plugin, line, notes, guard=guard, plugin_process=plugin_process, asks=asks).serve()


def _plugin_process(options: SlotOptions, notes: RunNotes) -> tuple[PluginProcess | None, str | None]:
    """The process that runs the plugin as another user, if required, and the reason if it could not start."""
    if options.slot_user is None:
        return None, None
    try:
        plugin_process = PluginProcess(options, options.slot_user, notes.send)
    except OSError as error:
        return None, f"user {options.slot_user.uid} cannot start {sys.executable}: {error}"
    return plugin_process, plugin_process.wait_until_ready()
