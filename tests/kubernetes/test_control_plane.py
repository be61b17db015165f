"""The chart and the orchestrator's engine on a real API server with its controllers: `make cluster`.

There are no nodes, so these tests say of a pod that it is ready; everything else is done by Kubernetes.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import httpx
import pytest
import yaml
from tests.kubernetes.control_plane import PROGRAMS, Cluster, control_plane
from tests.kubernetes.manifests import DEPLOY, SETS, Document, all_rendered, ask, read_answer, values_of

from taskmanager.model.replicas import ReplicaState
from taskmanager_orchestrator.engines.kubernetes import KubernetesEngine
from taskmanager_orchestrator.port import EngineUnavailableError
from taskmanager_orchestrator.templates import KubernetesTemplate
from taskmanager_testing.waiting import eventually, eventually_async

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        "PROGRAMS" not in os.environ, reason=f"PROGRAMS names no folder with {', '.join(PROGRAMS)}"
    ),
]

RUNNING = ReplicaState.RUNNING
READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
WITHIN_SECONDS = 60


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with control_plane(Path(os.environ["PROGRAMS"]), Path(tmp_path_factory.mktemp("cluster"))) as made:
        yield made


def namespace_of(cluster: Cluster, name: str) -> str:
    """A namespace like that of the overlay, which refuses pods that want more than the chart's; its name."""
    document = yaml.safe_load((DEPLOY / "overlay" / "namespace.yaml").read_text(encoding="utf-8"))
    document["metadata"]["name"] = name
    assert cluster.apply(document) == []
    account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
    eventually(lambda: cluster.client.get(account).is_success, within_seconds=WITHIN_SECONDS, what=account)
    return name


def installed(cluster: Cluster, name: str, namespace: str) -> Sequence[Document]:
    """What a value set makes, applied; what belongs to other projects is left out."""
    answer = ask({name: {"values": values_of(name), "release": "taskmanager", "namespace": namespace}})[name]
    documents = [one for one in read_answer(answer).documents if cluster.knows(one)]
    for document in documents:
        placed = {**document, "metadata": {"namespace": namespace, **document["metadata"]}}
        assert cluster.apply(placed) == [], f"{document['kind']} {document['metadata']['name']}"
    return documents


def pods(cluster: Cluster, namespace: str, component: str) -> Mapping[str, Document]:
    """The pods that are there, by name."""
    chosen = f"app.kubernetes.io/component={component}"
    listed = cluster.client.get(f"/api/v1/namespaces/{namespace}/pods", params={"labelSelector": chosen})
    return {one["metadata"]["name"]: one for one in listed.raise_for_status().json()["items"]}


def make_ready(cluster: Cluster, namespace: str, component: str) -> None:
    """What their nodes would say of them."""
    for name in pods(cluster, namespace, component):
        cluster.patch(f"/api/v1/namespaces/{namespace}/pods/{name}/status", {"status": READY})


@pytest.mark.parametrize("name", SETS)
def test_the_api_server_takes_every_object_and_warns_of_none(cluster: Cluster, name: str) -> None:
    documents = installed(cluster, name, namespace_of(cluster, f"set-{name}"))
    assert {"Deployment", "StatefulSet", "Job", "Service"} <= {one["kind"] for one in documents}
    foreign = {one["kind"] for one in all_rendered()[name].documents if not cluster.knows(one)}
    assert foreign <= {"HTTPRoute", "PodMonitor", "PrometheusRule", "ScaledObject"}


def test_the_controllers_make_every_pod_and_volume_within_the_restricted_standard(cluster: Cluster) -> None:
    namespace = namespace_of(cluster, "pods")
    documents = installed(cluster, "default", namespace)
    sets = {one["metadata"]["name"] for one in documents if one["kind"] == "StatefulSet"}
    assert sets

    def made() -> bool:
        return (
            set(pods(cluster, namespace, "runner")) == {f"{name}-0" for name in sets}
            and len(pods(cluster, namespace, "gateway")) == 2
            and len(pods(cluster, namespace, "scheduler")) == 2
            and len(pods(cluster, namespace, "migrate")) == 1
        )

    eventually(made, within_seconds=WITHIN_SECONDS, what="all pods")
    claims = cluster.get(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims")["items"]
    assert len(claims) == len(sets)


def test_a_pod_that_wants_more_is_refused_there(cluster: Cluster) -> None:
    """Else the test before would say nothing."""
    namespace = namespace_of(cluster, "refused")
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "root", "namespace": namespace},
        "spec": {"containers": [{"name": "root", "image": "root"}]},
    }
    with pytest.raises(AssertionError, match="violates PodSecurity"):
        cluster.apply(pod)


def test_only_one_gateway_at_a_time_may_be_evicted(cluster: Cluster) -> None:
    namespace = namespace_of(cluster, "evicted")
    installed(cluster, "default", namespace)
    eventually(
        lambda: len(pods(cluster, namespace, "gateway")) == 2,
        within_seconds=WITHIN_SECONDS,
        what="two gateways",
    )
    make_ready(cluster, namespace, "gateway")
    budget = f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets/taskmanager-gateway"
    eventually(
        lambda: cluster.get(budget).get("status", {}).get("disruptionsAllowed") == 1,
        within_seconds=WITHIN_SECONDS,
        what="the budget has counted them",
    )

    def evict(name: str) -> int:
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": name, "namespace": namespace},
        }
        return cluster.client.post(
            f"/api/v1/namespaces/{namespace}/pods/{name}/eviction", json=body
        ).status_code

    first, second = pods(cluster, namespace, "gateway")
    assert evict(first) == httpx.codes.CREATED
    assert evict(second) == httpx.codes.TOO_MANY_REQUESTS


async def test_the_orchestrator_scales_its_sets_with_its_own_token_and_nothing_else(
    cluster: Cluster, tmp_path: Path
) -> None:
    namespace = namespace_of(cluster, "scaled")
    installed(cluster, "orchestrator", namespace)
    token = tmp_path / "token"
    token.write_text(cluster.token_of(namespace, "taskmanager-orchestrator"))

    def engine(*plugins: str) -> KubernetesEngine:
        templates = {one: KubernetesTemplate(stateful_set=f"taskmanager-runner-{one}") for one in plugins}
        return KubernetesEngine(
            cluster.address, namespace, templates, token_file=token, ca_file=cluster.authority
        )

    def set_pods() -> set[str]:
        return {one for one in pods(cluster, namespace, "runner") if "runner-jp2-" in one}

    async def replicas(count: int) -> None:
        async def reached() -> bool:
            make_ready(cluster, namespace, "runner")
            there = {one.name for one in await own.look() if one.state is RUNNING}
            return there == set_pods() == {f"taskmanager-runner-jp2-{number}" for number in range(count)}

        await eventually_async(reached, within_seconds=WITHIN_SECONDS, what=f"{count} runners")

    own = engine("jp2")
    await replicas(1)
    await own.start("jp2", "any")
    await replicas(2)
    await own.stop("jp2", ["taskmanager-runner-jp2-0"])
    await replicas(2)  # the last one is not among those
    await own.stop("jp2", ["taskmanager-runner-jp2-1", "taskmanager-runner-jp2-0"])
    await replicas(0)

    foreign = engine("shell")
    with pytest.raises(EngineUnavailableError, match="403"):
        await foreign.look()

    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "keda-hpa-jp2", "namespace": namespace},
        "spec": {
            "maxReplicas": 3,
            "scaleTargetRef": {
                "apiVersion": "apps/v1",
                "kind": "StatefulSet",
                "name": "taskmanager-runner-jp2",
            },
        },
    }
    cluster.apply(scaler)
    with pytest.raises(EngineUnavailableError, match="two must not scale one set"):
        await own.look()
    for one in (own, foreign):
        await one.close()
