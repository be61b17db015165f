"""Updates without standstill: each service of an earlier state beside that of today, while jobs come and go.

`make update FROM=commit`. In the order of docs/operations.md: migration, schedulers, gateways, runners. Each
new one is started beside the old one, which then ends as a service manager ends it.
"""

import itertools
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import httpx
import pika
import pytest
from tests.conftest import USERS
from tests.e2e.system import NOTHING, Service
from tests.update.former import Former, choose

from taskmanager.messages.topology import Topology
from taskmanager_local.commands import LOOPBACK
from taskmanager_local.servers import RunningServer
from taskmanager_local.services import program
from taskmanager_testing.plain_http import PLAIN
from taskmanager_testing.waiting import eventually

pytestmark = pytest.mark.timeout(400)

FROM = os.environ.get("TASKMANAGER_UPDATE_FROM")
PLUGIN = "sleep"
LONGEST_SECONDS = 60
NUMBERS = itertools.count(1)
TOGETHER = 6
"""Jobs that are done while both versions of a service are there."""


@dataclass
class Installation:
    """What both versions share, and the gateways that a client may ask."""

    folder: Path
    rabbitmq: RunningServer
    mongod: RunningServer
    former: Former
    prefix: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:10]}")
    gateways: list[Service] = field(default_factory=list)
    started: list[Service] = field(default_factory=list)

    @property
    def common(self) -> Mapping[str, str]:
        """The settings of all services."""
        return {
            "TASKMANAGER_TOPOLOGY_PREFIX": self.prefix,
            "TASKMANAGER_ROOTS": str(self.folder),
            "TASKMANAGER_WORKSPACE": str(self.folder / "workspace"),
            "TASKMANAGER_HEARTBEAT_SECONDS": "1",
            "TASKMANAGER_SWEEP_SECONDS": "1",
            "TASKMANAGER_ACCESS": "off",
        }

    def settings(self, account: str, user: str) -> dict[str, str]:
        """Those of a service with a database."""
        return {
            **self.common,
            "AMQP_URL": self.rabbitmq.url_of(user),
            "MONGODB_URL": self.mongod.url_of(account, self.prefix),
        }

    def migrate(self, *, former: bool) -> None:
        """Run the migration of one of the two."""
        own = "from taskmanager_scheduler.cli.migrate import main; main()"
        code = self.former.settings if former else NOTHING
        settings = {**os.environ, **self.settings("migrate", USERS.migrate), **code}
        command = [sys.executable, "-c", own] if former else [program("taskmanager-migrate")]
        done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def start(self, name: str, *, former: bool, more: Mapping[str, str] = NOTHING) -> Service:
        """Start a service and wait until it is ready: `gateway`, `scheduler` or `plugin-runner`."""
        command = Former.command(name) if former else [program(f"taskmanager-{name}")]
        if name == "plugin-runner":
            age = "old" if former else "new"
            command += ["--plugin", PLUGIN, "--slots", "2", "--id", f"runner-{age}"]
            settings = {**self.common, "AMQP_URL": self.rabbitmq.url_of(USERS.runner(PLUGIN))}
        else:
            settings = self.settings(name, getattr(USERS, name))
        code = self.former.settings if former else NOTHING
        made = Service(f"{name}-{len(self.started)}", command, {**settings, **code, **more}, self.folder)
        self.started.append(made)
        made.start()
        if name == "scheduler" and len(self.started) > 1:
            eventually(lambda: made.problems() is not None, what="the second scheduler stands by")
        else:
            made.until_ready()
        return made

    def offer(self, key: str, number: int) -> str | None:
        """Try once to submit a job, at one gateway or another."""
        gateway = self.gateways[number % len(self.gateways)]
        body = {"plugin": PLUGIN, "parameters": {"seconds": 0.1}}
        try:
            answer = httpx.post(
                f"http://{LOOPBACK}:{gateway.port}/api/v1/jobs",
                json=body,
                headers={"Idempotency-Key": key},
                verify=PLAIN,
            )
        except httpx.TransportError:
            return None
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            return None
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        return str(answer.json()["id"])

    def runners(self, name: str) -> set[str]:
        """The runners that had the job."""
        address = f"http://{LOOPBACK}:{self.gateways[0].port}/api/v1/jobs/{name}/history"
        told = httpx.get(address, verify=PLAIN).raise_for_status().json()
        return {entry["runner"] for entry in told["history"] if entry["runner"]}

    def job(self, name: str) -> Mapping[str, object]:
        """A job, as each gateway tells it."""
        answers = [
            httpx.get(f"http://{LOOPBACK}:{one.port}/api/v1/jobs/{name}", verify=PLAIN)
            for one in self.gateways
        ]
        told = [answer.raise_for_status().json() for answer in answers]
        assert len({(one["status"], one["attempt"]) for one in told if one["status"] == "DONE"}) <= 1
        return dict(told[0])

    def dead_letters(self) -> int:
        """How many messages nobody could read."""
        with pika.BlockingConnection(pika.URLParameters(self.rabbitmq.url)) as connection:
            declared = connection.channel().queue_declare(Topology(self.prefix).dead, passive=True)
            return int(declared.method.message_count)


class Client:
    """Submits one job after another, each again until it is taken."""

    def __init__(self, installation: Installation) -> None:
        self._installation, self._over = installation, Event()
        self.jobs: list[str] = []
        self._thread = Thread(target=self._work)
        self._thread.start()

    def _work(self) -> None:
        while not self._over.wait(0.2):
            number = next(NUMBERS)

            def offered(number: int = number) -> str | None:
                return self._installation.offer(f"update-{number}", number)

            self.jobs.append(eventually(offered, within_seconds=LONGEST_SECONDS, what="a submission") or "")

    def until_done(self, count: int) -> Sequence[str]:
        """Wait until so many further jobs are done; returns them."""
        first = len(self.jobs)

        def further() -> Sequence[str]:
            now = self.jobs[first:]
            done = [job for job in now if self._installation.job(job)["status"] == "DONE"]
            return done if len(done) >= count else []

        return eventually(further, within_seconds=LONGEST_SECONDS, what=f"{count} further jobs") or []

    def end(self) -> None:
        """Submit no more."""
        self._over.set()
        self._thread.join()


@pytest.fixture
def installation(tmp_path: Path, rabbitmq: RunningServer, mongod: RunningServer) -> Iterator[Installation]:
    """Servers, and the code of the earlier state; every process ends with the test."""
    made = Installation(tmp_path, rabbitmq, mongod, Former.of(choose(FROM), tmp_path / "former"))
    (tmp_path / "workspace").mkdir()
    mongod.ensure_accounts(made.prefix)
    yield made
    for service in made.started:
        service.stop()


def test_each_service_is_replaced_beside_its_earlier_version(installation: Installation) -> None:
    installation.migrate(former=True)
    old = {name: installation.start(name, former=True) for name in ("scheduler", "gateway", "plugin-runner")}
    installation.gateways = [old["gateway"]]
    client = Client(installation)
    try:
        client.until_done(TOGETHER)
        installation.migrate(former=False)
        client.until_done(TOGETHER)

        scheduler = installation.start("scheduler", former=False, more={"TASKMANAGER_REASONS": "sentences"})
        client.until_done(TOGETHER)
        old["scheduler"].stop()
        scheduler.until_ready()
        client.until_done(TOGETHER)

        installation.gateways = [old["gateway"], installation.start("gateway", former=False)]
        client.until_done(TOGETHER)
        installation.gateways = installation.gateways[1:]
        old["gateway"].stop()
        client.until_done(TOGETHER)

        installation.start("plugin-runner", former=False)
        done = client.until_done(3 * TOGETHER)
        had = [installation.runners(job) for job in done]
        assert {"runner-old"} in had
        assert {"runner-new"} in had
        old["plugin-runner"].stop()
        client.until_done(TOGETHER)
    finally:
        client.end()
    eventually(
        lambda: {installation.job(job)["status"] for job in client.jobs} == {"DONE"},
        within_seconds=LONGEST_SECONDS,
        what=f"all of {len(client.jobs)} jobs are done",
    )
    assert all(len(installation.runners(job)) == 1 for job in client.jobs), "none was begun twice"
    assert len(set(client.jobs)) == len(client.jobs)
    assert installation.dead_letters() == 0
