"""The page `docs/settings.md`: everything an operator may set, from the classes that read the environment."""

from collections.abc import Iterator, Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from deploy.reference.fields import docstrings
from deploy.reference.markdown import code, table
from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo

from taskmanager.process.config import Settings
from taskmanager_gateway.settings import GatewaySettings
from taskmanager_orchestrator.settings import OrchestratorSettings
from taskmanager_plugin_runner.settings import RunnerSettings
from taskmanager_scheduler.settings import SchedulerSettings

SERVICES: Mapping[str, type[Settings]] = {
    "Gateway": GatewaySettings,
    "Scheduler": SchedulerSettings,
    "Plugin runner": RunnerSettings,
    "Orchestrator": OrchestratorSettings,
}
UNITS = {"bytes": "bytes", "seconds": "seconds", "minutes": "minutes", "hours": "hours"}
"""By the last part of the name, which gives the unit of a number that comes from outside."""
TYPES = {"int": "whole number", "float": "number", "str": "text", "bool": "`true` or `false`", "Path": "path"}
BOUNDS: Mapping[type, str] = {
    Ge: "from {0.ge}",
    Gt: "above {0.gt}",
    Le: "up to {0.le}",
    Lt: "below {0.lt}",
    MinLen: "not empty",
    MaxLen: "up to {0.max_length} characters",
}
HEAD = ("name", "type", "unit", "default", "meaning")


def document() -> str:
    """What follows the introduction."""
    return "\n".join([*_section("Every service", Settings, Settings.model_fields), *_own()])


def _own() -> Iterator[str]:
    for name, settings in SERVICES.items():
        fields = settings.model_fields.items()
        own = {key: field for key, field in fields if key not in Settings.model_fields}
        yield from _section(name, settings, own)


def _section(title: str, settings: type[Settings], fields: Mapping[str, FieldInfo]) -> Iterator[str]:
    told = docstrings(settings)
    yield f"## {title}"
    yield ""
    yield from table(HEAD, (_row(name, field, told.get(name, "")) for name, field in fields.items()))


def _row(name: str, field: FieldInfo, meaning: str) -> tuple[str, ...]:
    return (
        code(variable(name, field)),
        _type(field),
        UNITS.get(name.rsplit("_", maxsplit=1)[-1], ""),
        _default(field),
        meaning,
    )


def variable(name: str, field: FieldInfo) -> str:
    """The name of its environment variable."""
    if isinstance(field.validation_alias, AliasChoices):
        return str(field.validation_alias.choices[0])
    return f"{Settings.model_config['env_prefix']}{name.upper()}"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.default
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return code(str(value).lower())
    return code(value.value if isinstance(value, Enum) else value)


def _type(field: FieldInfo) -> str:
    bounds = [text for one in field.metadata if (text := _bound(one))]
    return ", ".join([_kind(field.annotation), *bounds])


def _kind(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return " or ".join(code(value) for value in get_args(annotation))
    if isinstance(annotation, UnionType):
        return " or ".join(_kind(part) for part in get_args(annotation) if part is not NoneType)
    if issubclass(annotation, Enum):
        return " or ".join(code(member.value) for member in annotation)
    return "text, *secret*" if annotation is SecretStr else TYPES[annotation.__name__]


def _bound(constraint: object) -> str:
    pattern = getattr(constraint, "pattern", None)
    if pattern:
        return code(pattern)
    return BOUNDS.get(type(constraint), "").format(constraint)
