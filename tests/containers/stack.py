"""The installation of the compose file, and an admin who uses it over HTTP."""

import json
import os
import re
import signal
import ssl
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx

from taskmanager_testing.waiting import eventually

from .compose_file import ROOT
from .engine import Engine

PROJECT = "taskmanager-trial"
PASSWORD = "a password nobody else has"
HEALTH_CHECK = ("python", "/opt/taskmanager/container/healthcheck.py")
"""In a container of our own: says what the service lacks."""
LIMIT_SECONDS = 120.0
"""Longer than anything here takes on a slow machine."""


@dataclass
class Stack:
    """One installation with volumes of its own; `tls` is the folder of its certificates, if it has any."""

    engine: Engine
    files: Path
    port: int
    tls: Path | None = None
    token: str = field(default="", repr=False)
    settings: dict[str, str] = field(default_factory=dict)
    """Further variables of the compose file."""
    project: str = PROJECT
    over: Path | None = None
    """A further compose file, laid over the project's own."""
    runner_image: str = "taskmanager-plugin-runner"
    mounts: Sequence[str] = ()
    """What a container of that image needs to see of this machine."""

    def compose(self, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run Docker Compose with the project's own files."""
        files = ["docker-compose.yml", *(["docker-compose.tls.yml"] if self.tls else [])]
        paths = [*(ROOT / file for file in files), *([self.over] if self.over else [])]
        chosen = [part for path in paths for part in ("-f", str(path))]
        return self.engine.call(
            [*self.engine.compose, "-p", self.project, *chosen, *arguments],
            check=check,
            TASKMANAGER_FILES=str(self.files),
            TASKMANAGER_PORT=str(self.port),
            TASKMANAGER_TLS=str(self.tls or ""),
            **self.settings,
        )

    def up(
        self, *arguments: str, profile: str | None = None, scale: Mapping[str, int] = MappingProxyType({})
    ) -> None:
        """Start it, or bring it to so many containers of these services, and wait until all are healthy.

        A service that `scale` does not name has the number that the file gives it.
        """
        chosen = ["--profile", profile] if profile else []
        numbers = [part for name, number in scale.items() for part in ("--scale", f"{name}={number}")]
        wait = ("--detach", "--no-build", "--wait", "--wait-timeout", "180")
        self.compose(*chosen, "up", *wait, *numbers, *arguments)

    def remove(self) -> None:
        """Remove everything, its volumes and what an orchestrator has started in its network included."""
        of_runners = ("label=taskmanager.place", f"network={self.project}_broker")
        filters = [part for one in of_runners for part in ("--filter", one)]
        if left := self.engine.run("ps", "--all", "--quiet", *filters).split():
            self.engine.run("rm", "--force", "--volumes", *left)
        self.compose("--profile", "*", "down", "--volumes", "--timeout", "10")

    def containers(self, service: str) -> list[str]:
        """The ids of the containers of a service, running or ended."""
        labels = (f"com.docker.compose.project={self.project}", f"com.docker.compose.service={service}")
        filters = [part for label in labels for part in ("--filter", f"label={label}")]
        return self.engine.run("ps", "--all", "--quiet", "--no-trunc", *filters).split()

    def inspected(self, container: str) -> dict[str, Any]:
        """Everything the engine reports about a container."""
        found: list[dict[str, Any]] = json.loads(self.engine.run("inspect", container))
        return found[0]

    def inside(self, service: str, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run a program as the service's own user in its first container."""
        return self.engine.call(
            [self.engine.program, "exec", self.containers(service)[0], *command], check=False
        )

    def kill(self, service: str) -> None:
        """End the first process of each of its containers, as a crash would."""
        for container in self.containers(service):
            number = int(self.inspected(container)["State"]["Pid"])
            assert number > 1, container
            os.kill(number, signal.SIGKILL)

    def wait_until_well(self, service: str) -> None:
        """Wait until every container of the service runs and is healthy again."""

        def well() -> bool:
            states = [self.inspected(container)["State"] for container in self.containers(service)]
            return all(
                state["Running"] and (state.get("Health") or state["Healthcheck"])["Status"] == "healthy"
                for state in states
            )

        eventually(well, within_seconds=LIMIT_SECONDS, what=f"{service} is well again")

    @property
    def address(self) -> str:
        """The address of the gateway; with TLS, under the name in its certificate."""
        return f"https://localhost:{self.port}" if self.tls else f"http://127.0.0.1:{self.port}"

    def client(self, **more: Any) -> httpx.Client:
        """A client that trusts only the private authority, with the token if there is one."""
        verify = ssl.create_default_context(cafile=str(self.tls / "ca.pem")) if self.tls else True
        bearer = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        settings = {"base_url": self.address, "verify": verify, "headers": bearer, "timeout": 20, **more}
        return httpx.Client(trust_env=False, **settings)

    def let_in(self) -> None:
        """Log in with the initial password, choose another one and make a token."""
        shown = self.compose("logs", "migrate").stdout
        found = re.search(r"password\s+(\S+)\n", shown)
        assert found is not None, shown
        with self.client() as client:
            client.post("/log-in", data={"name": "admin", "password": found[1]})
            fields = {"current": found[1], "password": PASSWORD, "again": PASSWORD}
            assert client.post("/account", data=fields, headers=_csrf(client)).status_code == 303
            body = {"name": "trial", "scopes": ["read", "submit", "scale"]}
            made = client.post("/api/v1/tokens", json=body, headers=_csrf(client)).raise_for_status()
        self.token = made.json()["secret"]

    def submit(self, plugin: str, source: str | None, destination: str, **more: Any) -> str:
        """Submit a job, again while the gateway says that it cannot take it now; returns its id."""
        body = {"plugin": plugin, "source": source, "destination": destination, **more}
        offered = partial(self.offer, body, uuid.uuid4().hex)
        return eventually(offered, within_seconds=LIMIT_SECONDS, what="the job is taken") or ""

    def offer(self, body: Mapping[str, Any], key: str) -> str | None:
        """Try once to submit a job under a key; its id, or None if there is no answer or not now."""
        try:
            with self.client() as client:
                taken = client.post("/api/v1/jobs", json=body, headers={"Idempotency-Key": key})
        except httpx.TransportError:
            return None
        if taken.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            return None
        assert taken.status_code == httpx.codes.ACCEPTED, taken.text
        return str(taken.json()["id"])

    def status(self, job: str) -> str:
        """The status of a job, or why there is currently no answer."""
        try:
            with self.client() as client:
                answer = client.get(f"/api/v1/jobs/{job}")
        except httpx.TransportError as error:
            return str(error)
        return str(answer.json().get("status")) if answer.is_success else answer.text

    def wait_until_done(self, *jobs: str) -> None:
        """Wait until all of them are DONE."""

        def done() -> bool:
            return {self.status(job) for job in jobs} == {"DONE"}

        eventually(done, within_seconds=LIMIT_SECONDS, what=f"{jobs} are done")

    def until_ended(self, job: str) -> dict[str, Any]:
        """Wait until the job has ended, well or not; returns it."""

        def ended() -> bool:
            return self.status(job) in {"DONE", "ERROR", "CANCELLED"}

        eventually(ended, within_seconds=LIMIT_SECONDS, what=f"{job} has ended")
        return self.told(f"/jobs/{job}")

    def told(self, path: str) -> dict[str, Any]:
        """What the API answers to a GET of a path below /api/v1."""
        with self.client() as client:
            found: dict[str, Any] = client.get(f"/api/v1{path}").raise_for_status().json()
        return found


def _csrf(client: httpx.Client) -> dict[str, str]:
    return {"X-CSRF-Token": client.get("/api/v1/me").raise_for_status().json()["csrf"]}
