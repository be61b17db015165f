"""Starts real runner processes against a real broker; the test plays the scheduler."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.conftest import USERS
from tests.integration.runner.fake_scheduler import FakeScheduler

from taskmanager.messages.topology import Topology
from taskmanager_local.commands import free_port
from taskmanager_local.servers import RunningServer

PLUGINS = Path(__file__).parents[2] / "plugins"

StartRunner = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def roots(tmp_path: Path) -> Path:
    """The folder that jobs may use."""
    folder = tmp_path / "goobi"
    folder.mkdir()
    return folder


@pytest.fixture
def start_runner(
    rabbitmq: RunningServer, topology: Topology, tmp_path: Path, roots: Path
) -> Iterator[StartRunner]:
    """`start_runner("noop", "--slots", "2", DRAIN_SECONDS="1")` starts a runner with the id `r1`."""
    started: list[subprocess.Popen[bytes]] = []

    def start(plugin: str, *arguments: str, identity: str = "r1", **settings: str) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "PYTHONPATH": str(PLUGINS),
            "AMQP_URL": rabbitmq.url_of(USERS.runner(plugin)),
            "TASKMANAGER_TOPOLOGY_PREFIX": topology.prefix,
            "TASKMANAGER_ROOTS": str(roots),
            "TASKMANAGER_WORKSPACE": str(tmp_path / "workspace"),
            "TASKMANAGER_HTTP_PORT": str(free_port()),
            **{f"TASKMANAGER_{name}": value for name, value in settings.items()},
        }
        words = ["-m", "taskmanager_plugin_runner", "--plugin", plugin, "--id", identity, *arguments]
        process = subprocess.Popen([sys.executable, *words], env=environment)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.fixture
def fake_scheduler(rabbitmq: RunningServer, topology: Topology) -> FakeScheduler:
    """A fake scheduler that answers the runners."""
    return FakeScheduler(rabbitmq.url, topology)
