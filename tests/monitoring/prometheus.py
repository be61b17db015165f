"""A real Prometheus over a running local stack: with the project's rules, its data in a folder."""

import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml
from tests.monitoring.expressions import PROMETHEUS

from taskmanager_local.commands import LOOPBACK, free_port
from taskmanager_testing.waiting import eventually

SCRAPE_SECONDS = 1
START_SECONDS, STOP_SECONDS = 30, 20
SYSTEMD = PROMETHEUS / "prometheus.systemd.yml"
JOB_OF = {
    "gateway": "taskmanager-gateway",
    "scheduler": "taskmanager-scheduler",
    "runner": "taskmanager-runner",
}
"""The job of a process of the local stack, by the first word of its name."""


@dataclass(frozen=True)
class Series:
    """One series of an answer, with values as (seconds since 1970, value); NaN and infinite ones are kept."""

    labels: Mapping[str, str]
    values: Sequence[tuple[float, float]]

    @property
    def last(self) -> float:
        """The newest value."""
        return self.values[-1][1]

    def named(self, legend: str) -> str:
        """The name that a panel gives it; the labels themselves where there is none."""
        name = legend
        for label, value in self.labels.items():
            name = name.replace(f"{{{{{label}}}}}", value)
        return name or ", ".join(f"{label}={value}" for label, value in sorted(self.labels.items())) or "{}"


class Prometheus:
    """The HTTP API of a running one."""

    def __init__(self, client: httpx.Client) -> None:
        """`client` knows its address."""
        self._client = client

    def is_ready(self) -> bool:
        """Whether it answers questions."""
        try:
            return self._client.get("/-/ready").is_success
        except httpx.TransportError:
            return False

    def ask(self, expr: str) -> list[Series]:
        """The present answer to an expression; a number is a series without labels."""
        found = self._get("/query", query=expr)
        if found["resultType"] == "scalar":
            return [Series({}, [_point(found["result"])])]
        return [Series(_labels(one), [_point(one["value"])]) for one in found["result"]]

    def ask_range(self, expr: str, begin: float, end: float, step_seconds: float) -> list[Series]:
        """The answers between two moments (seconds since 1970)."""
        found = self._get("/query_range", query=expr, start=begin, end=end, step=step_seconds)
        return [Series(_labels(one), list(map(_point, one["values"]))) for one in found["result"]]

    def names(self) -> frozenset[str]:
        """The names of all metrics it has."""
        return frozenset(self._get("/label/__name__/values"))

    def label_values(self, selector: str, label: str) -> Sequence[str]:
        """The values of a label of the selected series, as a variable of a dashboard offers them."""
        found: list[str] = self._get(f"/label/{label}/values", **{"match[]": selector})
        return found

    def rules(self) -> list[Mapping[str, Any]]:
        """Every rule with its health, its last error and, for an alert, its state."""
        return [rule for group in self._get("/rules")["groups"] for rule in group["rules"]]

    def alerts(self) -> list[Mapping[str, Any]]:
        """The alerts that are pending or firing, with the texts that an operator gets."""
        found: list[Mapping[str, Any]] = self._get("/alerts")["alerts"]
        return found

    def targets(self) -> Mapping[str, str]:
        """The state of each target by its address and path."""
        found = self._get("/targets", state="active")["activeTargets"]
        return {one["scrapeUrl"]: one["lastError"] or one["health"] for one in found}

    def _get(self, path: str, **parameters: Any) -> Any:
        answer = self._client.get(f"/api/v1{path}", params=parameters)
        body = answer.json()
        assert answer.is_success, f"{parameters}: {body.get('error')}"
        return body["data"]


def _labels(one: Mapping[str, Any]) -> Mapping[str, str]:
    return {name: value for name, value in one["metric"].items() if name != "__name__"}


def _point(pair: Sequence[Any]) -> tuple[float, float]:
    moment, value = pair
    return float(moment), float(value)


def is_number(value: float) -> bool:
    """Whether a panel could draw it."""
    return math.isfinite(value)


def configuration(processes: Sequence[Mapping[str, Any]], broker_port: int, folder: Path) -> str:
    """The configuration for systemd with other targets and shorter intervals, otherwise as it is.

    `processes` are those of `taskmanager-local status --json`. Runners are found through a file, as they are
    in an installation; it is written into `folder`.
    """
    settings = yaml.safe_load(SYSTEMD.read_text(encoding="utf-8"))
    interval = f"{SCRAPE_SECONDS}s"
    settings["global"] |= {"scrape_interval": interval, "evaluation_interval": interval}
    settings["rule_files"] = [str(PROMETHEUS / "rules" / "*.yml")]
    del settings["alerting"]
    of_job: dict[str, list[str]] = {}
    for process in processes:
        if (job := JOB_OF.get(process["name"].partition("-")[0])) is not None:
            of_job.setdefault(job, []).append(f"{LOOPBACK}:{process['port']}")
    for one in settings["scrape_configs"]:
        targets = of_job.get(one["job_name"], [f"{LOOPBACK}:{broker_port}"])
        if "file_sd_configs" in one:
            runners = folder / "runners.json"
            runners.write_text(json.dumps([{"targets": targets}]), encoding="utf-8")
            one["file_sd_configs"] = [{"files": [str(runners)]}]
        else:
            one["static_configs"] = [{"targets": targets}]
    return yaml.safe_dump(settings)


@contextmanager
def running_prometheus(folder: Path, settings: str) -> Iterator[Prometheus]:
    """A ready Prometheus whose targets all answer; it ends with the block, or with this process."""
    program = shutil.which("prometheus")
    assert program, "prometheus is not installed: run `make setup`"
    file = folder / "prometheus.yml"
    file.write_text(settings, encoding="utf-8")
    port = free_port()
    launch = [sys.executable, "-m", "taskmanager_local.launch", "--parent", str(os.getpid())]
    server = [program, f"--config.file={file}", f"--storage.tsdb.path={folder / 'data'}"]
    server += [f"--web.listen-address={LOOPBACK}:{port}", "--log.level=warn"]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen([*launch, "--signal", "SIGKILL", "--", *server], stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://{LOOPBACK}:{port}", timeout=20) as client:
            made = Prometheus(client)
            eventually(lambda: _scrapes_all(made), within_seconds=START_SECONDS, what=f"see {log.name}")
            yield made
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def _scrapes_all(made: Prometheus) -> bool:
    return made.is_ready() and bool(targets := made.targets()) and set(targets.values()) == {"up"}
