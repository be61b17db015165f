"""Who says how many runners there are: KEDA by jobs, or an orchestrator with few rights, never both."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.kubernetes.manifests import ROOT, Document, all_rendered
from tests.kubernetes.promtool import evaluate
from tests.monitoring.vocabulary import mistakes

from taskmanager.model.waiting import WaitingCode
from taskmanager_orchestrator.settings import load

KEDA = ("keda", "everything")
HELPED = {
    WaitingCode.ITS_TURN,
    WaitingCode.NO_FREE_SLOT,
    WaitingCode.NO_RUNNER,
    WaitingCode.RUNNER_STARTING,
    WaitingCode.RUNNER_FAILED_TO_START,
    WaitingCode.RUNNERS_DRAINED,
}
"""What more runners are good for; not for a stopped plugin, a limit that is reached, or a pause."""


def _triggers() -> Sequence[tuple[Document, Mapping[str, str]]]:
    return [
        (one, one["spec"]["triggers"][0]["metadata"])
        for name in KEDA
        for one in all_rendered()[name].of("ScaledObject")
    ]


@pytest.mark.parametrize("name", KEDA)
def test_keda_scales_a_set_that_there_is_by_its_slots(name: str) -> None:
    rendered = all_rendered()[name]
    for one in rendered.of("ScaledObject"):
        target = one["spec"]["scaleTargetRef"]
        (pod,) = [pod for pod in rendered.pods("runner") if pod.name == target["name"]]
        assert (target["apiVersion"], target["kind"]) == ("apps/v1", pod.workload["kind"])
        (trigger,) = one["spec"]["triggers"]
        slots = pod.container["command"][pod.container["command"].index("--slots") + 1]
        assert trigger["metadata"]["threshold"] == slots
        assert trigger["metricType"] == "AverageValue", "jobs for each slot"
        assert one["spec"]["minReplicaCount"] <= one["spec"]["maxReplicaCount"]
        assert f'plugin="{pod.labels["taskmanager/plugin"]}"' in trigger["metadata"]["query"]


def test_keda_counts_what_the_scheduler_shows() -> None:
    for _, metadata in _triggers():
        assert not [*mistakes(metadata["query"])]
        assert not [reason for reason in HELPED if reason.value not in metadata["query"]]
        assert not [reason for reason in set(WaitingCode) - HELPED if f"{reason.value}|" in metadata["query"]]


def test_keda_does_not_take_silence_for_no_jobs() -> None:
    assert all(metadata["ignoreNullValues"] == "false" for _, metadata in _triggers())


def _series(metric: str, scheduler: str, values: str, **labels: str) -> dict[str, str]:
    inside = ", ".join(f'{name}="{value}"' for name, value in (labels | {"instance": scheduler}).items())
    return {"series": f"taskmanager_{metric}{{{inside}}}", "values": f"{values}+0x4"}


def _jobs(scheduler: str, status: str, values: str, plugin: str = "jp2") -> dict[str, str]:
    return _series("jobs", scheduler, values, plugin=plugin, status=status)


def _waiting(scheduler: str, reason: str, values: str) -> dict[str, str]:
    return _series("queue_waiting_jobs", scheduler, values, plugin="jp2", reason=reason)


CASES = {
    "waiting and working": ([_waiting("a", "no_free_slot", "5"), _jobs("a", "PROCESSING", "2")], 7),
    "the last tickets are taken": ([_waiting("a", "its_turn", "0"), _jobs("a", "UPLOAD", "3")], 3),
    "a stopped plugin": ([_waiting("a", "plugin_stopped", "50"), _jobs("a", "PROCESSING", "0")], 0),
    "a limit": ([_waiting("a", "limit_reached", "50"), _jobs("a", "PROCESSING", "4")], 4),
    "two schedulers while one takes over": (
        [
            _waiting("a", "its_turn", "5"),
            _waiting("b", "its_turn", "6"),
            _jobs("a", "DOWNLOAD", "1"),
            _jobs("b", "DOWNLOAD", "1"),
        ],
        7,
    ),
    "other plugins": ([_jobs("a", "PROCESSING", "9", plugin="shell"), _jobs("a", "PROCESSING", "1")], 1),
    "done and failed jobs": (
        [_jobs("a", "DONE", "900"), _jobs("a", "ERROR", "9"), _jobs("a", "UPLOAD", "0")],
        0,
    ),
    "no scheduler": ([], None),
}


@pytest.mark.parametrize("case", CASES)
def test_prometheus_evaluates_what_keda_asks(case: str, tmp_path: Path) -> None:
    series, expected = CASES[case]
    (query,) = [
        metadata["query"]
        for one, metadata in _triggers()
        if one["metadata"]["name"] == "taskmanager-runner-jp2"
    ]
    samples = [] if expected is None else [{"labels": "{}", "value": expected}]
    evaluate(tmp_path, series, {query: samples})


@pytest.mark.parametrize("name", ["orchestrator", "everything"])
def test_an_orchestrator_reads_its_file(name: str, tmp_path: Path) -> None:
    rendered = all_rendered()[name]
    (settings,) = [one for one in rendered.of("ConfigMap") if "orchestrator.toml" in one["data"]]
    path = tmp_path / "orchestrator.toml"
    path.write_text(settings["data"]["orchestrator.toml"], encoding="utf-8")
    file = load(path)
    assert file.engine == "kubernetes"
    assert file.kubernetes is not None
    assert file.kubernetes.namespace == "taskmanager"
    (pod,) = rendered.pods("orchestrator")
    mounts = {one["mountPath"] for one in pod.container["volumeMounts"]}
    for needed in (file.kubernetes.token_file, file.kubernetes.ca_file):
        assert needed is not None
        assert str(needed.parent) in mounts
    sets = {plugin: one.kubernetes.stateful_set for plugin, one in file.plugins.items() if one.kubernetes}
    assert sets.items() <= {(one.labels["taskmanager/plugin"], one.name) for one in rendered.pods("runner")}
    assert not set(sets.values()) & {
        one["spec"]["scaleTargetRef"]["name"] for one in rendered.of("ScaledObject")
    }
    assert set(sets.values()) == set(rendered.of("Role")[0]["rules"][0]["resourceNames"])


def _rights(role: Document) -> Sequence[tuple[Any, ...]]:
    return [(one["apiGroups"], one["resources"], one["verbs"]) for one in role["rules"]]


def test_an_orchestrator_has_the_rights_that_its_engine_uses_and_no_other() -> None:
    (role,) = all_rendered()["orchestrator"].of("Role")
    assert _rights(role) == [
        (["apps"], ["statefulsets/scale"], ["get", "patch"]),
        (["autoscaling"], ["horizontalpodautoscalers"], ["list"]),
    ]
    documents = yaml.safe_load_all((ROOT / "deploy/orchestrator/kubernetes.yaml").read_text(encoding="utf-8"))
    (without_helm,) = [one for one in documents if one["kind"] == "Role"]
    assert _rights(role) == _rights(without_helm)


def test_nobody_has_rights_where_there_is_no_orchestrator() -> None:
    for name, rendered in all_rendered().items():
        assert bool(rendered.of("Role")) == bool(rendered.pods("orchestrator")), name
        assert not rendered.of("ClusterRole")
