"""Our system as real processes on the private servers: a gateway, a scheduler and the requested runners."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
from tests.bench.stage.servers import Documents, Servers, fresh_name

from taskmanager.model.states import Tab
from taskmanager.mongo.counters import statistics_id
from taskmanager_local.commands import LOOPBACK, free_port, private_folder
from taskmanager_local.services import program, service_environment
from taskmanager_testing.waiting import eventually

TESTS = Path(__file__).parents[2]
PLUGIN_FOLDERS = (TESTS / "plugins", TESTS / "bench" / "plugins")
STOP_SECONDS = 30
LOG_END = 4_000
"""Characters of a log that an error shows."""


@dataclass
class Service:
    """One of our processes and what is needed to restart it."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    port: int
    log: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process id; raises RuntimeError unless it was started."""
        if self.process is None:
            raise RuntimeError(f"{self.name} was never started")
        return self.process.pid

    def start(self) -> None:
        """Start it; it dies with this process."""
        launch = [sys.executable, "-m", "taskmanager_local.launch", "--parent", str(os.getpid())]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*launch, "--signal", "SIGKILL", "--", *self.arguments],
                env={**os.environ, **self.environment, "TASKMANAGER_HTTP_PORT": str(self.port)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def ready(self) -> bool:
        """Whether it reports that it is ready; raises RuntimeError if it ended."""
        if self.process is None or self.process.poll() is not None:
            raise RuntimeError(f"{self.name} ended:\n{self.log.read_text()[-LOG_END:]}")
        try:
            answer = httpx.get(f"http://{LOOPBACK}:{self.port}/health/ready", trust_env=False)
        except httpx.TransportError:
            return False
        return answer.status_code == httpx.codes.OK

    def kill(self) -> None:
        """SIGKILL; returns when it is gone."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """SIGTERM, then SIGKILL if necessary."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()


@dataclass
class System:
    """The services, a client of the gateway and the database they use."""

    folder: Path
    roots: Path
    database: Documents
    environment: Mapping[str, str]
    services: dict[str, Service] = field(default_factory=dict)
    started_at: float = field(default_factory=time.monotonic)
    """By the monotonic clock."""

    @property
    def port(self) -> int:
        """The port of the gateway."""
        return self.services["gateway"].port

    @property
    def client(self) -> httpx.Client:
        """A client of the gateway, for requests whose own cost does not matter.

        Without certificates, which plain HTTP does not need: to load them takes 14 ms of processor time.
        """
        address = f"http://{LOOPBACK}:{self.port}"
        return httpx.Client(base_url=address, timeout=30, trust_env=False, verify=False)  # noqa: S501 - plain HTTP

    def start(self, name: str, *arguments: str, **settings: str) -> Service:
        """Start a service by its command; does not wait until it is ready."""
        service = Service(
            name,
            [program(arguments[0]), *arguments[1:]],
            {**self.environment, **settings},
            free_port(),
            self.folder / f"{name}.log",
        )
        self.services[name] = service
        service.start()
        return service

    def start_runner(self, plugin: str, slots: int, number: int = 1, **settings: str) -> Service:
        """Start a runner of that plugin; `number` tells several of them apart."""
        name = plugin if number == 1 else f"{plugin}-{number}"
        workspace = private_folder(self.folder / "workspace" / name)
        command = ("taskmanager-plugin-runner", "--plugin", plugin, "--id", f"bench-{name}")
        sizes = ("--slots", str(slots), "--transfers", "2")
        settings = {"TASKMANAGER_WORKSPACE": str(workspace), **settings}
        return self.start(f"runner-{name}", *command, *sizes, **settings)

    def wait_until_ready(self) -> None:
        """Poll the health of all, and the gateway until it accepts jobs for every runner's plugin."""
        for name, service in self.services.items():
            eventually(service.ready, within_seconds=60, what=f"{name} is ready")
        for name in self.services:
            kind, *plugin = name.split("-")
            if kind == "runner":
                eventually(partial(self._knows, plugin[0]), what=f"jobs for {plugin[0]} are taken")

    def _knows(self, plugin: str) -> bool:
        """Whether jobs for a plugin are accepted."""
        with self.client as client:
            return client.get(f"/api/v1/plugins/{plugin}").status_code == httpx.codes.OK

    def done(self, plugin: str) -> int:
        """The number of DONE jobs in the statistics, read from the database at no cost to the services."""
        found = self.database.statistics.find_one({"_id": statistics_id(plugin, Tab.DONE)}, {"jobs": 1})
        return int(found["jobs"]) if found else 0

    def ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Send an operator's request."""
        with self.client as client:
            answer = client.request(method, f"/api/v1{path}", json=body).raise_for_status()
        document: dict[str, Any] = json.loads(answer.content)
        return document

    def stop(self) -> None:
        """Stop all, the runners first."""
        for service in reversed(self.services.values()):
            service.stop()


@contextmanager
def running_system(
    servers: Servers,
    folder: Path,
    *,
    slots: Mapping[str, int] | None = None,
    database: str | None = None,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[System]:
    """Gateway, scheduler and a runner for each plugin of `slots`, with their own queues and more settings.

    Without `database` they get a new one, which is dropped at the end.
    """
    name, prefix = database or fresh_name(), fresh_name()
    base = private_folder(folder / prefix)
    roots = private_folder(base / "goobi")
    environment = {
        **service_environment((roots,)),
        "AMQP_URL": servers.rabbitmq.url,
        "TASKMANAGER_BROKER_USERS": "shared",
        "MONGODB_URL": servers.database_url(name),
        "TASKMANAGER_TOPOLOGY_PREFIX": prefix,
        "TASKMANAGER_ACCESS": "off",
        "PYTHONPATH": os.pathsep.join(map(str, PLUGIN_FOLDERS)),
        **settings,
    }
    with servers.database(name) as documents:
        system = System(base, roots, documents, environment)
        try:
            migrate(system)
            system.start("gateway", "taskmanager-gateway")
            system.start("scheduler", "taskmanager-scheduler")
            for plugin, number in (slots or {}).items():
                system.start_runner(plugin, number)
            system.wait_until_ready()
            yield system
        finally:
            system.stop()
            if database is None:
                servers.drop(name)


def migrate(system: System) -> None:
    """Declare the queues and make the indexes, as an operator does before the first start."""
    with (system.folder / "migrate.log").open("ab") as log:
        subprocess.run(
            [program("taskmanager-migrate")],
            env={**os.environ, **system.environment},
            stdout=log,
            stderr=subprocess.STDOUT,
            check=True,
        )
