"""The engine of a cluster, on an emulator of its API: it reads and changes one number of each StatefulSet.

The emulator has no controllers, so the tests play them: they set how many pods there are.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import kmock as emulator
import pytest

from taskmanager.model.replicas import ReplicaState
from taskmanager_orchestrator.engines.kubernetes import KubernetesEngine
from taskmanager_orchestrator.port import EngineUnavailableError, StartRefusedError
from taskmanager_orchestrator.templates import KubernetesTemplate

NAMESPACE = "taskmanager"
SETS, SCALERS = "apps/v1/statefulsets", "autoscaling/v2/horizontalpodautoscalers"
STARTING, RUNNING, STOPPING = ReplicaState.STARTING, ReplicaState.RUNNING, ReplicaState.STOPPING


class Cluster:
    """An emulated cluster with one namespace."""

    def __init__(self, server: emulator.KubernetesEmulator) -> None:
        self.server = server
        for kind in (SETS, SCALERS):
            server.resources[kind] = emulator.ResourceInfo(namespaced=True, verbs={"list", "get", "patch"})

    @property
    def address(self) -> str:
        return str(self.server.url).rstrip("/")

    def put(self, name: str, wanted: int, there: int) -> None:
        """A StatefulSet with so many pods wanted and so many there."""
        self.server.objects[SETS, NAMESPACE, name] = {
            "metadata": {"name": name, "namespace": NAMESPACE, "resourceVersion": "7"},
            "spec": {"replicas": wanted},
            "status": {"replicas": there},
        }

    def put_scaler(self, name: str, target: str, kind: str = "StatefulSet") -> None:
        """An autoscaler as KEDA makes one."""
        self.server.objects[SCALERS, NAMESPACE, name] = {
            "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": {"scaleTargetRef": {"kind": kind, "name": target}},
        }

    def wanted(self, name: str) -> int:
        """How many pods are wanted now."""
        spec: dict[str, Any] = self.server.objects[SETS, NAMESPACE, name].raw["spec"]
        return int(spec["replicas"])

    @property
    def changes(self) -> list[emulator.Request]:
        """The requests that changed something."""
        return list(self.server["patch"]) + list(self.server["post"]) + list(self.server["put"])


@pytest.fixture
def cluster(kmock: emulator.KubernetesEmulator) -> Cluster:
    return Cluster(kmock)


@pytest.fixture
async def engine(cluster: Cluster, tmp_path: Path) -> AsyncIterator[KubernetesEngine]:
    token = tmp_path / "token"
    token.write_text("secret\n")
    templates = {
        "jp2": KubernetesTemplate(stateful_set="runner-jp2"),
        "shell": KubernetesTemplate(stateful_set="runner-shell"),
    }
    made = KubernetesEngine(cluster.address, NAMESPACE, templates, token_file=token)
    yield made
    await made.close()


async def test_pods_are_told_by_their_numbers(cluster: Cluster, engine: KubernetesEngine) -> None:
    cluster.put("runner-jp2", wanted=3, there=2)
    cluster.put("runner-shell", wanted=0, there=1)
    assert [(one.plugin, one.name, one.runner, one.state) for one in await engine.look()] == [
        ("jp2", "runner-jp2-0", "runner-jp2-0", RUNNING),
        ("jp2", "runner-jp2-1", "runner-jp2-1", RUNNING),
        ("jp2", "runner-jp2-2", "runner-jp2-2", STARTING),
        ("shell", "runner-shell-0", "runner-shell-0", STOPPING),
    ]


async def test_a_set_that_does_not_exist_has_no_pods_and_cannot_be_started(
    cluster: Cluster, engine: KubernetesEngine
) -> None:
    assert list(await engine.look()) == []
    with pytest.raises(StartRefusedError, match="no StatefulSet for jp2"):
        await engine.start("jp2", "whatever")
    assert cluster.changes == []


async def test_each_start_is_one_more(cluster: Cluster, engine: KubernetesEngine) -> None:
    cluster.put("runner-jp2", wanted=0, there=0)
    for _ in range(2):
        await engine.start("jp2", "here.jp2.1")
    assert cluster.wanted("runner-jp2") == 2


@pytest.mark.parametrize(
    ("names", "left"),
    [
        (["runner-jp2-3"], 3),
        (["runner-jp2-2", "runner-jp2-3"], 2),
        (["runner-jp2-2"], 4),
        (["runner-jp2-0", "runner-jp2-3"], 3),
        (["runner-shell-3"], 4),
        ([], 4),
    ],
)
async def test_only_the_last_ones_are_stopped_and_only_if_they_are_named(
    cluster: Cluster, engine: KubernetesEngine, names: list[str], left: int
) -> None:
    cluster.put("runner-jp2", wanted=4, there=4)
    await engine.stop("jp2", names)
    assert cluster.wanted("runner-jp2") == left
    assert len(cluster.changes) == (left != 4)


async def test_a_change_names_the_version_it_is_about_and_touches_the_scale_alone(
    cluster: Cluster, engine: KubernetesEngine
) -> None:
    cluster.put("runner-jp2", wanted=1, there=1)
    await engine.stop("jp2", ["runner-jp2-0"])
    [change] = cluster.changes
    assert change.data == {"metadata": {"resourceVersion": "7"}, "spec": {"replicas": 0}}
    assert str(change.url).endswith(f"/apis/apps/v1/namespaces/{NAMESPACE}/statefulsets/runner-jp2/scale")
    assert change.headers["Content-Type"] == "application/merge-patch+json"
    assert change.headers["Authorization"] == "Bearer secret"


async def test_a_set_that_another_scales_is_refused(cluster: Cluster, engine: KubernetesEngine) -> None:
    cluster.put("runner-jp2", wanted=1, there=1)
    cluster.put_scaler("other", "runner-jp2", kind="Deployment")
    cluster.put_scaler("another", "gateway")
    assert len(await engine.look()) == 1
    cluster.put_scaler("keda-hpa-jp2", "runner-jp2")
    with pytest.raises(EngineUnavailableError, match="keda-hpa-jp2"):
        await engine.look()


async def test_a_cluster_that_is_away_or_refuses_is_unavailable(
    cluster: Cluster, engine: KubernetesEngine
) -> None:
    cluster.server["get /"] << 403
    cluster.server["get /apis/autoscaling/v2/namespaces/taskmanager/horizontalpodautoscalers"] << 403
    with pytest.raises(EngineUnavailableError, match="403"):
        await engine.look()
    nowhere = KubernetesEngine("http://127.0.0.1:9", NAMESPACE, {})
    with pytest.raises(EngineUnavailableError, match="kubernetes"):
        await nowhere.look()
    await nowhere.close()
