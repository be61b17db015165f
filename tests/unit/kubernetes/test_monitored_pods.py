"""Prometheus's operator finds what the chart makes, under the names that alerts and dashboards know."""

from pathlib import Path

import yaml
from tests.kubernetes.manifests import ROOT, Document, Rendered, all_rendered, chooses
from tests.kubernetes.promtool import promtool

RULES = ROOT / "deploy" / "prometheus" / "rules"
JOBS = {"gateway", "scheduler", "runner"}
"""Components that the rules know, as `taskmanager-<component>`."""
ADDRESS = "{{ $externalLabels.runbooks }}"
HOUSE = "https://docs.example.org/runbooks.html"


def _everything() -> Rendered:
    return all_rendered()["everything"]


def _relabelled(monitor: Document) -> dict[str, str]:
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    return {one["targetLabel"]: one.get("replacement", "") for one in endpoint["relabelings"]}


def test_each_pod_with_metrics_is_found_once_under_the_name_that_alerts_know() -> None:
    rendered = _everything()
    for pod in rendered.pods():
        found = [one for one in rendered.of("PodMonitor") if chooses(one["spec"]["selector"], pod)]
        assert [_relabelled(one)["job"] for one in found] == (
            [] if pod.component == "migrate" else [f"taskmanager-{pod.component}"]
        )
    assert {_relabelled(one)["job"] for one in rendered.of("PodMonitor")} >= {
        f"taskmanager-{one}" for one in JOBS
    }


def test_a_gateway_with_a_certificate_is_asked_over_tls() -> None:
    schemes = {
        name: one["spec"]["podMetricsEndpoints"][0].get("scheme")
        for name in ("keda", "tls")
        for one in all_rendered()[name].of("PodMonitor")
        if one["metadata"]["name"].endswith("-gateway")
    }
    assert schemes == {"keda": None, "tls": "https"}


def test_rules_are_those_that_are_tested(tmp_path: Path) -> None:
    found = _everything().of("PrometheusRule")
    assert len(found) == len([*RULES.glob("*.yml")])
    for one in found:
        stem = one["metadata"]["name"].removeprefix("jobs-")
        text = (RULES / f"{stem}.yml").read_text(encoding="utf-8")
        assert one["spec"] == yaml.safe_load(text.replace(ADDRESS, HOUSE))
        file = tmp_path / f"{stem}.yml"
        file.write_text(yaml.safe_dump(one["spec"]), encoding="utf-8")
        assert "SUCCESS" in promtool("check", "rules", file)


def test_the_labels_by_which_a_house_finds_things_are_on_them() -> None:
    for kind in ("PodMonitor", "PrometheusRule"):
        assert all(one["metadata"]["labels"]["release"] == "prometheus" for one in _everything().of(kind))


def test_a_prometheus_without_the_operator_finds_the_same_pods(rendered: Rendered) -> None:
    settings = yaml.safe_load(
        (ROOT / "deploy/prometheus/prometheus.kubernetes.yml").read_text(encoding="utf-8")
    )
    (ours,) = [one for one in settings["scrape_configs"] if one["job_name"] == "taskmanager"]
    kept = {
        one["source_labels"][0]: one["regex"]
        for one in ours["relabel_configs"]
        if one.get("action") == "keep"
    }
    assert kept == {
        "__meta_kubernetes_pod_label_app_kubernetes_io_part_of": "taskmanager",
        "__meta_kubernetes_pod_container_port_name": "http",
    }
    for pod in rendered.pods():
        assert pod.labels["app.kubernetes.io/part-of"] == "taskmanager"
        assert pod.component in {*JOBS, "orchestrator", "migrate"}
