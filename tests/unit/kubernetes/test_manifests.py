"""What the chart makes is valid, belongs together, and gives no pod more than it needs."""

from collections.abc import Mapping
from typing import Any

import pytest
from tests.kubernetes.manifests import Document, Pod, Rendered, all_rendered, chooses

FOREIGN = {"HTTPRoute", "PodMonitor", "PrometheusRule", "ScaledObject"}
"""Kinds of other projects, whose schemas are not at hand; `make kubernetes CRDS=folder` checks them."""
NAMESPACED = "taskmanager"
WRITERS = {"gateway": True, "scheduler": True, "migrate": True, "runner": False, "orchestrator": False}
"""Who may reach the database."""


def test_every_document_is_valid_for_three_versions_of_kubernetes(rendered: Rendered) -> None:
    unknown = {fault for fault in rendered.faults if fault.endswith("unknown kind")}
    assert not set(rendered.faults) - unknown
    assert {fault.split()[1] for fault in unknown} <= FOREIGN


def test_everything_is_of_every_kind_that_the_templates_know() -> None:
    kinds = {one["kind"] for one in all_rendered()["everything"].documents}
    assert kinds >= FOREIGN | {"Deployment", "StatefulSet", "Job", "Ingress", "NetworkPolicy", "Role"}


def test_helm_finds_nothing_to_say(rendered: Rendered) -> None:
    assert not rendered.lint


def test_no_two_documents_have_one_name(rendered: Rendered) -> None:
    names = [(one["kind"], one["metadata"]["name"]) for one in rendered.documents]
    assert len(names) == len(set(names))
    assert {one["metadata"]["namespace"] for one in rendered.documents} == {NAMESPACED}


def test_a_pod_is_as_the_strictest_standard_of_kubernetes_wants_it(rendered: Rendered) -> None:
    for pod in rendered.pods():
        who, inside = pod.spec["securityContext"], pod.container["securityContext"]
        assert who["runAsNonRoot"] is True
        assert who["runAsUser"] > 0
        assert who["seccompProfile"] == {"type": "RuntimeDefault"}
        assert inside["allowPrivilegeEscalation"] is False
        assert inside["capabilities"] == {"drop": ["ALL"]}
        assert inside["readOnlyRootFilesystem"] is True
        kinds = {next(key for key in one if key != "name") for one in pod.spec["volumes"]}
        assert kinds <= {"configMap", "emptyDir", "persistentVolumeClaim", "projected", "secret"}


def test_only_an_orchestrator_has_a_token(rendered: Rendered) -> None:
    for account in rendered.of("ServiceAccount"):
        assert account["automountServiceAccountToken"] is False
    accounts = {one["metadata"]["name"] for one in rendered.of("ServiceAccount")}
    for pod in rendered.pods():
        assert pod.spec["automountServiceAccountToken"] is False
        assert pod.spec["serviceAccountName"] in accounts
        tokens = [
            one for volume in pod.spec["volumes"] for one in volume.get("projected", {}).get("sources", ())
        ]
        assert any("serviceAccountToken" in one for one in tokens) == (pod.component == "orchestrator")


def test_names_of_services_in_the_cluster_are_not_taken_for_settings(rendered: Rendered) -> None:
    assert all(pod.spec["enableServiceLinks"] is False for pod in rendered.pods())


def test_what_is_mounted_is_there_and_what_is_there_is_mounted(rendered: Rendered) -> None:
    for pod in rendered.pods():
        own = [one["name"] for one in pod.spec["volumes"]]
        claimed = [one["metadata"]["name"] for one in pod.workload["spec"].get("volumeClaimTemplates", ())]
        mounted = [one["name"] for one in pod.container["volumeMounts"]]
        assert len(own) == len(set(own))
        assert set(mounted) == {*own, *claimed}
        places = [one["mountPath"] for one in pod.container["volumeMounts"]]
        assert len(places) == len(set(places))


def test_each_process_has_the_accounts_of_its_own_only(rendered: Rendered) -> None:
    secrets = [
        volume["secret"]["secretName"]
        for pod in rendered.pods()
        for volume in pod.spec["volumes"]
        if volume["name"] == "accounts"
    ]
    assert len(secrets) == len(rendered.pods()) == len(set(secrets))


def test_the_gateway_only_looks_at_files(rendered: Rendered) -> None:
    for pod in rendered.pods("gateway"):
        files = [one for one in pod.container["volumeMounts"] if one["name"].startswith("files-")]
        assert all(one["readOnly"] for one in files)


def test_templates_lie_where_their_plugin_looks_and_secrets_where_they_name_them() -> None:
    pods = {pod.name: pod for pod in all_rendered()["everything"].pods("runner")}
    for plugin in ("shell", "upload"):
        pod = next(one for name, one in pods.items() if name.endswith(f"runner-{plugin}"))
        variables = {one["name"]: one.get("value") for one in pod.container["env"]}
        mounted = {one["name"]: one["mountPath"] for one in pod.container["volumeMounts"]}
        assert mounted["templates"] == f"{variables['TASKMANAGER_TEMPLATES']}/{plugin}"
    assert mounted["secrets"] == "/etc/taskmanager/secrets"


@pytest.mark.parametrize("name", ["files-api", "everything"])
def test_without_a_share_nothing_of_it_is_mounted(name: str) -> None:
    apart = [
        pod
        for pod in all_rendered()[name].pods("runner")
        if pod.environment["TASKMANAGER_TRANSPORT"] == "files-api"
    ]
    assert apart
    for pod in apart:
        names = {one["name"] for one in pod.spec["volumes"]}
        assert not {one for one in names if one.startswith("files-")}
        assert names >= {"goobi", "goobi-secrets"}


def test_secrets_of_goobi_are_for_those_who_talk_to_it(rendered: Rendered) -> None:
    for pod in rendered.pods():
        if any(volume["name"] == "goobi-secrets" for volume in pod.spec["volumes"]):
            assert pod.component == "scheduler" or pod.environment["TASKMANAGER_TRANSPORT"] == "files-api"


def test_services_and_budgets_choose_the_pods_of_one_workload(rendered: Rendered) -> None:
    pods = rendered.pods()
    for service in rendered.of("Service"):
        (pod,) = [one for one in pods if chooses({"matchLabels": service["spec"]["selector"]}, one)]
        assert service["metadata"]["name"] == pod.name
        ports = {one["name"] for one in pod.container["ports"]}
        assert {one["targetPort"] for one in service["spec"]["ports"]} <= ports
    chosen = []
    for budget in rendered.of("PodDisruptionBudget"):
        (pod,) = [one for one in pods if chooses(budget["spec"]["selector"], one)]
        assert budget["spec"]["maxUnavailable"] == 1
        chosen.append(pod.name)
    assert set(chosen) == {pod.name for pod in pods if pod.component in {"gateway", "scheduler", "runner"}}


def test_two_of_each_server_are_spread_over_nodes(rendered: Rendered) -> None:
    for pod in rendered.pods():
        assert all(chooses(one["labelSelector"], pod) for one in pod.spec["topologySpreadConstraints"])
        if pod.component in {"gateway", "scheduler"}:
            assert pod.workload["spec"]["replicas"] >= 2


def test_entrances_lead_to_the_gateway() -> None:
    rendered = all_rendered()["everything"]
    (gateway,) = [one for one in rendered.of("Service") if one["metadata"]["name"].endswith("-gateway")]
    (port,) = gateway["spec"]["ports"]
    (ingress,), (route,) = rendered.of("Ingress"), rendered.of("HTTPRoute")
    backend = ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
    assert (backend["name"], backend["port"]["number"]) == (gateway["metadata"]["name"], port["port"])
    (behind,) = route["spec"]["rules"][0]["backendRefs"]
    assert (behind["name"], behind["port"]) == (gateway["metadata"]["name"], port["port"])


def _policies(rendered: Rendered, pod: Pod) -> list[Document]:
    return [one["spec"] for one in rendered.of("NetworkPolicy") if chooses(one["spec"]["podSelector"], pod)]


def _reached(policies: list[Document]) -> set[int]:
    rules: list[Mapping[str, Any]] = [rule for one in policies for rule in one["egress"]]
    assert all(rule["ports"] for rule in rules), "a rule without ports opens all of them"
    return {port["port"] for rule in rules for port in rule["ports"]}


def test_a_pod_reaches_what_it_needs_and_nothing_else(rendered: Rendered) -> None:
    for pod in rendered.pods():
        policies = _policies(rendered, pod)
        assert policies
        assert all(set(one["policyTypes"]) == {"Ingress", "Egress"} for one in policies)
        ports = _reached(policies)
        assert ports & {5671, 5672}, "everybody needs the broker"
        assert (27017 in ports) == WRITERS[pod.component]
        assert 53 in ports
        own_api = pod.environment.get("TASKMANAGER_TRANSPORT") == "files-api"
        outside = pod.labels.get("taskmanager/plugin") in {"download", "upload"}
        assert (22 in ports) == outside
        https = pod.component in {"scheduler", "orchestrator"} or own_api or outside
        identity = pod.component == "gateway" and 443 in ports
        assert (443 in ports or 6443 in ports) == (https or identity)


def test_nobody_calls_a_migration_and_monitoring_only_the_port_of_metrics(rendered: Rendered) -> None:
    for pod in rendered.pods():
        incoming = [rule for one in _policies(rendered, pod) for rule in one.get("ingress", ())]
        assert bool(incoming) == (pod.component != "migrate")
        assert all([port["port"] for port in rule["ports"]] == ["http"] for rule in incoming)
        if pod.component != "gateway":
            assert all(rule["from"] for rule in incoming)


def test_what_a_migration_needs_is_there_before_it() -> None:
    rendered = all_rendered()["default"]
    hooks = {
        one["kind"]: int(one["metadata"]["annotations"]["helm.sh/hook-weight"])
        for one in rendered.documents
        if "helm.sh/hook" in one["metadata"].get("annotations", {})
    }
    assert hooks == {"ServiceAccount": -10, "NetworkPolicy": -10, "Job": 0}


def test_the_notes_name_the_job_that_shows_the_first_password(rendered: Rendered) -> None:
    (job,) = rendered.of("Job")
    assert f"logs job/{job['metadata']['name']}\n" in rendered.notes
