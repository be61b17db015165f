"""The program `deploy/goobi/taskclient` for tests: as a module, and as Goobi starts it."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

PROGRAM = Path(__file__).resolve().parent.parent / "deploy" / "goobi" / "taskclient"


def load() -> ModuleType:
    """The program as a module; it has no suffix, so `import` cannot find it."""
    spec = spec_from_loader("taskclient", SourceFileLoader("taskclient", str(PROGRAM)))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def start(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    interpreter: str = sys.executable,
) -> "subprocess.Popen[str]":
    """Start it as Goobi does: without a terminal, each argument a separate word."""
    return subprocess.Popen(
        [interpreter, str(PROGRAM), *arguments],
        env={"PATH": os.environ["PATH"], **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    interpreter: str = sys.executable,
) -> "subprocess.CompletedProcess[str]":
    """Start it and wait until it ends."""
    with start(arguments, environment=environment, interpreter=interpreter) as process:
        try:
            stdout, stderr = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)
