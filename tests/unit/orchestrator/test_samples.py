"""The sample files of `deploy/orchestrator` are valid."""

from pathlib import Path

import yaml

from taskmanager_orchestrator.settings import load

SAMPLES = Path(__file__).parents[3] / "deploy" / "orchestrator"


def test_the_file_of_the_compose_profile_names_the_plugins_it_starts() -> None:
    file = load(SAMPLES / "docker.toml")
    assert (file.engine, set(file.most)) == ("docker", {"jp2", "shell"})
    for plugin, template in file.plugins.items():
        assert template.docker is not None
        assert plugin in template.docker.command
        assert f"taskmanager_accounts-runner-{plugin}:/run/accounts:ro" in template.docker.mounts


def test_the_rights_in_a_cluster_are_those_that_the_documentation_names() -> None:
    documents = yaml.safe_load_all((SAMPLES / "kubernetes.yaml").read_text())
    [role] = [one for one in documents if one["kind"] == "Role"]
    granted = {(*rule["resources"], *rule["verbs"]) for rule in role["rules"]}
    assert granted == {("statefulsets/scale", "get", "patch"), ("horizontalpodautoscalers", "list")}
