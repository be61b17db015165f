"""A system whose processes a test starts, cuts off, kills and starts again one by one.

Real commands on private servers, with their own names and database; each connection may lead through a fault
proxy. For faults that `taskmanager-local` would repair before a test could observe them.
"""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
from tests.conftest import USERS
from tests.e2e.conftest import TEST_PLUGINS
from tests.remains import require_none

from taskmanager.messages.topology import Topology
from taskmanager_local.commands import LOOPBACK, free_port
from taskmanager_local.servers import RunningServer
from taskmanager_local.services import program
from taskmanager_testing.plain_http import PLAIN
from taskmanager_testing.proxy import RunningProxy, running_proxy
from taskmanager_testing.waiting import LONG_SECONDS, eventually

CLIENT_SECONDS = 10.0
"""The longest time a client waits; nothing may take longer, whatever is broken."""
START_SECONDS = LONG_SECONDS
STOP_SECONDS = 20
NOTHING: Mapping[str, str] = MappingProxyType({})


class Service:
    """One process of the system."""

    def __init__(
        self, name: str, arguments: Sequence[str], environment: Mapping[str, str], folder: Path
    ) -> None:
        self.name, self.port = name, free_port()
        self.log = folder / f"{name}.log"
        launch = [sys.executable, "-m", "taskmanager_local.launch", "--parent", str(os.getpid())]
        self._arguments = [*launch, "--signal", "SIGKILL", "--", *arguments]
        self._environment = {
            **os.environ,
            "TASKMANAGER_PUBLIC_URL": f"http://localhost:{self.port}",
            **environment,
            "TASKMANAGER_HTTP_PORT": str(self.port),
            "PYTHONPATH": environment.get("PYTHONPATH", str(TEST_PLUGINS)),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, extra: Mapping[str, str] = NOTHING) -> None:
        """Start it with additional settings; returns at once."""
        assert not self.running, f"{self.name} runs already"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._arguments, env={**self._environment, **extra}, stdout=log, stderr=log
            )

    @property
    def running(self) -> bool:
        """Whether its process exists."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    def wait_for_death(self) -> int:
        """Wait for its end; returns the exit code."""
        assert self._process is not None
        return self._process.wait(START_SECONDS)

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        if self.running:
            os.kill(self.pid, signal.SIGKILL)
            self.wait_for_death()

    def stop(self) -> None:
        """SIGTERM, then SIGKILL if necessary; may be repeated."""
        if self._process is None or not self.running:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def problems(self) -> dict[str, str] | None:
        """Why it is not ready; {} if it is ready, None while it does not answer."""
        try:
            answer = httpx.get(
                f"http://{LOOPBACK}:{self.port}/health/ready", timeout=CLIENT_SECONDS, verify=PLAIN
            )
        except httpx.TransportError:
            return None
        found: dict[str, str] = answer.json().get("problems", {})
        assert (answer.status_code == httpx.codes.OK) == (not found)
        return found

    def until_ready(self) -> None:
        """Wait until it is ready; fails with the end of its log."""
        try:
            eventually(lambda: self.problems() == {}, within_seconds=START_SECONDS)
        except AssertionError as error:
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])
            raise AssertionError(f"{self.name} is not ready: {self.problems()}\n{tail}") from error

    def until_unready(self) -> dict[str, str]:
        """Wait until it reports problems; returns them."""
        return eventually(self.problems, within_seconds=START_SECONDS, what=f"{self.name} not ready") or {}


@dataclass
class System:
    """A gateway, a scheduler and a runner of one plugin."""

    folder: Path
    gateway: Service
    scheduler: Service
    runner: Service
    mongodb_url: str
    first_start: str
    """The output of `taskmanager-migrate`."""
    proxies: Mapping[str, RunningProxy] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    """The environment that all its services share."""

    @property
    def topology(self) -> Topology:
        """The names it uses on the broker."""
        return Topology(self.settings["TASKMANAGER_TOPOLOGY_PREFIX"])

    @property
    def roots(self) -> Path:
        """Where jobs may read and write."""
        return self.folder / "goobi"

    @property
    def services(self) -> tuple[Service, Service, Service]:
        """All three."""
        return self.gateway, self.scheduler, self.runner

    def client(self) -> httpx.Client:
        """A client of the gateway with a timeout."""
        return httpx.Client(
            base_url=f"http://{LOOPBACK}:{self.gateway.port}", timeout=CLIENT_SECONDS, verify=PLAIN
        )

    def offer(self, spec: Mapping[str, Any], key: str) -> httpx.Response | None:
        """Try once to submit a job; None if there is no answer."""
        try:
            with self.client() as client:
                return client.post("/api/v1/jobs", json=spec, headers={"Idempotency-Key": key})
        except httpx.TransportError:
            return None

    def submit(self, spec: Mapping[str, Any], key: str) -> str:
        """Submit a job, retrying as a good client does; returns its id."""

        def accepted() -> str | None:
            answer = self.offer(spec, key)
            if answer is None or answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
                return None
            assert answer.status_code == httpx.codes.ACCEPTED, answer.text
            return str(answer.json()["id"])

        return eventually(accepted, within_seconds=START_SECONDS, what="a submission") or ""

    def jobs(self) -> list[dict[str, Any]]:
        """Every stored job."""
        found: list[dict[str, Any]] = []
        with self.client() as client:
            query: dict[str, str | int] = {"limit": 200}
            while True:
                page = client.get("/api/v1/jobs", params=query).raise_for_status().json()
                found += page["jobs"]
                if not page.get("next_cursor"):
                    return found
                query["cursor"] = page["next_cursor"]

    def tabs(self) -> dict[str, Any]:
        """The statistics of the runner's plugin."""
        with self.client() as client:
            answer: dict[str, Any] = client.get("/api/v1/plugins").raise_for_status().json()
        [plugin] = answer["plugins"]
        tabs: dict[str, Any] = plugin["tabs"]
        return tabs

    def all_done(self, ids: Sequence[str], *, within_seconds: float = 60) -> list[dict[str, Any]]:
        """Wait until all these jobs are DONE; returns them."""

        def done() -> list[dict[str, Any]] | None:
            try:
                found = [job for job in self.jobs() if job["id"] in wanted]
            except httpx.HTTPError:
                return None
            states.clear()
            states.extend(f"{job['id'][-6:]} {job['status']} {job['attempt']}" for job in found)
            return found if len(found) == len(wanted) and all_are_done(found) else None

        wanted, states = set(ids), list[str]()
        try:
            return eventually(done, within_seconds=within_seconds) or []
        except AssertionError as error:
            raise AssertionError(f"not all of {len(wanted)} jobs are DONE: {states}") from error


def all_are_done(jobs: Sequence[Mapping[str, Any]]) -> bool:
    """Whether all of them are DONE."""
    return all(job["status"] == "DONE" for job in jobs)


@contextmanager
def running_system(
    folder: Path,
    rabbitmq: RunningServer,
    mongod: RunningServer,
    *,
    plugin: str,
    settings: Mapping[str, str] = NOTHING,
    proxied: bool = False,
    runner_program: Sequence[str] = (),
) -> Iterator[System]:
    """A ready system; at the end all its processes and those of its jobs are gone, whatever happened.

    `runner_program` is started for the runner instead of its command.
    """
    with ExitStack() as stack:
        stack.callback(require_none, folder / "workspace")
        started = [*runner_program] or [program("taskmanager-plugin-runner")]
        system = _make(folder, rabbitmq, mongod, plugin, settings, started, stack if proxied else None)
        for service in system.services:
            stack.callback(service.stop)
            service.start()
        for service in system.services:
            service.until_ready()
        yield system


def _make(  # noqa: PLR0917 - wiring
    folder: Path,
    rabbitmq: RunningServer,
    mongod: RunningServer,
    plugin: str,
    settings: Mapping[str, str],
    started: Sequence[str],
    proxies: ExitStack | None,
) -> System:
    (folder / "goobi").mkdir(parents=True)
    (folder / "workspace").mkdir()
    # straight to the one member: what a replica set calls itself would lead around a proxy
    database = f"t{uuid.uuid4().hex[:10]}"
    mongod.ensure_accounts(database)

    def stored_at(account: str) -> str:
        return mongod.url_of(account, database).split("?", maxsplit=1)[0] + "?directConnection=true"

    common = {
        "TASKMANAGER_TOPOLOGY_PREFIX": f"t{uuid.uuid4().hex[:10]}",
        "TASKMANAGER_ROOTS": str(folder / "goobi"),
        "TASKMANAGER_WORKSPACE": str(folder / "workspace"),
        "TASKMANAGER_SWEEP_SECONDS": "0.5",
        "TASKMANAGER_MISSING_AFTER_SECONDS": "1",
        "TASKMANAGER_HEARTBEAT_SECONDS": "1",
        "TASKMANAGER_ACCESS": "off",
        **settings,
    }
    migrated = subprocess.run(
        [program("taskmanager-migrate")],
        env={
            **os.environ,
            **common,
            "AMQP_URL": rabbitmq.url_of(USERS.migrate),
            "MONGODB_URL": stored_at("migrate"),
        },
        check=True,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
    )
    made: dict[str, RunningProxy] = {}

    def through(name: str, port: int, url: str) -> str:
        if proxies is None:
            return url
        made[name] = proxies.enter_context(running_proxy(port))
        return made[name].url(url)

    def service(name: str, arguments: Sequence[str], user: str, *, store: bool) -> Service:
        amqp_url = f"{rabbitmq.url_of(user)}?heartbeat=1"
        urls = {"AMQP_URL": through(f"{name}-broker", rabbitmq.port, amqp_url)}
        if store:
            urls["MONGODB_URL"] = through(f"{name}-database", mongod.port, stored_at(name))
        return Service(name, arguments, {**common, **urls}, folder)

    runner = [*started, "--plugin", plugin, "--slots", "2", "--id", "runner"]
    return System(
        folder,
        service("gateway", [program("taskmanager-gateway")], USERS.gateway, store=True),
        service("scheduler", [program("taskmanager-scheduler")], USERS.scheduler, store=True),
        service("runner", runner, USERS.runner(plugin), store=False),
        stored_at("scheduler"),
        migrated.stdout,
        made,
        common,
    )
