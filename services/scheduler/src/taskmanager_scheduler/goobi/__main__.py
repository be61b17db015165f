"""`taskmanager-goobi check [NAME]`: checks that a configured Goobi accepts what the scheduler will send."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from taskmanager.errors import TaskManagerError
from taskmanager.goobi.installations import Installation
from taskmanager.goobi.settings import GoobiSettings, load
from taskmanager.process.config import GoobiFileSettings
from taskmanager_scheduler.goobi.check import CheckTarget, findings

EPILOG = "Changes nothing in Goobi unless --write is given. Exit code 0: no problems, 1: problems found."


def main(arguments: Sequence[str] | None = None) -> None:
    """Exit with 0 if every installation checked is well, 1 if not, or 2 for a usage error."""
    options = _parser().parse_args(arguments)
    target = CheckTarget(options.process, options.step, options.write)
    if target.write and target.process_id is None:
        sys.exit("taskmanager-goobi: --write needs --process")
    try:
        chosen = _chosen(load(options.settings or GoobiFileSettings().goobi), options.name)
    except TaskManagerError as error:
        sys.exit(f"taskmanager-goobi: {error}")
    results = [asyncio.run(_report(name, one, target)) for name, one in chosen.items()]
    sys.exit(0 if all(results) else 1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="taskmanager-goobi", description=__doc__, epilog=EPILOG)
    commands = parser.add_subparsers(required=True)
    check = commands.add_parser("check", help="test the connection to Goobi", epilog=EPILOG)
    check.add_argument("name", nargs="?", help="the installation; without it, all of them")
    check.add_argument("--settings", type=Path, help="the TOML file (default: TASKMANAGER_GOOBI)")
    check.add_argument("--process", type=int, help="id of a process to check")
    check.add_argument("--step", type=int, help="id of a step of that process to check")
    check.add_argument("--write", action="store_true", help="leave a debug entry in that process's log")
    return parser


def _chosen(settings: GoobiSettings, name: str | None) -> dict[str, Installation]:
    if name is not None and (misfit := settings.misfit(name)):
        raise TaskManagerError(misfit)
    if not settings.installations:
        raise TaskManagerError("no Goobi installation is configured: see TASKMANAGER_GOOBI in docs/goobi.md")
    return {name: settings.installations[name]} if name is not None else dict(settings.installations)


async def _report(name: str, installation: Installation, target: CheckTarget) -> bool:
    well = True
    _say(f"{name}: {installation.base} ({installation.dialect})")
    async for finding in findings(installation, target):
        _say(f"  {'ok' if finding.ok else 'NOT OK'}: {finding.text}")
        if finding.advice:
            _say(f"    {finding.advice}")
        well = well and finding.ok
    return well


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
