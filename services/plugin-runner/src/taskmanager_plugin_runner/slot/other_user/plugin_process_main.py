"""The program that runs a plugin as another user: `python -m ….plugin_process_main <socket>`."""

import faulthandler
import os
import sys
from pathlib import Path

from taskmanager_plugin_runner.slot.beginning import begin
from taskmanager_plugin_runner.slot.line import SlotLine
from taskmanager_plugin_runner.slot_protocol import Ready
from taskmanager_plugin_runner.system.processes import adopt_orphans
from taskmanager_plugin_runner.system.slot_users import give_up_rights


def main() -> None:
    """Give up all rights before any part of the plugin is loaded, then work."""
    give_up_rights()
    faulthandler.enable()
    adopt_orphans()
    line = SlotLine(int(sys.argv[1]))
    options = line.options()
    if options is None or os.getppid() != options.parent:
        return  # the slot has ended in the meantime
    if not _may_pass(Path(options.folder)):
        line.send(Ready(f"user {os.getuid()} may not pass {options.folder}: let others pass (chmod o+x)"))
        return
    begin(options, line, asks=True)


def _may_pass(folder: Path) -> bool:
    try:
        (folder / "input").exists()
    except PermissionError:
        return False
    return True


if __name__ == "__main__":
    main()
