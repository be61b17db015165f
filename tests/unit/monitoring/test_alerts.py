"""Alerts: each fires when it should and not a little before, and says where it is described."""

import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.monitoring.expressions import PROMETHEUS, ROOT, alerts, of_rules
from tests.monitoring.vocabulary import mistakes

CASES = sorted((PROMETHEUS / "tests").glob("*.yml"))
RUNBOOKS = (ROOT / "docs" / "runbooks.md").read_text(encoding="utf-8")
NAMED = re.compile(r'alertname="(\w+)"')
ADDRESS = "{{ $externalLabels.runbooks }}#"


def promtool(*words: str | Path) -> str:
    """What Prometheus's own tool says; fails with it if it finds something wrong."""
    program = shutil.which("promtool")
    assert program, "promtool is not installed: run `make setup`"
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def cases() -> Mapping[str, Mapping[bool, list[str]]]:
    """The names of the cases of each alert: those in which it fires, and those in which it stays silent."""
    found: dict[str, dict[bool, list[str]]] = defaultdict(lambda: {True: [], False: []})
    for file in CASES:
        for case in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]:
            first = case["promql_expr_test"][0]
            (alert,) = NAMED.findall(first["expr"])
            found[alert][bool(first["exp_samples"])].append(case["name"])
    return found


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_alerts_fire_when_they_should_and_only_then(file: Path) -> None:
    assert "SUCCESS" in promtool("test", "rules", file)


def test_every_alert_has_a_case_that_fires_and_one_that_stays_silent() -> None:
    found = cases()
    assert found.keys() == {rule["alert"] for rule in alerts()}
    for alert, names in found.items():
        assert all(name.startswith(f"{alert} fires: ") for name in names[True]), alert
        assert all(name.startswith(f"{alert} stays silent: ") for name in names[False]), alert
        assert names[True], alert
        assert names[False], alert


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_an_alert_says_how_bad_it_is_and_where_it_is_described(rule: Mapping[str, Any]) -> None:
    name = rule["alert"]
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert rule["annotations"]["runbook_url"] == f"{ADDRESS}{name.lower()}"
    (paragraph,) = re.findall(rf"^### {name}$\n(.*?)(?=^##|\Z)", RUNBOOKS, re.MULTILINE | re.DOTALL)
    assert "**Look at**" in paragraph
    assert "**Do**" in paragraph


def test_no_runbook_is_about_an_alert_that_is_no_more() -> None:
    assert set(re.findall(r"^### (TaskManager\w+)$", RUNBOOKS, re.MULTILINE)) == {
        rule["alert"] for rule in alerts()
    }


def test_rules_name_only_metrics_labels_and_values_that_there_are() -> None:
    wrong = {f"{one.title}: {mistake}" for one in of_rules() for mistake in mistakes(one.expr)}
    assert not wrong


@pytest.mark.parametrize("name", ["compose", "systemd"])
def test_prometheus_reads_its_configuration(name: str) -> None:
    assert "SUCCESS" in promtool("check", "config", PROMETHEUS / f"prometheus.{name}.yml")


POD = {
    "__meta_kubernetes_pod_label_app_kubernetes_io_part_of": "taskmanager",
    "__meta_kubernetes_pod_label_app_kubernetes_io_component": "runner",
    "__meta_kubernetes_pod_container_port_name": "http",
    "__meta_kubernetes_pod_phase": "Running",
    "__meta_kubernetes_pod_name": "runner-jp2-0",
}
BROKER = {
    "__meta_kubernetes_pod_label_app_kubernetes_io_name": "rabbitmq",
    "__meta_kubernetes_pod_container_port_name": "prometheus",
    "__meta_kubernetes_pod_name": "rabbitmq-0",
}


@pytest.mark.parametrize(
    ("job", "pod", "labels"),
    [
        ("taskmanager", POD, {"job": "taskmanager-runner", "instance": "runner-jp2-0"}),
        ("taskmanager", {**POD, "__meta_kubernetes_pod_phase": "Failed"}, None),
        ("taskmanager", {**POD, "__meta_kubernetes_pod_container_port_name": "debug"}, None),
        ("taskmanager", BROKER, None),
        ("rabbitmq", BROKER, {"job": "rabbitmq", "instance": "rabbitmq-0"}),
        ("rabbitmq-queues", BROKER, {"job": "rabbitmq-queues", "__metrics_path__": "/metrics/detailed"}),
        ("rabbitmq", POD, None),
    ],
)
def test_pods_get_the_names_that_alerts_and_dashboards_know(
    tmp_path: Path, job: str, pod: Mapping[str, str], labels: Mapping[str, str] | None
) -> None:
    """Debian's promtool is built without Kubernetes, so the pods are given as what would be discovered."""
    settings = yaml.safe_load((PROMETHEUS / "prometheus.kubernetes.yml").read_text(encoding="utf-8"))
    del settings["rule_files"]
    for one in settings["scrape_configs"]:
        assert one.pop("kubernetes_sd_configs") == [{"role": "pod", "namespaces": {"names": ["taskmanager"]}}]
        one["static_configs"] = [{"targets": ["10.0.0.1:8082"], "labels": dict(pod)}]
    file = tmp_path / "prometheus.yml"
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")

    (found,) = yaml.safe_load(promtool("check", "service-discovery", "--timeout=200ms", file, job))

    got = found.get("labels") or {}
    assert {name: got.get(name) for name in labels} == labels if labels else not got


def test_all_three_configurations_scrape_the_same_jobs() -> None:
    def jobs(name: str) -> Sequence[str]:
        settings = yaml.safe_load((PROMETHEUS / f"prometheus.{name}.yml").read_text(encoding="utf-8"))
        return sorted(one["job_name"] for one in settings["scrape_configs"])

    ours = {"taskmanager-gateway", "taskmanager-runner", "taskmanager-scheduler"}
    assert jobs("compose") == jobs("systemd")
    assert set(jobs("compose")) - ours == set(jobs("kubernetes")) - {"taskmanager"}
