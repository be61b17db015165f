"""What `make kubernetes` checks with finds what it is for."""

from pathlib import Path

import pytest
import yaml
from tests.kubernetes.custom_resources import definitions, faults
from tests.kubernetes.manifests import DEPLOY

DEFINITION = """
{{- if .Values.crds.install }}
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
spec:
  group: example.org
  names: {kind: Thing}
  versions:
    - name: v1
      schema:
        openAPIV3Schema:
          type: object
          properties:
            apiVersion: {type: string}
            kind: {type: string}
            metadata: {type: object}
            spec:
              type: object
              required: [size]
              properties:
                size: {x-kubernetes-int-or-string: true, pattern: "^x$"}
                open:
                  type: object
                  x-kubernetes-preserve-unknown-fields: true
                  properties: {a: {type: string}}
{{- end }}
"""


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"size": 5, "open": {"anything": 1}}, []),
        ({"size": "a"}, []),
        ({"size": True}, ["one: spec.size: True is not valid under any of the given schemas"]),
        ({"open": {}}, ["one: spec: 'size' is a required property"]),
        (
            {"size": 1, "sise": 2},
            ["one: spec: Additional properties are not allowed ('sise' was unexpected)"],
        ),
    ],
)
def test_a_definition_finds_what_is_missing_wrong_and_unknown(
    tmp_path: Path, spec: dict[str, object], told: list[str]
) -> None:
    (tmp_path / "thing.yaml").write_text(DEFINITION, encoding="utf-8")
    thing = {"apiVersion": "example.org/v1", "kind": "Thing", "metadata": {"name": "one"}, "spec": spec}
    assert [*faults(thing, definitions(tmp_path)["example.org/v1", "Thing"])] == told


def test_a_folder_without_definitions_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("kind: ConfigMap\n", encoding="utf-8")
    with pytest.raises(ValueError, match="has no CustomResourceDefinition"):
        definitions(tmp_path)


def test_every_check_that_is_left_out_has_a_reason() -> None:
    path = DEPLOY / "checkov.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    skipped = yaml.safe_load("\n".join(lines))["skip-check"]
    for one in skipped:
        place = lines.index(f"  - {one}")
        assert lines[place - 1].startswith("  # "), one
    assert len(skipped) == len(set(skipped)) == 4
