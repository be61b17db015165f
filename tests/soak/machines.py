"""All processes of a soak: private servers and real services, which can be killed, frozen and restarted.

Everything is started by one thread, the main one, since the kernel ends what a thread started with the
thread. Knows nothing of jobs.
"""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import psutil

from taskmanager.messages.topology import Topology
from taskmanager_local.access import ServiceAccess
from taskmanager_local.commands import LOOPBACK, Command, free_port
from taskmanager_local.mongod import Mongod
from taskmanager_local.rabbitmq import RabbitmqNode, server_script
from taskmanager_local.servers import TEST_CACHE_GIGABYTES, RunningServer
from taskmanager_local.services import Options, ServiceCommands, migrate_command, service_environment
from taskmanager_local.state import Ports, StackFolder
from taskmanager_testing.waiting import eventually

STOP_SECONDS = 30
READY_SECONDS = 120
TOPOLOGY = Topology()
PLUGINS = ("soak-checkpoint", "soak-signal", "soak-outside")
SETTINGS = {
    "TASKMANAGER_SWEEP_SECONDS": "1",
    "TASKMANAGER_MISSING_AFTER_SECONDS": "3",
    "TASKMANAGER_LOG_FORMAT": "json",
}


class Machine(Protocol):
    """A process that faults can hit."""

    @property
    def pid(self) -> int:
        """The process id of the process itself."""

    def kill(self) -> None:
        """SIGKILL; returns when it is gone."""

    def start(self) -> None:
        """Start it again."""


class Service:
    """One of our own processes."""

    def __init__(self, command: Command, log: Path, settings: Mapping[str, str]) -> None:
        """Starts nothing yet."""
        self.command, self._log, self._settings = command, log, settings
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process of the last start."""
        assert self._process is not None, f"{self.command.name} was never started"
        return self._process

    @property
    def pid(self) -> int:
        """The process id of the last start."""
        return self.process.pid

    def start(self) -> None:
        """Start it; it dies with this process."""
        launch = [sys.executable, "-m", "taskmanager_local.launch", "--parent", str(os.getpid())]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*launch, "--signal", "SIGKILL", "--", *self.command.arguments],
                env={**os.environ, **SETTINGS, **self._settings, **self.command.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """SIGTERM, then SIGKILL if necessary."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def ready(self) -> bool:
        """Whether it reports that it is ready."""
        try:
            with urllib.request.urlopen(self._url("/health/ready"), timeout=5) as answer:  # noqa: S310 - our own
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def metrics(self) -> str:
        """Its metrics page."""
        with urllib.request.urlopen(self._url("/metrics"), timeout=10) as answer:  # noqa: S310 - our own
            return str(answer.read().decode())

    def _url(self, path: str) -> str:
        return f"http://{LOOPBACK}:{self.command.port}{path}"


@dataclass(frozen=True)
class Urls:
    """How an administrator reaches the servers; `services` is what services are given for the broker."""

    broker: str
    services: str
    database: str


class Machines:
    """The servers and services by name."""

    def __init__(
        self, folder: StackFolder, servers: Mapping[str, Machine], urls: Urls, rabbitmqctl: Callable[..., str]
    ) -> None:
        """Starts nothing. `rabbitmqctl` runs RabbitMQ's own tool and returns its output."""
        self.folder, self.servers, self.urls = folder, servers, urls
        self._rabbitmqctl = rabbitmqctl
        self.services: dict[str, Service] = {}

    def named(self, name: str) -> Machine:
        """The server or service of that name."""
        return self.servers.get(name) or self.services[name]

    @property
    def gateways(self) -> list[str]:
        """Addresses of the API."""
        found = [one.command.port for name, one in self.services.items() if name.startswith("gateway")]
        return [f"http://{LOOPBACK}:{port}" for port in found]

    def start_with_one_slot(self, name: str) -> None:
        """Start a stopped runner with a single slot."""
        service = self.services[name]
        arguments = list(service.command.arguments)
        arguments[arguments.index("--slots") + 1] = "1"
        service.command = replace(service.command, arguments=arguments)
        service.start()

    def slots(self, runner: str) -> list[psutil.Process]:
        """The processes below a runner, jobs and their helpers."""
        try:
            return psutil.Process(self.services[runner].pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def left_in_queues(self) -> tuple[dict[str, int], int]:
        """Ticket queue -> unacknowledged tickets; and the number of dead letters."""
        listing = self._rabbitmqctl("list_queues", "--silent", "name", "messages", "messages_unacknowledged")
        rows = [line.split("\t") for line in listing.splitlines() if line]
        held = {name: int(count) for name, _, count in rows if ".jobs." in name}
        return held, sum(int(count) for name, count, _ in rows if name == TOPOLOGY.dead)


def rabbitmqctl(node: RabbitmqNode, *arguments: str) -> str:
    """What the tool of a private node prints."""
    program = server_script().with_name("rabbitmqctl")
    environment = {**os.environ, **node.environment()}
    return subprocess.run(
        [program, *arguments], env=environment, capture_output=True, text=True, check=True, timeout=60
    ).stdout


def wait_until_ready(machines: Machines) -> None:
    """Wait until every service reports that it is ready."""
    for name, service in machines.services.items():
        eventually(service.ready, within_seconds=READY_SECONDS, what=f"{name} ready")


@contextmanager
def running_machines(
    path: Path, roots: Path, *, runners: int, slots: int, settings: Mapping[str, str]
) -> Iterator[Machines]:
    """Everything started and ready; everything ended afterwards, whatever happens.

    `settings` reach every service.
    """
    folder = StackFolder(path)
    folder.make()
    with ExitStack() as stack:
        node = RabbitmqNode(path / "rabbitmq", free_port(), free_port(), free_port())
        broker, database = (
            RunningServer(node),
            RunningServer(Mongod(path / "mongod", free_port(), TEST_CACHE_GIGABYTES)),
        )
        for server in (broker, database):
            stack.callback(end, server)
            server.start()
        machines = Machines(
            folder,
            {"broker": broker, "mongod": database},
            Urls(node.url, node.url, database.url),
            partial(rabbitmqctl, node),
        )
        options = Options((roots,), slots, runners=runners, plugins=PLUGINS)
        start_services(stack, machines, options, settings)
        yield machines


def end(server: RunningServer) -> None:
    """Kill it: nothing it would still write is needed, and a broker takes seconds to stop cleanly."""
    server.kill()
    server.stop()


def start_services(
    stack: ExitStack, machines: Machines, options: Options, settings: Mapping[str, str]
) -> None:
    """Two of each service and the runners, once the servers are up; killed when the stack is left."""
    options = replace(options, gateways=2, schedulers=2, log_in=False, orchestrator=False)
    # one account for all
    access = ServiceAccess(machines.folder.path / "access", machines.urls.services, machines.urls.database)
    environment = service_environment(options.roots)
    _migrate(machines, access)
    commands = ServiceCommands(machines.folder, Ports(machines.folder), options, environment, access)
    for command in commands.all():
        service = Service(command, machines.folder.log(command.name), settings)
        machines.services[command.name] = service
        service.start()
        stack.callback(service.kill)
    wait_until_ready(machines)


def _migrate(machines: Machines, access: ServiceAccess) -> None:
    command = migrate_command(access.migrate)
    with machines.folder.log("migrate").open("ab") as log:
        environment = {**os.environ, **command.environment}
        subprocess.run(command.arguments, env=environment, check=True, stdout=log, stderr=log, timeout=60)


def freeze(pid: int) -> None:
    """Freeze it, like a machine out of memory or a suspended virtual machine."""
    os.kill(pid, signal.SIGSTOP)


def thaw(pid: int) -> None:
    """Let it continue."""
    os.kill(pid, signal.SIGCONT)


def signal_if_alive(pid: int, signal_it: Callable[[int], None]) -> None:
    """Freeze or resume a process that may have ended by itself."""
    try:
        signal_it(pid)
    except ProcessLookupError:
        return


def elapsed_seconds() -> float:
    """Seconds on a monotonic clock."""
    return time.monotonic()
