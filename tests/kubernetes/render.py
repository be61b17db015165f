"""Renders the chart and checks it against the schemas of Kubernetes; runs in the environment of the tools.

`.venv/tools/bin/python tests/kubernetes/render.py < question.json`: a JSON object of value sets by name, each
with `values`, and `release` and `namespace` if they matter. The answer, on stdout, has for each the documents
it makes, or `refused` with what Helm says. Instead of values there may be `documents`,
which are only checked.

The library calls Helm's own code, so neither a cluster nor a program `helm` is needed.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import helm_python
import kubernetes_validate
import yaml
from kubernetes_validate import utils

CHART = Path(__file__).resolve().parents[2] / "deploy" / "helm" / "taskmanager"
VERSIONS = ("1.30", "1.34", "1.37")
"""The oldest that the chart is for, one between, and the newest that schemas are at hand of."""
NOTES = "NOTES.txt"

utils.schema_contents = cache(utils.schema_contents)  # else it reads a megabyte again for each document


def main() -> None:
    """Answer the question on stdin."""
    with helm_python.Chart.load(CHART) as chart:
        answer = {
            name: {"faults": [*faults(one["documents"])]} if "documents" in one else _rendered(chart, **one)
            for name, one in json.load(sys.stdin).items()
        }
    json.dump(answer, sys.stdout)


def _rendered(
    chart: Any, values: Mapping[str, Any], release: str = "taskmanager", namespace: str = "taskmanager"
) -> Mapping[str, Any]:
    try:
        texts = chart.render(values=dict(values), name=release, namespace=namespace)
    except helm_python.HelmError as error:
        return {"refused": str(error)}
    notes = next(text for name, text in texts.items() if name.endswith(NOTES))
    documents = [
        {"file": name, "document": document}
        for name, text in sorted(texts.items())
        if name.endswith(".yaml")
        for document in yaml.safe_load_all(text)
        if document
    ]
    found = helm_python.lint(CHART, dict(values), strict=True, namespace=namespace)
    return {
        "notes": notes,
        "documents": documents,
        "lint": [one for one in found["messages"] if one["severity"] > 1] + found["errors"],
        "faults": [*faults([one["document"] for one in documents])],
    }


def faults(documents: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What the schemas of any of the versions refuse; unknown fields too."""
    for document in documents:
        for version in VERSIONS:
            if text := _fault(json.dumps(document), version):
                yield f"{version}: {document['kind']} {document['metadata']['name']}: {text}"


@cache
def _fault(document: str, version: str) -> str | None:
    """The same documents are in many sets."""
    try:
        kubernetes_validate.validate(json.loads(document), version, strict=True)
    except kubernetes_validate.SchemaNotFoundError:
        return "unknown kind"
    except kubernetes_validate.ValidationError as error:
        return f"{'.'.join(map(str, error.path))}: {error.message}"
    return None


if __name__ == "__main__":
    main()
