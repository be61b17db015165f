"""What the stack's orchestrator may start beside the runners of `up`, and what it leaves when it ends.

The runners it starts outlive it, so that they can be found again; `down` ends them. Reads the records that
the orchestrator's engine `local` writes, and imports nothing of it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from taskmanager.files.private_files import private_file
from taskmanager_local.state import StackFolder
from taskmanager_local.supervision import same_process

PLACE = "this-machine"
MOST = 4
"""Runners of each plugin."""
RECORDS = "*.process.json"


@dataclass(frozen=True)
class ReplicaCommand:
    """What starts a runner; `{name}` in an argument becomes its id."""

    arguments: list[str]
    environment: Mapping[str, str]


def write_file(folder: StackFolder, commands: Mapping[str, ReplicaCommand]) -> Path:
    """The orchestrator's file with these plugins; it may contain the broker's password."""
    tables = [_table(plugin, command) for plugin, command in commands.items()]
    path = folder.run / "orchestrator.toml"
    head = f"place = {json.dumps(PLACE)}\n[local]\nfolder = {json.dumps(str(folder.replicas))}\n"
    private_file(path, head + "".join(tables))
    return path


def _table(plugin: str, command: ReplicaCommand) -> str:
    """Strings and lists of TOML are those of JSON."""
    variables = ", ".join(f"{name} = {json.dumps(value)}" for name, value in command.environment.items())
    return (
        f"[plugins.{plugin}]\nmost = {MOST}\n[plugins.{plugin}.local]\n"
        f"command = {json.dumps(command.arguments)}\nenvironment = {{ {variables} }}\n"
    )


def running(folder: StackFolder) -> dict[str, psutil.Process]:
    """The runners that an orchestrator of the stack has started and that still run, by their ids."""
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.replicas.glob(RECORDS))]
    found = {one["name"]: same_process(one["pid"], one["started"]) for one in records}
    return {name: process for name, process in found.items() if process is not None}
