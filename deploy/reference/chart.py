"""The part of the Helm chart's schema that says which settings may be given, and of what kind they are.

Settings that the chart makes itself from other values, and secrets, which do not belong into values, are left
out; a secret can be given as a file (`NAME_FILE`).
"""

import json
from collections.abc import Mapping
from typing import Any

from deploy.reference.settings import SERVICES, variable
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from taskmanager.process.config import FILE_SUFFIX, Settings

PARTS: Mapping[str, str] = {
    "Gateway": "gatewaySettings",
    "Scheduler": "schedulerSettings",
    "Plugin runner": "runnerSettings",
    "Orchestrator": "orchestratorSettings",
}
"""The name in the schema of each service's part."""
MADE_BY_CHART = frozenset(
    {
        "goobi",
        "http_port",
        "orchestrator",
        "paths",
        "roots",
        "runner_id",
        "slot_users",  # needs capabilities that a restricted pod cannot have
        "templates",
        "tls_certificate",
        "tls_key",
        "transport",
        "workspace",
        "drain_seconds",
    }
)
"""Settings that have a value of their own in the chart, or cannot be used there."""
SECRETS_OF_ACCOUNTS = frozenset({"amqp_url", "mongodb_url"})
"""Read from the Secret of each process."""
KEPT = ("type", "enum", "pattern", "minimum", "maximum", "exclusiveMinimum", "minLength", "maxLength")


def renewed_schema(text: str) -> str:
    """The schema with the parts that are made from the code; raises KeyError where one is missing."""
    schema = json.loads(text)
    for service, part in PARTS.items():
        schema["$defs"][part].clear()
        schema["$defs"][part].update(_settings(SERVICES[service]))
    return f"{json.dumps(schema, indent=2)}\n"


def _settings(settings: type[Settings]) -> dict[str, Any]:
    kinds = settings.model_json_schema(by_alias=False)
    known: dict[str, Any] = {}
    for name, field in settings.model_fields.items():
        if name in Settings.model_fields or name in MADE_BY_CHART | SECRETS_OF_ACCOUNTS:
            continue
        if _is_secret(field):
            known[variable(name, field) + FILE_SUFFIX] = {"type": "string", "pattern": "^/"}
        else:
            known[variable(name, field)] = _kind(kinds["properties"][name], kinds.get("$defs", {}))
    return {"type": "object", "additionalProperties": False, "properties": known}


def _is_secret(field: FieldInfo) -> bool:
    return "SecretStr" in str(field.annotation) or isinstance(field.default, SecretStr)


def _kind(kind: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in kind:
        return _kind(shared[kind["$ref"].rpartition("/")[2]], shared)
    if "anyOf" in kind:
        return _kind(next(one for one in kind["anyOf"] if one.get("type") != "null"), shared)
    return {key: kind[key] for key in KEPT if key in kind}
