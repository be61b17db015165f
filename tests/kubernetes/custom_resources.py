"""Documents of other projects' kinds, against the definitions of those; unknown fields are refused."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import yaml

LEFT_OPEN = "x-kubernetes-preserve-unknown-fields"
NUMBER_OR_TEXT = "x-kubernetes-int-or-string"


def definitions(folder: Path) -> Mapping[tuple[str, str], Mapping[str, Any]]:
    """The schemas of a folder by apiVersion and kind; raises ValueError where there is none.

    Lines with the braces of a template, as charts of definitions have them, are left out.
    """
    found = {}
    for path in sorted(folder.rglob("*.y*ml")):
        lines = path.read_text(encoding="utf-8").splitlines()
        for one in yaml.safe_load_all("\n".join(line for line in lines if "{{" not in line)):
            if one and one.get("kind") == "CustomResourceDefinition":
                spec = one["spec"]
                for version in spec["versions"]:
                    schema = strict(version["schema"]["openAPIV3Schema"])
                    schema["properties"]["metadata"] = {"type": "object"}
                    found[f"{spec['group']}/{version['name']}", spec["names"]["kind"]] = schema
    if not found:
        message = f"{folder} has no CustomResourceDefinition"
        raise ValueError(message)
    return found


def strict(schema: Any) -> Any:
    """The schema, of which no object takes a field that it does not name."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: strict(value) for key, value in schema.items()}
    closed = made.get("type") == "object" and isinstance(made.get("properties"), dict)
    if closed and not made.get(LEFT_OPEN):
        made.setdefault("additionalProperties", False)
    if made.get(NUMBER_OR_TEXT):
        made = {key: value for key, value in made.items() if key not in {"type", "pattern"}}
        made["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    return made


def faults(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a document, each with where it is."""
    for error in jsonschema.Draft202012Validator(schema).iter_errors(document):
        yield f"{document['metadata']['name']}: {'.'.join(map(str, error.path))}: {error.message}"
