"""Processes of this machine: for development, and for hosts without a container engine.

A process is known by its number and the moment it started, kept in a file for each, so that the next
orchestrator finds it again; only such processes are ever signalled.
"""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from taskmanager.files.private_files import private_file
from taskmanager.model.replicas import ReplicaState
from taskmanager_orchestrator.port import EngineUnavailableError, Found, StartRefusedError
from taskmanager_orchestrator.templates import LocalTemplate

FILE = ".process.json"
OWN = frozenset({"AMQP_URL", "AMQP_URL_FILE", "TASKMANAGER_HTTP_PORT", "TASKMANAGER_ORCHESTRATOR"})
"""The orchestrator's own settings, which are none of its runners' business."""


@dataclass(frozen=True, slots=True)
class _Record:
    """A process that was started."""

    plugin: str
    name: str
    pid: int
    started: float


class LocalEngine:
    """Implements `taskmanager_orchestrator.port.Engine` with child processes that outlive their parent."""

    name = "local"
    last_only = False

    def __init__(self, folder: Path, templates: Mapping[str, LocalTemplate]) -> None:
        """`folder` has the files about processes and their logs; it is made if it is missing."""
        self._folder, self._templates = folder, templates
        self._codes: dict[int, int] = {}
        """How our own children ended: exit code, or minus the signal's number."""

    async def look(self) -> Sequence[Found]:
        """See the port."""
        try:
            self._make_folder()
            records = [_read(path) for path in sorted(self._folder.glob(f"*{FILE}"))]
        except (OSError, ValueError, TypeError) as error:
            raise EngineUnavailableError(f"{self._folder}: {error}") from error
        return [self._found(record) for record in records]

    async def start(self, plugin: str, name: str) -> None:
        """See the port."""
        template = self._templates.get(plugin)
        if template is None:
            raise StartRefusedError(f"there is no template for {plugin}")
        await asyncio.to_thread(self._start, plugin, name, template)

    def _start(self, plugin: str, name: str, template: LocalTemplate) -> None:
        command = [part.replace("{name}", name) for part in template.command]
        inherited = {key: value for key, value in os.environ.items() if key not in OWN}
        environment = {**inherited, **template.environment}
        try:
            self._make_folder()
            log = str(self._folder / f"{name}.log")
            files = [
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ]
            # in a session of its own: it goes on when the orchestrator ends
            pid = os.posix_spawnp(command[0], command, environment, file_actions=files, setsid=True)
        except OSError as error:
            raise StartRefusedError(f"{command[0]}: {error.strerror}") from error
        self._codes.pop(pid, None)
        record = _Record(plugin, name, pid, psutil.Process(pid).create_time())
        private_file(self._folder / f"{name}{FILE}", json.dumps(asdict(record)))

    async def stop(self, plugin: str, names: Sequence[str]) -> None:
        """See the port."""
        for name in names:
            self._signal(plugin, name, signal.SIGTERM)

    async def kill(self, plugin: str, name: str) -> None:
        """See the port."""
        self._signal(plugin, name, signal.SIGKILL)

    async def remove(self, plugin: str, name: str) -> None:
        """See the port; the log is kept."""
        path = self._folder / f"{name}{FILE}"
        record = _read(path) if path.exists() else None
        if record is not None and record.plugin == plugin and _process(record) is None:
            path.unlink()
            self._codes.pop(record.pid, None)

    async def close(self) -> None:
        """See the port."""

    def _make_folder(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _found(self, record: _Record) -> Found:
        self._reap(record.pid)
        if record.pid not in self._codes and _process(record) is not None:
            return Found(record.plugin, record.name, record.name, ReplicaState.RUNNING)
        code = self._codes.get(record.pid)
        detail = "ended while nobody watched" if code is None else _ending(code)
        return Found(record.plugin, record.name, record.name, ReplicaState.FAILING, detail)

    def _reap(self, pid: int) -> None:
        """Note how a child ended; one of an earlier orchestrator is nobody's child any more."""
        with contextlib.suppress(ChildProcessError):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self._codes[pid] = os.waitstatus_to_exitcode(status)

    def _signal(self, plugin: str, name: str, number: signal.Signals) -> None:
        path = self._folder / f"{name}{FILE}"
        record = _read(path) if path.exists() else None
        process = _process(record) if record is not None and record.plugin == plugin else None
        if process is not None:
            process.send_signal(number)


def _read(path: Path) -> _Record:
    return _Record(**json.loads(path.read_text(encoding="utf-8")))


def _process(record: _Record) -> psutil.Process | None:
    """The very process that was started; None if it has ended, whoever has its number now."""
    try:
        process = psutil.Process(record.pid)
        same = process.create_time() == record.started and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return None
    return process if same else None


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"ended by {signal.Signals(-code).name}"
