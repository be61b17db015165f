"""What is needed to start one process: its name, arguments and environment. Starts nothing itself."""

import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LOOPBACK = "127.0.0.1"
LOCALHOST = "localhost"
FIRST_PORT = 10_000
LAST_PORT = 65_535
PORT_TRIES = 100
PORTS = "TASKMANAGER_LOCAL_PORTS"
"""Environment variable `FIRST-LAST`: the ports to choose from.

A chosen port is taken only once its process listens, so stacks that start at the same time need ranges of
their own.
"""
EPHEMERAL_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
"""See ip(7)."""


class LocalStackError(Exception):
    """Something on this machine prevents the local stack from running; the message says what to do."""


@dataclass(frozen=True)
class Command:
    """One process to start.

    Attributes:
        name: unique in the stack; also the name of its log file.
        arguments: the program and its arguments, no shell.
        environment: variables in addition to those of the caller.
        port: the TCP port it listens on, if any.
        ready_path: the path on that port which answers 200 once the process is ready, if it speaks HTTP.
    """

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None
    ready_path: str | None = None


def free_port() -> int:
    """A loopback port that is not in use at the moment.

    Chosen from below those the system gives to outgoing connections: such a connection could take the port of
    a process that is being restarted, which could then never listen on it.
    """
    ports = port_range()
    drawn = (secrets.choice(ports) for _ in range(PORT_TRIES))
    found = next(filter(port_is_free, drawn), None)
    if found is None:
        message = f"None of {PORT_TRIES} loopback ports is free. End other programs that listen on them."
        raise LocalStackError(message)
    return found


def port_range() -> range:
    """The ports to choose from. Raises LocalStackError if `PORTS` names no range."""
    wanted = os.environ.get(PORTS)
    if not wanted:
        return range(FIRST_PORT, _first_ephemeral_port())
    first, _, last = wanted.partition("-")
    if not (first.isdecimal() and last.isdecimal() and 0 < int(first) <= int(last) <= LAST_PORT):
        raise LocalStackError(f"{PORTS}={wanted} is not a range of ports. Write it like 10000-19999.")
    return range(int(first), int(last) + 1)


def _first_ephemeral_port() -> int:
    """The lowest port of outgoing connections; Linux's default where the system does not say."""
    try:
        first, _ = EPHEMERAL_PORTS.read_text(encoding="ascii").split()
    except FileNotFoundError:
        return 32768
    return max(int(first), FIRST_PORT + PORT_TRIES)


def port_is_free(port: int) -> bool:
    """Whether the loopback port can be listened on right now (lingering closed connections do not count)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def private_folder(path: Path) -> Path:
    """Make the folder, readable by its owner only, because it holds passwords and data."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    return path
