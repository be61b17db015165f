"""The examples for the operators of broker and database, the claim and the overlay belong to the chart."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.kubernetes.manifests import DEPLOY, TOOLS, all_rendered, plugins_of_the_chart

from taskmanager.mongo.access.database_accounts import ALL_COLLECTIONS, grants
from taskmanager_scheduler.cli.accounts import main as write_accounts

OVERLAY = DEPLOY / "overlay"


def _documents(path: Path) -> Sequence[Any]:
    return [*yaml.safe_load_all(path.read_text(encoding="utf-8"))]


def test_roles_of_the_database_are_those_of_the_code() -> None:
    (cluster,) = _documents(DEPLOY / "examples" / "mongodb.yaml")
    roles = {
        (one["role"], one["db"]): [(p["resource"], p["actions"]) for p in one["privileges"]]
        for one in cluster["spec"]["security"]["roles"]
    }
    users = {
        one["name"]: [(role["name"], role["db"]) for role in one["roles"]] for one in cluster["spec"]["users"]
    }
    wanted = grants("taskmanager")
    assert roles == {
        (account.value, one.database): [
            ({"db": one.database, "collection": ALL_COLLECTIONS}, [*one.actions]),
        ]
        for account, granted in wanted.items()
        for one in granted
    }
    assert users == {
        account.value: [(account.value, one.database) for one in granted]
        for account, granted in wanted.items()
    }


def test_the_broker_reads_the_definitions_that_are_mounted() -> None:
    (cluster,) = _documents(DEPLOY / "examples" / "rabbitmq.yaml")
    pod = cluster["spec"]["override"]["statefulSet"]["spec"]["template"]["spec"]
    (mount,) = pod["containers"][0]["volumeMounts"]
    assert mount["name"] == pod["volumes"][0]["name"]
    settings = cluster["spec"]["rabbitmq"]["additionalConfig"]
    assert f"load_definitions = {mount['mountPath']}/definitions.json\n" in settings


def test_the_claim_is_the_one_that_the_chart_expects_and_many_may_write() -> None:
    volume, claim = _documents(DEPLOY / "examples" / "files.yaml")
    mounted = {
        one["persistentVolumeClaim"]["claimName"]
        for pod in all_rendered()["default"].pods()
        for one in pod.spec["volumes"]
        if "persistentVolumeClaim" in one
    }
    assert mounted == {claim["metadata"]["name"]}
    assert claim["spec"]["volumeName"] == volume["metadata"]["name"]
    assert claim["spec"]["accessModes"] == volume["spec"]["accessModes"] == ["ReadWriteMany"]


@pytest.fixture
def built(tmp_path: Path) -> Sequence[Any]:
    """What kustomize itself makes of the overlay."""
    folder = tmp_path / "overlay"
    shutil.copytree(OVERLAY, folder)
    documents = [dict(one) for one in all_rendered()["overlay"].documents]
    (folder / "rendered.yaml").write_text(yaml.safe_dump_all(documents), encoding="utf-8")
    done = subprocess.run(
        [TOOLS / "kubectl", "kustomize", folder], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [*yaml.safe_load_all(done.stdout)]


def test_the_overlay_changes_what_it_says(built: Sequence[Any]) -> None:
    (runner,) = [
        one
        for one in built
        if one["metadata"]["name"] == "taskmanager-runner-jp2" and one["kind"] == "StatefulSet"
    ]
    spec = runner["spec"]["template"]["spec"]
    assert spec["nodeSelector"] == {"example.org/processors": "many"}
    (container,) = spec["containers"]
    assert "@sha256:" in container["image"]
    assert container["resources"]["requests"]["cpu"] == "8"
    assert container["env"], "the rest of the container is as it was"


def test_the_overlay_makes_the_namespace_strict_and_leaves_no_hook(built: Sequence[Any]) -> None:
    (namespace,) = [one for one in built if one["kind"] == "Namespace"]
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert {one["metadata"].get("namespace", "taskmanager") for one in built} == {
        namespace["metadata"]["name"]
    }
    assert not [one for one in built if "helm.sh/hook" in one["metadata"].get("annotations", {})]


def test_the_accounts_that_are_written_are_the_secrets_that_pods_mount(tmp_path: Path) -> None:
    plugins = plugins_of_the_chart()
    servers = [
        "--broker",
        "taskmanager-rabbitmq:5672",
        "--database",
        "a:27017,b:27017/taskmanager?replicaSet=c",
    ]
    write_accounts([str(tmp_path), "--plugins", *plugins, *servers])
    written = {f"taskmanager-{one.parent.name}": one for one in tmp_path.glob("*/amqp_url")}
    documents = {*written}
    for pod in [*all_rendered()["default"].pods(), *all_rendered()["orchestrator"].pods("orchestrator")]:
        (secret,) = [one["secret"]["secretName"] for one in pod.spec["volumes"] if one["name"] == "accounts"]
        documents.discard(secret)
        files = {one.name for one in written[secret].parent.iterdir()}
        asked = {
            Path(str(value)).name for name, value in pod.environment.items() if name.endswith("_URL_FILE")
        }
        assert asked <= files
    assert not documents, "accounts that nobody uses"
