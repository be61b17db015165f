"""Runs the processes of the stack under supervisord, and finds them again when it is gone.

supervisord was chosen because it is small, old and well maintained, needs no root, keeps children in process
groups and is controlled over a socket. Restarting with bounded waits is left to `launch`, because
supervisord's own waits grow without bound and it finally gives up. Knows nothing of what the processes are.
"""

import http.client
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from shlex import quote
from typing import Any
from xmlrpc.client import Fault, ServerProxy

import psutil
from supervisor.xmlrpc import Faults, SupervisorTransport

from taskmanager.files.private_files import private_file
from taskmanager_local.commands import Command, LocalStackError
from taskmanager_local.launch import Record, read_record
from taskmanager_local.rabbitmq import inherited_environment
from taskmanager_local.state import StackFolder

SERVERS = "servers"
SERVICES = "services"
WAIT = True
NO_WAIT = False
STOP_LIMIT = timedelta(seconds=30)
POLL = timedelta(seconds=0.05)
CREATE_TIME_SLACK_SECONDS = 0.1
"""psutil derives start times from the boot time, which two processes may round differently."""

HEADER = """\
[supervisord]
logfile = {logs}/supervisord.log
pidfile = {run}/supervisord.pid
directory = {folder}
identifier = taskmanager-local
silent = true

[unix_http_server]
file = {socket}
chmod = 0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""

# startsecs 0 and autorestart true: supervisord restarts at once and for ever, `launch` does the waiting
PROGRAM = """
[program:{name}]
command = {command}
autostart = false
autorestart = true
startsecs = 0
stopwaitsecs = {stop_seconds}
stopasgroup = false
killasgroup = true
redirect_stderr = true
stdout_logfile = {log}
stdout_logfile_maxbytes = 20MB
stdout_logfile_backups = 3
"""

GROUP = """
[group:{name}]
programs = {programs}
"""


class Supervisor:
    """The supervisord of one stack folder."""

    def __init__(self, folder: StackFolder) -> None:
        self._folder = folder

    def configure(self, servers: Sequence[Command], services: Sequence[Command]) -> None:
        """Write what there is to start; only while supervisord is not running."""
        folder = self._folder
        parts = [
            HEADER.format(
                logs=_escaped(folder.logs),
                run=_escaped(folder.run),
                folder=_escaped(folder.path),
                socket=_escaped(folder.socket),
            )
        ]
        for group, commands in ((SERVERS, servers), (SERVICES, services)):
            parts += [self._program(command) for command in commands]
            if commands:
                parts.append(GROUP.format(name=group, programs=",".join(c.name for c in commands)))
        private_file(self._configuration, "".join(parts))

    def start(self) -> None:
        """Start supervisord in the background, without any processes of the stack yet.

        Raises:
            LocalStackError: it did not start.
        """
        started = subprocess.run(
            [sys.executable, "-m", "supervisor.supervisord", "--configuration", str(self._configuration)],
            env=inherited_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        deadline = time.monotonic() + STOP_LIMIT.total_seconds()
        while not self.is_running():
            if started.returncode != 0 or time.monotonic() > deadline:
                raise LocalStackError(f"supervisord did not start: {started.stdout}{started.stderr}")
            time.sleep(POLL.total_seconds())

    def is_running(self) -> bool:
        """Whether supervisord answers on its socket."""
        try:
            return bool(self._call("getState")["statename"] == "RUNNING")
        except (OSError, http.client.HTTPException):
            return False

    def start_processes(self, names: Iterable[str]) -> None:
        """Start those that are not running; does not wait until they are ready."""
        names_and_groups = {info["name"]: f"{info['group']}:{info['name']}" for info in self.states()}
        for name in names:
            try:
                self._call("startProcess", names_and_groups[name], NO_WAIT)
            except Fault as fault:
                if fault.faultCode != Faults.ALREADY_STARTED:
                    raise

    def states(self) -> list[dict[str, Any]]:
        """What supervisord reports for every process: name, group, statename, pid."""
        infos: list[dict[str, Any]] = self._call("getAllProcessInfo")
        return infos

    def stop_group(self, group: str) -> None:
        """SIGTERM to each process of the group, later SIGKILL to its own group; returns when all are gone."""
        try:
            self._call("stopProcessGroup", group, WAIT)
        except Fault as fault:
            if fault.faultCode != Faults.BAD_NAME:  # an empty group does not exist
                raise

    def shutdown(self) -> None:
        """End supervisord itself and everything still running under it; returns when it is gone."""
        supervisor = psutil.Process(int((self._folder.run / "supervisord.pid").read_text(encoding="utf-8")))
        self._call("shutdown")
        _wait_until_over([supervisor])

    @property
    def _configuration(self) -> Path:
        return self._folder.run / "supervisord.conf"

    def _program(self, command: Command) -> str:
        folder = self._folder
        specification = {"arguments": list(command.arguments), "environment": dict(command.environment)}
        private_file(folder.specification(command.name), json.dumps(specification, indent=1))
        launch = [sys.executable, "-m", "taskmanager_local.launch", "--parent", "0"]
        launch += ["--record", str(folder.record(command.name))]
        launch += ["--specification", str(folder.specification(command.name))]
        return PROGRAM.format(
            name=command.name,
            command=_escaped(" ".join(quote(argument) for argument in launch)),
            stop_seconds=int(STOP_LIMIT.total_seconds()),
            log=_escaped(folder.log(command.name)),
        )

    def _call(self, method: str, *arguments: object) -> Any:
        transport = SupervisorTransport(serverurl=f"unix://{self._folder.socket}")
        with ServerProxy("http://localhost", transport=transport) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)


def _escaped(value: object) -> str:
    return str(value).replace("%", "%%")


def find_process(record: Record | None) -> psutil.Process | None:
    """The process of that record if it is still running; the start time distinguishes a reused process id."""
    return same_process(record.pid, record.create_time) if record else None


def same_process(pid: int, created: float) -> psutil.Process | None:
    """The process with this number if it began at this moment (seconds since the epoch) and still runs."""
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - created) < CREATE_TIME_SLACK_SECONDS
        return process if same and not _is_over(process) else None
    except psutil.NoSuchProcess:
        return None


def end_left_over(folder: StackFolder, names: Iterable[str]) -> list[str]:
    """End what a vanished supervisor left behind; returns the names of those that were still running."""
    found = {name: process for name in names if (process := find_process(read_record(folder.record(name))))}
    return end_processes(found)


def end_processes(found: Mapping[str, psutil.Process]) -> list[str]:
    """End these processes and all their descendants; returns their names.

    Each gets SIGTERM and time to end in order, then SIGKILL, which its descendants get too.
    """
    families = [member for process in found.values() for member in _family(process)]
    for process in found.values():
        _send(process, signal.SIGTERM)
    _wait_until_over(found.values())
    for member in families:
        _send(member, signal.SIGKILL)
    _wait_until_over(families)
    return list(found)


def _family(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _send(process: psutil.Process, number: signal.Signals) -> None:
    """Send the signal if it is still the same process, which psutil checks."""
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def _wait_until_over(processes: Iterable[psutil.Process]) -> None:
    deadline = time.monotonic() + STOP_LIMIT.total_seconds()
    for process in processes:
        while not _is_over(process) and time.monotonic() < deadline:
            time.sleep(POLL.total_seconds())


def _is_over(process: psutil.Process) -> bool:
    """Whether it is gone, or dead but not yet reaped by its new parent (a zombie)."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
