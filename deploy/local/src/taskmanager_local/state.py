"""What the local stack keeps on disk: where its files are, its ports, and what it last started."""

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from taskmanager.files.private_files import private_file
from taskmanager_local.commands import Command, LocalStackError, free_port, port_is_free, private_folder

LONGEST_SOCKET_PATH = 100
"""Bytes; the kernel's limit for the path of a socket is 108."""


@dataclass(frozen=True)
class StackFolder:
    """The folder of a stack and the paths in it."""

    path: Path

    @property
    def run(self) -> Path:
        """Files that matter only while it runs: specifications, records, the control socket."""
        return self.path / "run"

    @property
    def logs(self) -> Path:
        """One log per process."""
        return self.path / "log"

    @property
    def socket(self) -> Path:
        """The supervisor's control socket; in another folder if this folder's path is too long for one."""
        usual = self.run / "supervisor.sock"
        if len(os.fsencode(usual)) <= LONGEST_SOCKET_PATH:
            return usual
        name = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]
        return (
            private_folder(Path(tempfile.gettempdir()) / f"taskmanager-{os.getuid()}-{name}")
            / "supervisor.sock"
        )

    @property
    def replicas(self) -> Path:
        """Records and logs of the runners that the orchestrator starts."""
        return self.path / "replicas"

    def log(self, name: str) -> Path:
        """The log of one process."""
        return self.logs / f"{name}.log"

    def record(self, name: str) -> Path:
        """The identity of the process and how often it was started; written by `launch`."""
        return self.run / f"{name}.record.json"

    def specification(self, name: str) -> Path:
        """What to start under that name; read by `launch`."""
        return self.run / f"{name}.json"

    def make(self) -> None:
        """Make the folders, accessible only to their owner."""
        for folder in (self.path, self.run, self.logs):
            private_folder(folder)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Allow only one `up` or `down` at a time.

        Raises:
            LocalStackError: another one is running.
        """
        self.make()
        with (self.run / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise LocalStackError(f"another up or down is at work in {self.path}") from error
            yield


@dataclass(frozen=True)
class Plan:
    """What is to run: written by `up`, read by `status`, `logs` and `down`.

    Attributes:
        servers: the private broker and database; empty if those of the caller are used.
        services: gateways, schedulers and runners.
        amqp_url, mongodb_url: the administrator's URLs, for people.
        roots: folders that jobs may use.
        migrate: the variables with which the migration reaches both.
        log_in: whether somebody has to log in, and so needs a first password.
    """

    servers: list[Command]
    services: list[Command]
    amqp_url: str
    mongodb_url: str
    roots: list[str]
    migrate: Mapping[str, str]
    log_in: bool = True

    @property
    def commands(self) -> list[Command]:
        """Every process in starting order."""
        return [*self.servers, *self.services]

    @property
    def gateways(self) -> list[str]:
        """The URLs of the API."""
        return [f"http://127.0.0.1:{c.port}" for c in self.services if c.name.startswith("gateway")]


def save_plan(folder: StackFolder, plan: Plan) -> None:
    """Save the plan for the other commands; it contains passwords."""
    private_file(folder.run / "plan.json", json.dumps(asdict(plan), indent=1))


def load_plan(folder: StackFolder) -> Plan | None:
    """The plan of the last `up`, or None if there was none."""
    try:
        kept = json.loads((folder.run / "plan.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    kept["servers"] = [Command(**command) for command in kept["servers"]]
    kept["services"] = [Command(**command) for command in kept["services"]]
    return Plan(**kept)


class Ports:
    """The port of each process: the requested one, else the one used last time, else any free one."""

    def __init__(self, folder: StackFolder) -> None:
        self._file = folder.path / "ports.json"
        kept = json.loads(self._file.read_text(encoding="utf-8")) if self._file.exists() else {}
        self._ports: dict[str, int] = kept

    def take(self, name: str, preferred: int | None = None) -> int:
        """The port for this name, remembered from now on.

        Raises:
            LocalStackError: the requested port is in use. (A remembered one that is in use is replaced.)
        """
        if preferred is not None and not port_is_free(preferred):
            raise LocalStackError(f"port {preferred} for {name} is in use by another program")
        port = preferred or self._ports.get(name)
        if port is None or not port_is_free(port):
            port = free_port()
            while port in self._ports.values():
                port = free_port()
        self._ports[name] = port
        private_file(self._file, json.dumps(self._ports, indent=1))
        return port
