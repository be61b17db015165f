"""Which libraries and programs took part, and their versions. Knows nothing of jobs."""

import re
import shutil
import subprocess
import sys
from functools import cache
from importlib.metadata import Distribution, EntryPoint, PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from taskmanager.plugin_api.extras import required_packages
from taskmanager.plugin_api.interface import entry_point
from taskmanager_plugin_runner.provenance.account import Tool, ToolKind

UNKNOWN: Final = "unknown"
_OURS: Final = "taskmanager"
_ASKED: Final = (("--version",), ("-version",), ("-v",))
_LIMIT_SECONDS: Final = 20
_VERSION: Final = re.compile(r"\d+\.\d+")
_LINE_CHARACTERS: Final = 200


@cache
def program(name: str) -> Tool:
    """A program by its name or path, with the first line about its version that it gives."""
    found = shutil.which(name)
    return Tool(ToolKind.PROGRAM, Path(name).name, _version_of(found) if found is not None else UNKNOWN)


def _version_of(path: str) -> str:
    for words in _ASKED:
        try:
            said = subprocess.run(
                [path, *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_LIMIT_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        lines = (said.stdout + b"\n" + said.stderr).decode(errors="replace").splitlines()
        for line in lines:
            if said.returncode == 0 and _VERSION.search(line):
                return line.strip()[:_LINE_CHARACTERS]
    return UNKNOWN


def libraries(plugin: str) -> tuple[Tool, ...]:
    """The packages that this process has loaded, of those that the plugin's distribution asks for."""
    found = entry_point(plugin)
    return tuple(
        Tool(ToolKind.LIBRARY, name, distribution(name).version)
        for name in (_packages(found) if found is not None else ())
        if any(module in sys.modules for module in _modules(name))
    )


def _packages(entry: EntryPoint) -> list[str]:
    return sorted(required_packages(entry) - {_OURS})


@cache
def _modules(name: str) -> frozenset[str]:
    """The top-level modules of an installed distribution; none if it is not installed."""
    try:
        found: Distribution = distribution(name)
    except PackageNotFoundError:
        return frozenset()
    tops = {file.parts[0].partition(".")[0] for file in found.files or () if file.suffix in {".py", ".so"}}
    return frozenset(top for top in tops if top.isidentifier())
