"""Starts real gateways against a real broker and a real database."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
import pytest
from tests.conftest import ServiceUrls

from taskmanager.messages.topology import Topology
from taskmanager.model.manifest import Need, PluginManifest
from taskmanager.model.registry import InstalledPlugin
from taskmanager.mongo import MongoStore
from taskmanager.ports.store import Needs, Plan
from taskmanager_local.commands import free_port
from taskmanager_local.servers import RunningServer
from taskmanager_testing.plain_http import PLAIN
from taskmanager_testing.waiting import LONG_SECONDS, eventually

NOOP = InstalledPlugin(
    manifest=PluginManifest(
        name="noop", title="No-op", job_type="NOOP", source=Need.OPTIONAL, destination=Need.OPTIONAL
    ),
    installed_at=datetime(2026, 11, 23, tzinfo=UTC),
    rev=1,
)


@dataclass
class RunningGateway:
    """A gateway process and a client of it."""

    process: subprocess.Popen[bytes]
    client: httpx.Client

    def submit(self, **fields: object) -> httpx.Response:
        return self.client.post("/api/v1/jobs", json={"plugin": "noop", **fields})

    def ready(self) -> bool:
        try:
            return self.client.get("/health/ready").status_code == 200
        except httpx.TransportError:
            return False


StartGateway = Callable[..., RunningGateway]
"""`ready`: wait until it is ready; other keyword arguments are added to its environment."""


@pytest.fixture
def roots(tmp_path: Path) -> Path:
    """The folder that jobs may use."""
    folder = tmp_path / "goobi"
    folder.mkdir()
    return folder


def store(url: str, plan: Plan) -> None:
    """A store to write to as the scheduler would."""

    async def write() -> None:
        made = MongoStore(url)
        await made.apply(Needs(), lambda _: plan)
        await made.close()

    asyncio.run(write())


@pytest.fixture
def start_gateway(
    service_urls: ServiceUrls, topology: Topology, mongodb_url: str, roots: Path
) -> Iterator[StartGateway]:
    """Starts a gateway that knows the plugin `noop`, and waits until it is ready."""
    store(mongodb_url, Plan(plugins=(NOOP,)))
    started: list[RunningGateway] = []

    def start(*, ready: bool = True, **more: str) -> RunningGateway:
        port = free_port()
        environment = {
            "PATH": "",
            **service_urls.gateway,
            "TASKMANAGER_TOPOLOGY_PREFIX": topology.prefix,
            "TASKMANAGER_ROOTS": str(roots),
            "TASKMANAGER_HTTP_PORT": str(port),
            "TASKMANAGER_ACCESS": "off",
            **more,
        }
        process = subprocess.Popen([sys.executable, "-m", "taskmanager_gateway"], env=environment)
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10, verify=PLAIN)
        gateway = RunningGateway(process, client)
        started.append(gateway)
        if ready:
            eventually(gateway.ready, what="the gateway is ready")
        return gateway

    yield start
    for gateway in started:
        gateway.client.close()
        if gateway.process.poll() is None:
            gateway.process.send_signal(signal.SIGKILL)
        gateway.process.wait()


@pytest.fixture
def gateway(start_gateway: StartGateway) -> RunningGateway:
    """One running gateway."""
    return start_gateway()


@pytest.fixture
def start_scheduler(service_urls: ServiceUrls, topology: Topology) -> Iterator[Callable[[], None]]:
    """Starts a scheduler; it stops at the end of the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        environment = {
            "PATH": "",
            **service_urls.scheduler,
            "TASKMANAGER_TOPOLOGY_PREFIX": topology.prefix,
            "TASKMANAGER_HTTP_PORT": str(free_port()),
        }
        started.append(subprocess.Popen([sys.executable, "-m", "taskmanager_scheduler"], env=environment))

    yield start
    for process in started:
        process.send_signal(signal.SIGTERM)
        process.wait(LONG_SECONDS)


def settle(rabbitmq: RunningServer, topology: Topology) -> None:
    """Wait until the broker has the new inbox on disk.

    RabbitMQ 3.10.8 writes the registration of a quorum queue about a second after its declaration; if it is
    killed before that, it comes back with a queue that never gets a leader again.
    """
    name = topology.inbox.name.encode()
    registrations = next((rabbitmq.log.parent / "data").glob("*/quorum/*/names.dets"))
    eventually(lambda: name in registrations.read_bytes(), what="the inbox is on disk")


@pytest.fixture
def frozen() -> Iterator[Callable[[RunningServer], None]]:
    """Freezes a server, as on a hanging machine; it resumes after the test."""
    stopped: list[psutil.Process] = []

    def freeze(server: RunningServer) -> None:
        main = psutil.Process(server.pid)
        for process in [main, *main.children(recursive=True)]:
            process.suspend()
            stopped.append(process)

    yield freeze
    for process in stopped:
        process.resume()
