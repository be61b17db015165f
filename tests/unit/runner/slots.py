"""Starts real slot processes for tests."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil

from taskmanager.messages import Grant
from taskmanager.model.jobs import JobSpec
from taskmanager.model.manifest import PluginManifest
from taskmanager_plugin_runner.slot.process import SlotProcess
from taskmanager_plugin_runner.slot_protocol import FileNote, LogNote, ProgressNote, SlotOptions
from taskmanager_testing.waiting import eventually_async

PLUGINS = Path(__file__).parents[2] / "plugins"


class Ears:
    """Records what a job reports."""

    def __init__(self) -> None:
        self.progress: list[ProgressNote] = []
        self.logs: list[LogNote] = []
        self.printed: list[str] = []
        self.files: list[FileNote] = []
        self.suspended: list[bool] = []

    def on_progress(self, note: ProgressNote) -> None:
        self.progress.append(note)

    def on_log(self, note: LogNote) -> None:
        self.logs.append(note)

    def on_file(self, note: FileNote) -> None:
        self.files.append(note)

    def on_suspended(self, *, suspended: bool) -> None:
        self.suspended.append(suspended)

    def on_output(self, line: str) -> None:
        self.printed.append(line)


def options(plugin: str, folder: Path, *, upload_mode: str = "auto", paths: str = "") -> SlotOptions:
    workspace = folder / "workspace"
    workspace.mkdir(exist_ok=True)
    return SlotOptions(plugin, str(workspace), str(folder), upload_mode, os.getpid(), paths=paths)


@asynccontextmanager
async def slot(plugin: str, folder: Path, **more: Any) -> AsyncIterator[tuple[SlotProcess, Ears]]:
    """A slot that has loaded a plugin; `folder` is its root and holds its workspace."""
    process, ears = SlotProcess(0, options(plugin, folder, **more)), Ears()
    await process.start()
    process.listener = ears
    try:
        yield process, ears
    finally:
        await process.stop()


def task(plugin: str, *, attempt: int = 1, job: str | None = None, **fields: Any) -> Grant:
    spec = JobSpec(plugin=plugin, **fields)
    return Grant(claim_id="claim", job=job or str(uuid4()), attempt=attempt, lease_seconds=60, spec=spec)


def manifest(plugin: str, **fields: Any) -> PluginManifest:
    """What an attempt must know about a plugin: how it pauses and how long it may take to end."""
    return PluginManifest(name=plugin, title=plugin, job_type=plugin.upper(), **fields)


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def until(look: Callable[[], Any]) -> None:
    async def ask() -> bool:
        return bool(look())

    await eventually_async(ask)


async def number_in(path: Path) -> int:
    """The process id that a program's starter wrote to a file."""
    await until(lambda: path.exists() and path.read_text(encoding="ascii"))
    return int(path.read_text(encoding="ascii"))
