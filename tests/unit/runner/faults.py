"""Stops file-system code between any two of its steps, and takes snapshots of folders for comparison."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from unittest import mock

from taskmanager_plugin_runner.system import orphaned_processes

STEPS = ("rename", "mkdir", "link", "unlink", "rmdir", "fsync")


class Crash(BaseException):
    """The process ends here."""


@contextmanager
def stopped_before(step: int, then: Callable[[], None]) -> Iterator[list[str]]:
    """Call `then` once, before the step of that number (from 0); the list fills with the steps made."""
    made: list[str] = []

    def wrap(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            made.append(name)
            if len(made) == step + 1:
                with mock.patch.multiple(os, **originals):
                    then()
            return real(*arguments, **named)

        return call

    originals: dict[str, Any] = {name: getattr(os, name) for name in STEPS}
    wrapped: dict[str, Any] = {name: wrap(name, real) for name, real in originals.items()}
    with mock.patch.multiple(os, **wrapped):
        yield made


def crash() -> None:
    """End the process, as far as the code under test can tell."""
    raise Crash


def picture(folder: Path) -> dict[str, str]:
    """A snapshot: every name below a folder with its content; equal snapshots mean equal folders.

    A runner's notes about its slots are not included.
    """
    found = (path for path in sorted(folder.rglob("*")) if not fnmatch(path.name, orphaned_processes.PATTERN))
    return {str(path.relative_to(folder)): _content(path) for path in found}


def _content(path: Path) -> str:
    if path.is_symlink():
        return f"link to {path.readlink()}"
    return "folder" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()


def fill(folder: Path, files: dict[str, str]) -> Path:
    """Make a folder with files; a name that ends with a slash is an empty folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = folder / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return folder


def names(folder: Path) -> list[str]:
    """The names directly in a folder, hidden or not, sorted."""
    return sorted(path.name for path in folder.iterdir())


def attempts(runner: Path) -> list[str]:
    """The attempts that have something in the runner's folder of the workspace, sorted."""
    return sorted(path.name for path in runner.iterdir() if path.is_dir())
