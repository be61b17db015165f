"""The profile `monitoring` as it runs, as far as its images can be had: Prometheus reaches every process.

Grafana has no package here, so nothing of this starts it: its settings and dashboards are checked as files.
"""

from collections.abc import Iterator

import httpx
import pytest
from tests.monitoring.prometheus import Prometheus

from taskmanager_local.commands import free_port
from taskmanager_testing.waiting import eventually

from .compose_file import REPLICAS, slots
from .stack import LIMIT_SECONDS, Stack

pytestmark = pytest.mark.timeout(1800)

TARGETS = {
    "taskmanager-gateway": 1,
    "taskmanager-scheduler": 1,
    "taskmanager-runner": sum(REPLICAS.values()),
    "rabbitmq": 1,
    "rabbitmq-queues": 1,
}
"""How many of each the file starts."""
SLOTS = float(sum(count * slots(plugin) for plugin, count in REPLICAS.items()))


@pytest.fixture
def prometheus(stack: Stack) -> Iterator[Prometheus]:
    """That of the compose file, beside the running stack."""
    port = free_port()
    stack.settings["PROMETHEUS_PORT"] = str(port)
    stack.up("prometheus", profile="monitoring")
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20, trust_env=False) as client:
        yield Prometheus(client)
    stack.compose("--profile", "monitoring", "rm", "--stop", "--force", "prometheus")
    del stack.settings["PROMETHEUS_PORT"]


def test_prometheus_reaches_every_process_and_evaluates_every_rule(prometheus: Prometheus) -> None:
    def reached() -> bool:
        answers = prometheus.ask("count by (job) (up == 1)")
        return {one.labels["job"]: round(one.last) for one in answers} == TARGETS

    eventually(reached, within_seconds=LIMIT_SECONDS, what=f"the targets {TARGETS}")
    assert set(prometheus.targets().values()) == {"up"}
    assert [one.last for one in prometheus.ask("sum(taskmanager_runner_slots)")] == [SLOTS]
    assert [one.last for one in prometheus.ask("sum(taskmanager_inbox_active)")] == [1.0]

    def evaluated() -> bool:
        return all(rule["health"] == "ok" for rule in prometheus.rules())

    assert prometheus.rules()
    eventually(evaluated, within_seconds=LIMIT_SECONDS, what="every rule is evaluated without an error")
    firing = {alert["labels"]["alertname"] for alert in prometheus.alerts() if alert["state"] == "firing"}
    assert not firing
