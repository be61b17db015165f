"""Whether the services of a stack are ready, checked over HTTP as monitoring does; and waiting for it."""

import socket
import time
from collections.abc import Sequence
from datetime import timedelta

import httpx

from taskmanager_local.commands import LOOPBACK, Command, LocalStackError
from taskmanager_local.state import StackFolder
from taskmanager_testing.plain_http import PLAIN

REQUEST_LIMIT = timedelta(seconds=2)
READY_LIMIT = timedelta(seconds=60)
POLL = timedelta(seconds=0.1)
LOG_LINES = 15


def unready_reason(command: Command) -> str | None:
    """What the process says is missing, or None if it is ready; without HTTP, an open port is enough."""
    if command.ready_path is None:
        return None if _port_is_open(command) else f"port {command.port} is not open"
    address = f"http://{LOOPBACK}:{command.port}{command.ready_path}"
    try:
        answer = httpx.get(address, timeout=REQUEST_LIMIT.total_seconds(), trust_env=False, verify=PLAIN)
    except httpx.HTTPError as error:
        return f"no answer from {address} ({error})"
    return None if answer.status_code == httpx.codes.OK else answer.text.strip()


def _port_is_open(command: Command) -> bool:
    try:
        with socket.create_connection((LOOPBACK, command.port or 0), REQUEST_LIMIT.total_seconds()):
            return True
    except OSError:
        return False


def wait_until_ready(
    folder: StackFolder, commands: Sequence[Command], limit: timedelta = READY_LIMIT
) -> None:
    """Poll until every service is ready.

    Raises:
        LocalStackError: some were not within the limit; the message names them, with reasons and log ends.
    """
    deadline = time.monotonic() + limit.total_seconds()
    waiting = list(commands)
    while True:
        reasons = [
            (command, reason) for command in waiting if (reason := unready_reason(command)) is not None
        ]
        if not reasons:
            return
        if time.monotonic() > deadline:
            raise LocalStackError(_report(folder, reasons, limit))
        waiting = [command for command, _ in reasons]
        time.sleep(POLL.total_seconds())


def log_tail(folder: StackFolder, name: str, lines: int = LOG_LINES) -> str:
    """The last lines of a process's log; empty if it wrote none."""
    log = folder.log(name)
    if not log.exists():
        return ""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def _report(folder: StackFolder, reasons: list[tuple[Command, str]], limit: timedelta) -> str:
    parts = [f"not ready within {limit.total_seconds():.0f} s:"]
    for command, reason in reasons:
        parts += [f"\n{command.name}: {reason}", f"the end of {folder.log(command.name)}:"]
        parts.append(log_tail(folder, command.name) or "(empty)")
    return "\n".join(parts)
