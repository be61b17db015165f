"""The pods of the chart as processes: programs, environment, Secrets, from the migration to a finished job.

What a cluster does for them is done here: it mounts (paths are moved into the folder of the test), names the
pod, and asks the probes. Ports are free ones on loopback, since all pods are on one machine here.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import pytest
from tests.conftest import USERS, ServiceUrls
from tests.kubernetes.manifests import HERE, Pod, Rendered, ask, plugins_of_the_chart, read_answer
from tests.unit.runner.slots import PLUGINS

from taskmanager.messages.topology import Topology
from taskmanager_local.commands import free_port
from taskmanager_local.servers import RunningServer
from taskmanager_testing.waiting import eventually

PROGRAMS = Path(sys.executable).parent
SECRET = "/run/accounts"
PLUGIN = "noop"


@pytest.fixture
def chart(topology: Topology) -> Rendered:
    """One plugin of our own, one line; nobody logs in."""
    if not HERE:
        pytest.skip("Helm's library (helm-python-sdk) is only made for Linux on x86_64")
    values = {
        "common": {"topologyPrefix": topology.prefix},
        "gateway": {"settings": {"TASKMANAGER_ACCESS": "off"}},
        "plugins": {**dict.fromkeys(plugins_of_the_chart()), PLUGIN: {}},
    }
    return read_answer(ask({"one": {"values": values}})["one"])


@dataclass(frozen=True, slots=True)
class Cluster:
    """What stands in for one: folders in place of volumes."""

    folder: Path

    def make_secret(self, name: str, urls: dict[str, str]) -> None:
        """The Secret of a workload, with the files that `taskmanager-accounts` writes."""
        place = self.folder / name / "run" / "accounts"
        place.mkdir(parents=True)
        for key, value in urls.items():
            (place / key.lower()).write_text(value, encoding="utf-8")

    @contextmanager
    def started(self, pod: Pod, port: int) -> Iterator[subprocess.Popen[str]]:
        """Its process, which is killed at the end if it is still there."""
        place = self.folder / pod.name
        for mount in pod.container["volumeMounts"]:
            self._mounted(place, mount["mountPath"])
        told = {name: self._moved(place, pod, value) for name, value in pod.environment.items()}
        told |= {"TASKMANAGER_HTTP_PORT": str(port), "TASKMANAGER_HTTP_HOST": "127.0.0.1"}
        program, *arguments = pod.container.get("command", [f"taskmanager-{pod.component}"])
        process = subprocess.Popen(
            [str(PROGRAMS / program), *arguments],
            env={"PATH": os.defpath, "PYTHONPATH": str(PLUGINS), **told},
            stdout=subprocess.PIPE if pod.component == "migrate" else None,
            text=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()

    @staticmethod
    def _mounted(place: Path, path: str) -> None:
        (place / path.removeprefix("/")).mkdir(parents=True, exist_ok=True)

    @staticmethod
    def _moved(place: Path, pod: Pod, value: str | None) -> str:
        if value is None:  # the name of the pod, the first of its set
            return f"{pod.name}-0"
        mounts = [one["mountPath"] for one in pod.container["volumeMounts"]]
        return f"{place}{value}" if any(value.startswith(mount) for mount in mounts) else value


@pytest.fixture
def cluster(tmp_path: Path, rabbitmq: RunningServer, service_urls: ServiceUrls) -> Cluster:
    """With the Secrets of all that runs here."""
    made = Cluster(tmp_path)
    for name in ("gateway", "scheduler", "migrate"):
        made.make_secret(f"taskmanager-{name}", getattr(service_urls, name))
    made.make_secret(f"taskmanager-runner-{PLUGIN}", {"AMQP_URL": rabbitmq.url_of(USERS.runner(PLUGIN))})
    return made


def probed(pod: Pod, port: int, kind: str) -> bool:
    """What a probe of the pod finds."""
    path = pod.container[f"{kind}Probe"]["httpGet"]["path"]
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def runners(gateway: str) -> list[tuple[str, str]]:
    """The runners that are known: name and instance."""
    found = httpx.get(f"{gateway}/api/v1/runners").raise_for_status().json()["runners"]
    return [(one["id"], one["instance"]) for one in found]


def test_from_the_migration_to_a_finished_job_and_a_runner_that_comes_back(
    chart: Rendered, cluster: Cluster
) -> None:
    (migration,), (scheduler,), (gateway,), (runner,) = (
        chart.pods(component) for component in ("migrate", "scheduler", "gateway", "runner")
    )
    with cluster.started(migration, free_port()) as process:
        shown, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        assert "admin" in shown, "the first password is in the log of the Job"

    ports = {pod.name: free_port() for pod in (scheduler, gateway, runner)}
    address = f"http://127.0.0.1:{ports[gateway.name]}"
    with cluster.started(scheduler, ports[scheduler.name]), cluster.started(gateway, ports[gateway.name]):
        with cluster.started(runner, ports[runner.name]) as process:
            for pod in (scheduler, gateway, runner):
                for kind in ("startup", "liveness", "readiness"):
                    asked = partial(probed, pod, ports[pod.name], kind)
                    eventually(asked, within_seconds=60, what=f"{kind} of {pod.name}")
            eventually(lambda: runners(address), within_seconds=30, what="a plugin that is installed")
            job = (
                httpx.post(f"{address}/api/v1/jobs", json={"plugin": PLUGIN}).raise_for_status().json()["id"]
            )

            def status() -> bool:
                return str(httpx.get(f"{address}/api/v1/jobs/{job}").json()["status"]) == "DONE"

            eventually(status, within_seconds=60, what="a finished job")
            metrics = httpx.get(f"http://127.0.0.1:{ports[scheduler.name]}/metrics").text
            assert f'plugin="{PLUGIN}"' in metrics
            ((name, instance),) = runners(address)
            assert name == f"{runner.name}-0"
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=runner.spec["terminationGracePeriodSeconds"]) == 0

        shutil.rmtree(cluster.folder / runner.name / "workspace")  # as on another node, with a new claim
        with cluster.started(runner, ports[runner.name]):
            eventually(
                lambda: [one for one in runners(address) if one[1] != instance],
                within_seconds=60,
                what="the runner's return",
            )
            assert [one[0] for one in runners(address)] == [name], "it is known, and the old one is not left"
