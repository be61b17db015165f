"""The walk of docs/systemd.md: from a machine with RabbitMQ and MongoDB to a finished job, each step timed.

The commands are those of the page, but for three things that only the trial has: wheels and units are mounted
instead of copied, mongod comes from a Python package and needs a unit, and folders of Goobi are drawn.
"""

import itertools
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.systemd.machine import Machine

from taskmanager_local.demo.process_folder import ProcessFolder
from taskmanager_testing.waiting import eventually

METADATA = "/opt/digiverso/goobi/metadata"
WHEELS, SOURCES, MONGOD = "/srv/taskmanager/dist", "/srv/taskmanager/deploy", "/srv/mongod"
BIN = "/opt/taskmanager/bin"
PLUGINS = ("shell", "jp2", "altoconvert", "epub", "jp2validation", "pdf", "tiffvalidation")
RUNNERS = ("taskmanager-runner-shell@shell-1.service", "taskmanager-runner-jp2@jp2-1.service")
SERVICES = ("taskmanager-gateway.service", "taskmanager-scheduler.service", *RUNNERS)
OURS = " ".join(
    (
        *("taskmanager-gateway", "taskmanager-scheduler", "taskmanager-orchestrator", "taskmanager-cli"),
        "'taskmanager-plugin-runner[altoconvert,checksums,dropfolder,epub,images,jp2validation,mets,ocr,pdf,tiffvalidation,upload]'",
    )
)
DATABASE = "127.0.0.1:27017/taskmanager?replicaSet=rs0"
MONGOD_UNIT = f"""\
[Unit]
After=network.target
[Service]
User=mongodb
Group=mongodb
ExecStart={MONGOD} --config /etc/mongod.conf
StateDirectory=mongodb
LogsDirectory=mongodb
[Install]
WantedBy=multi-user.target
"""
"""What the package mongodb-org has, as far as it matters here."""
SLOW = """\
title = "Slow"
argv = ["/bin/sh", "-c", "sleep $2; cp $0 $1", "{input}", "{output}", "{parameters.seconds}"]
output_suffix = ".tif"
parallel = 1
[parameters.seconds]
type = "number"
"""
PASSWORD = "a password nobody else has"
LET_IN = f"""
import httpx, sys
def csrf(client):
    return {{"X-CSRF-Token": client.get("/api/v1/me").raise_for_status().json()["csrf"]}}
with httpx.Client(base_url="http://127.0.0.1:8080", trust_env=False) as client:
    client.post("/log-in", data={{"name": "admin", "password": sys.argv[1]}})
    fields = {{"current": sys.argv[1], "password": "{PASSWORD}", "again": "{PASSWORD}"}}
    assert client.post("/account", data=fields, headers=csrf(client)).status_code == 303
    body = {{"name": "trial", "scopes": ["read", "submit", "operate", "scale"]}}
    made = client.post("/api/v1/tokens", json=body, headers=csrf(client)).raise_for_status()
print(made.json()["secret"], end="")
"""
LIMIT_SECONDS = 120.0
NUMBERS = itertools.count(1)


@dataclass
class Installation:
    """What was installed on a machine, and a token with which its jobs are submitted."""

    machine: Machine
    token: str = field(default="", repr=False)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """A step of the walk."""
        begun = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - begun

    def install(self) -> None:
        """Everything, up to services that answer and somebody who may submit."""
        run = self.machine.run
        with self.step("packages into /opt/taskmanager"):
            run("python3 -m venv /opt/taskmanager")
            run(f"{BIN}/pip install --quiet --no-index --find-links {WHEELS} {OURS}")
        with self.step("units, users, passwords"):
            run(f"sh {SOURCES}/systemd/install.sh --servers {' '.join(PLUGINS)}")
            run(
                f"{BIN}/taskmanager-accounts /etc/taskmanager/accounts --plugins {' '.join(PLUGINS)}"
                f" --broker 127.0.0.1:5672 --database '{DATABASE}' --retire guest"
                " --owner broker $(id -u rabbitmq) --owner database $(id -u mongodb)"
            )
        with self.step("RabbitMQ and MongoDB"):
            run("systemctl restart rabbitmq-server mongod")
            run(
                f"{BIN}/taskmanager-replica-set",
                MONGODB_URL=f"mongodb://{DATABASE}",
                TASKMANAGER_ACCOUNTS="/etc/taskmanager/accounts/replica-set",
            )
        with self.step("start"):
            run(f"systemctl enable --quiet taskmanager.target {' '.join(SERVICES)} taskmanager-migrate")
            run("systemctl start taskmanager.target")
            self.machine.wait_until_active(*SERVICES)
            self.wait_until_ready()
        with self.step("log-in and token"):
            self.let_in()

    def wait_until_ready(self) -> None:
        """Wait until the gateway says that it can do its work."""
        ask = "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/health/ready')"

        def ready() -> bool:
            return "Error" not in self.machine.run(f'{BIN}/python -c "{ask}" 2>&1', check=False)

        eventually(ready, within_seconds=LIMIT_SECONDS, what="the gateway is ready")

    def let_in(self) -> None:
        """Log in with the password that the migration has shown, choose another, make a token."""
        shown = self.machine.run("journalctl --unit taskmanager-migrate --output cat")
        found = re.search(r"password\s+(\S+)\n", shown)
        assert found is not None, shown
        self.machine.write("/root/let_in.py", LET_IN)
        self.token = self.machine.run(f"{BIN}/python /root/let_in.py {found[1]}")

    def cli(self, words: str, *, check: bool = True) -> str:
        """What the command line says."""
        address = {"TASKMANAGER_ADDRESS": "http://127.0.0.1:8080", "TASKMANAGER_TOKEN": self.token}
        return self.machine.run(f"{BIN}/taskmanager {words}", check=check, **address)

    def submit(self, plugin: str, source: str, destination: str, more: str = "") -> str:
        """Submit a job; returns its id."""
        told = self.cli(f"jobs submit {plugin} --source {source} --destination {destination} {more} --json")
        return str(json.loads(told)["id"])

    def job(self, job: str) -> dict[str, Any]:
        """A job as the API shows it; empty while there is no answer."""
        told = self.cli(f"jobs show {job} --json", check=False)
        try:
            shown: dict[str, Any] = json.loads(told)
        except json.JSONDecodeError:
            return {}
        return shown

    def wait_for(self, job: str, right: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        """The job, once it is as wanted."""

        def look() -> dict[str, Any]:
            shown = self.job(job)
            assert shown.get("status") not in {"ERROR", "CANCELLED"}, shown
            return shown if shown and right(shown) else {}

        return eventually(look, within_seconds=LIMIT_SECONDS, what=f"{job} {what}")

    def wait_until_done(self, *jobs: str) -> None:
        """Wait until all of them are DONE."""
        for job in jobs:
            self.wait_for(job, lambda shown: shown["status"] == "DONE", "is done")

    def submit_slow(self, source: str, destination: str, *, seconds: float) -> str:
        """Submit a job that takes so long for each page; returns its id."""
        return self.submit("shell", source, destination, f"--template slow --parameter seconds={seconds}")

    def cancel(self, job: str) -> None:
        """Cancel a job and wait until it is over."""
        self.cli(f"jobs cancel {job} --yes", check=False)
        eventually(lambda: self.job(job).get("status") == "CANCELLED", what=f"{job} is cancelled")

    def place(self, book: ProcessFolder, name: str = "") -> str:
        """A folder for results that no other job has, as runners see it."""
        return f"{METADATA}/{book.number}/images/{name or f'result_{next(NUMBERS)}'}"

    def runners(self) -> Mapping[str, str]:
        """The ids of the runners that the scheduler knows, and the machines they say they are on."""
        listed = json.loads(self.cli("runners list --json"))
        return {one["id"]: one["host"] for one in listed["runners"]}

    def units(self) -> Sequence[str]:
        """The files of our units."""
        return self.machine.run(
            "cd /etc/systemd/system && ls taskmanager*.service taskmanager.target"
        ).split()
