"""Wrong values are refused before anything reaches a cluster, and the message says which and why."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
import yaml
from deploy.reference.chart import PARTS, SECRETS_OF_ACCOUNTS, renewed_schema
from deploy.reference.settings import SERVICES, variable
from tests.kubernetes.manifests import CHART, ask

from taskmanager import __version__

SCHEMA = CHART / "values.schema.json"
WRONG: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "a value that does not exist": ({"gatway": {}}, "additional properties 'gatway' not allowed"),
    "a setting that does not exist": (
        {"gateway": {"settings": {"TASKMANAGER_ACESS": "off"}}},
        "at '/gateway/settings': additional properties 'TASKMANAGER_ACESS' not allowed",
    ),
    "a setting of another service": (
        {"scheduler": {"settings": {"TASKMANAGER_BATCH_LIMIT": 5}}},
        "at '/scheduler/settings': additional properties 'TASKMANAGER_BATCH_LIMIT' not allowed",
    ),
    "a word that YAML reads as false": (
        {"gateway": {"settings": {"TASKMANAGER_ACCESS": False}}},
        "at '/gateway/settings/TASKMANAGER_ACCESS': got boolean, want string",
    ),
    "a number out of range": (
        {"plugins": {"jp2": {"settings": {"TASKMANAGER_NICE": 20}}}},
        "at '/plugins/jp2/settings/TASKMANAGER_NICE': maximum: got 20, want 19",
    ),
    "a secret among the values": (
        {"gateway": {"settings": {"TASKMANAGER_OIDC_CLIENT_SECRET": "hidden"}}},
        "'TASKMANAGER_OIDC_CLIENT_SECRET' not allowed",
    ),
    "what the chart sets itself": (
        {"runners": {"settings": {"TASKMANAGER_DRAIN_SECONDS": 5}}},
        "'TASKMANAGER_DRAIN_SECONDS' not allowed",
    ),
    "users of slots": (
        {"runners": {"settings": {"TASKMANAGER_SLOT_USERS": "61000"}}},
        "'TASKMANAGER_SLOT_USERS' not",
    ),
    "root": ({"user": 0}, "at '/user': minimum: got 0, want 1"),
    "no slot": ({"plugins": {"jp2": {"slots": 0}}}, "at '/plugins/jp2/slots': minimum: got 0, want 1"),
    "a name that no plugin can have": ({"plugins": {"JP2": {}}}, "'JP2' does not match pattern"),
    "a relative folder": (
        {"files": {"folders": [{"path": "files", "claim": "a"}]}},
        "at '/files/folders/0/path'",
    ),
    "no folder": ({"files": {"folders": []}}, "at '/files/folders': minItems: got 0, want 1"),
    "a share without a claim": ({"files": {"folders": [{"path": "/a"}]}}, "/a needs a `claim`"),
    "a digest that is none": (
        {"image": {"digests": {"taskmanager-gateway": "latest"}}},
        "at '/image/digests/taskmanager-gateway'",
    ),
    "an entrance without a name": ({"gateway": {"ingress": {"enabled": True}}}, "at '/gateway/ingress/host'"),
    "KEDA without an end": (
        {"plugins": {"jp2": {"scaling": {"by": "keda"}}}},
        "plugins.jp2.scaling: by is keda, so `max` is needed",
    ),
    "KEDA upside down": (
        {"plugins": {"jp2": {"scaling": {"by": "keda", "min": 3, "max": 2}}}},
        "plugins.jp2.scaling: min is above max",
    ),
    "KEDA and an orchestrator for one set": (
        {
            "orchestrator": {"enabled": True},
            "plugins": {"jp2": {"scaling": {"by": "keda", "max": 3, "most": 3}}},
        },
        "plugins.jp2.scaling: `most` is given, but by is keda; one set is scaled by one",
    ),
    "an orchestrator and KEDA for one set": (
        {
            "orchestrator": {"enabled": True},
            "plugins": {"jp2": {"scaling": {"by": "orchestrator", "max": 3}}},
        },
        "plugins.jp2.scaling: `max` is given, but by is orchestrator; one set is scaled by one",
    ),
    "an orchestrator that is off": (
        {"plugins": {"jp2": {"scaling": {"by": "orchestrator", "most": 3}}}},
        "plugins.jp2.scaling: by is orchestrator, but orchestrator.enabled is false",
    ),
    "an orchestrator with nothing to do": (
        {"orchestrator": {"enabled": True}},
        "no plugin has scaling.by: orchestrator, so there is nothing for it to do",
    ),
    "the files API of an unknown Goobi": (
        {"plugins": {"jp2": {"files": {"transport": "files-api"}}}},
        "plugins.jp2: the transport files-api needs goobi.file or goobi.existingConfigMap",
    ),
    "a name that is too long": (
        {"fullnameOverride": "a" * 24, "plugins": {"b" * 40: {}}},
        "is longer than the 52 characters that Kubernetes allows; set a shorter fullnameOverride",
    ),
}


@cache
def _answers() -> Mapping[str, Mapping[str, Any]]:
    return ask({name: {"values": values} for name, (values, _) in WRONG.items()})


@pytest.mark.parametrize("name", WRONG)
def test_wrong_values_are_refused_with_the_reason(name: str) -> None:
    assert WRONG[name][1] in _answers()[name].get("refused", "nothing was refused")


def test_the_schema_knows_the_settings_that_there_are() -> None:
    text = SCHEMA.read_text(encoding="utf-8")
    assert renewed_schema(text) == text, "run `make docs`"


def test_no_secret_can_be_a_value() -> None:
    known = json.loads(SCHEMA.read_text(encoding="utf-8"))["$defs"]
    for service, part in PARTS.items():
        secrets = {
            variable(name, field)
            for name, field in SERVICES[service].model_fields.items()
            if "SecretStr" in str(field.annotation)
        }
        assert not secrets & known[part]["properties"].keys()
        of_accounts = {name.upper() for name in SECRETS_OF_ACCOUNTS}
        assert {f"{name}_FILE" for name in secrets - of_accounts} <= known[part]["properties"].keys()


def test_every_value_is_explained() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    text = (CHART / "README.md").read_text(encoding="utf-8")
    inner = {name for one in values.values() if isinstance(one, dict) for name in one}
    names = {*values, *inner} - set(values["plugins"])
    assert not [name for name in names if not re.search(rf"`([\w.]+\.)?\.?{name}(\.\w+)?`", text)]


def test_the_version_is_that_of_the_code() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)
    assert "dependencies" not in chart
