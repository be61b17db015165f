"""The container engine of the trial: Docker if it answers, otherwise a private podman. Knows no service."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.lint_containers import UnavailableError, compose_command

from taskmanager_testing.waiting import eventually

_SETTINGS = """\
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "{folder}/run/libpod"
[network]
network_backend = "netavark"
network_config_dir = "{folder}/net"
"""
_STORAGE = """\
[storage]
driver = "overlay"
graphroot = "{folder}/graph"
runroot = "{folder}/run/storage"
"""


_REMARK = re.compile(r'^time="[^"]*" level=warning msg=.*\n', re.MULTILINE)
"""What podman says of itself beside the words of the program that it starts."""


class NoEngineError(Exception):
    """The trial cannot run here; the message says what it needs."""


@dataclass(frozen=True)
class Engine:
    """How to call the engine and Docker Compose, whichever are available."""

    program: str
    compose: Sequence[str]
    environment: Mapping[str, str]
    service: "subprocess.Popen[bytes] | None" = None
    """The process that answers at the socket, if it is the trial's own; containers do not depend on it."""

    @property
    def socket(self) -> str:
        """The path of the socket."""
        return self.environment.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Nothing at the socket answers, while containers and the engine's program go on.

        The service is stopped where it stands; should it hold a lock just then, it is stopped a moment later.
        """
        assert self.service is not None
        try:
            for _ in range(10):
                self.service.send_signal(signal.SIGSTOP)
                if self._program_answers():
                    break
                self.service.send_signal(signal.SIGCONT)
            else:
                raise AssertionError(f"{self.program} cannot work while its service stands")
            yield
        finally:
            self.service.send_signal(signal.SIGCONT)

    def _program_answers(self) -> bool:
        try:
            subprocess.run(
                [self.program, "ps", "--all"],
                env={**os.environ, **self.environment},
                capture_output=True,
                check=True,
                timeout=10,
            )
        except subprocess.TimeoutExpired:
            return False
        return True

    def run(self, *arguments: str) -> str:
        """What the engine's program prints; raises CalledProcessError."""
        return self.call([self.program, *arguments]).stdout

    def call(
        self, command: Sequence[str], *, check: bool = True, **more: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run a program against this engine; a failure shows its output.

        What it prints to stderr is without podman's warnings.
        """
        done = subprocess.run(
            command,
            env={**os.environ, **self.environment, **more},
            capture_output=True,
            text=True,
            check=False,
        )
        done.stderr = _REMARK.sub("", done.stderr)
        if check and done.returncode != 0:
            raise AssertionError(
                f"{command} ended with {done.returncode}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
            )
        return done


@contextmanager
def engine_at(folder: Path) -> Iterator[Engine]:
    """An engine that answers; podman keeps images and networks in `folder` and ends with the block.

    Raises:
        NoEngineError: there is none; the message says what is needed.
    """
    try:
        compose = compose_command()
    except UnavailableError as reason:
        raise NoEngineError(f"no Docker Compose: {reason}") from reason
    if shutil.which("docker") and _answers(["docker", "info"], {}):
        yield Engine("docker", compose, {})
        return
    if not shutil.which("podman") or not shutil.which("runc") or os.geteuid() != 0:
        raise NoEngineError(
            "needs a Docker that answers, or root and podman with runc (deploy/bases/setup.sh)"
        )
    with tempfile.TemporaryDirectory() as short:
        environment = _private(folder, Path(short))
        service = subprocess.Popen(
            ["podman", "system", "service", "--time=0", environment["DOCKER_HOST"]],  # noqa: S607
            env={**os.environ, **environment},
        )
        over = threading.Event()
        engine = Engine("podman", compose, environment, service)
        health = threading.Thread(target=_look_after_health, args=(engine, over))
        try:
            eventually(Path(engine.socket).exists, what="podman answers")
            Path(engine.socket).chmod(0o660)  # an orchestrator in a container belongs to the group
            health.start()
            yield engine
        finally:
            over.set()
            health.join()
            service.terminate()
            service.wait()


def _private(folder: Path, short: Path) -> dict[str, str]:
    (folder / "net").mkdir(parents=True, exist_ok=True)
    for name, text in (("containers.conf", _SETTINGS), ("storage.conf", _STORAGE)):
        (folder / name).write_text(text.format(folder=folder))
    return {
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        "DOCKER_HOST": f"unix://{short}/podman.sock",
        "DOCKER_BUILDKIT": "0",  # podman has the classic builder only
        "BUILDAH_FORMAT": "docker",  # the other format drops HEALTHCHECK
    }


def _look_after_health(engine: Engine, over: threading.Event) -> None:
    """podman leaves health checks to systemd timers, which a machine without systemd lacks."""
    while not over.wait(1):
        for container in engine.run("ps", "--quiet").split():
            engine.call(["podman", "healthcheck", "run", container], check=False)


def _answers(command: Sequence[str], environment: Mapping[str, str]) -> bool:
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, check=False)
    return done.returncode == 0
