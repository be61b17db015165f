"""A private broker or database for the length of a `with` block, as tests need them.

They never outlive the process that started them. Start them from a thread that lives as long as they are
needed (usually the main thread): the kernel ends them with the thread that started them.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from taskmanager.accounts.broker_users import BrokerUser
from taskmanager_local.certificates import Certificates
from taskmanager_local.commands import Command, free_port
from taskmanager_local.mongod import Mongod
from taskmanager_local.rabbitmq import RabbitmqNode, inherited_environment

STOP_LIMIT = timedelta(seconds=20)
TEST_CACHE_GIGABYTES = 0.25


class Server(Protocol):
    """What `RabbitmqNode` and `Mongod` have in common."""

    @property
    def folder(self) -> Path:
        """Where it writes all its files."""

    @property
    def port(self) -> int:
        """The port it listens on."""

    @property
    def url(self) -> str:
        """The administrator's URL."""

    @property
    def url_of(self) -> Callable[..., str]:
        """The URL of a service's account."""

    def prepare(self) -> None:
        """Write the files it needs."""

    def commands(self) -> Sequence[Command]:
        """Its processes in starting order; the last one is the server itself."""

    def wait_until_ready(self) -> None:
        """Wait until it serves."""


class RunningServer:
    """A server that can be stopped, killed and restarted in the same folder and on the same port."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def url(self) -> str:
        """The administrator's URL."""
        return self._server.url

    def url_of(self, user: str, *database: str) -> str:
        """The URL of a service's account; MongoDB's accounts belong to a database."""
        return self._server.url_of(user, *database)

    def ensure_accounts(self, database: str) -> None:
        """Create the accounts of the services for a database; for MongoDB only."""
        if isinstance(self._server, Mongod):
            self._server.ensure_accounts(database)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._server.port

    @property
    def pid(self) -> int:
        """The process id of the server itself."""
        return self._process.pid

    @property
    def log(self) -> Path:
        """The log of the server's output."""
        return self._server.folder / f"{self._server.commands()[-1].name}.log"

    def start(self) -> None:
        """Start the processes that are not running and wait until the server serves."""
        self._server.prepare()
        for command in self._server.commands():
            running = self._processes.get(command.name)
            if running is None or running.poll() is not None:
                self._processes[command.name] = _start(command, self._server.folder)
        self._server.wait_until_ready()

    def kill(self) -> None:
        """Send SIGKILL, like a crash; returns when the process is gone."""
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        """Start it after `kill`, or stop and start it; returns when it serves."""
        _end(self._process)
        self.start()

    def stop(self) -> None:
        """End all its processes, the server itself first; repeatable."""
        for process in reversed(self._processes.values()):
            _end(process)

    @property
    def _process(self) -> subprocess.Popen[bytes]:
        return self._processes[self._server.commands()[-1].name]


@contextmanager
def private_rabbitmq(
    folder: Path,
    users: Sequence[BrokerUser] = (),
    tls: Certificates | None = None,
    *,
    management_port: int | None = None,
) -> Iterator[RunningServer]:
    """A private RabbitMQ node with these users; it writes all its files into the folder.

    With `management_port` it serves the management API there.

    Raises:
        LocalStackError: RabbitMQ is not installed, or the node did not start.
    """
    node = RabbitmqNode(
        folder,
        port=free_port(),
        distribution_port=free_port(),
        epmd_port=free_port(),
        users=tuple(users),
        tls=tls,
        management_port=management_port,
    )
    with _running(node) as server:
        yield server


@contextmanager
def private_mongod(
    folder: Path, *, cache_gigabytes: float = TEST_CACHE_GIGABYTES, tls: Certificates | None = None
) -> Iterator[RunningServer]:
    """A private mongod, a replica set of one node; it writes all its files into the folder.

    Raises:
        LocalStackError: there is no mongod, or it did not start.
    """
    with _running(Mongod(folder, free_port(), cache_gigabytes, tls)) as server:
        yield server


@contextmanager
def _running(server: Server) -> Iterator[RunningServer]:
    running = RunningServer(server)
    try:
        running.start()
        yield running
    finally:
        running.stop()


def _start(command: Command, folder: Path) -> subprocess.Popen[bytes]:
    launch = [
        sys.executable,
        "-m",
        "taskmanager_local.launch",
        "--parent",
        str(os.getpid()),
        "--signal",
        "SIGKILL",
    ]
    with (folder / f"{command.name}.log").open("ab") as log:
        return subprocess.Popen(
            [*launch, "--", *command.arguments],
            env={**inherited_environment(), **command.environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C at the terminal is for the caller, which stops them in order
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_LIMIT.total_seconds())
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
