"""A plugin's parameters as fields of a form, made from its JSON Schema, and the form as parameters. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pydantic import JsonValue

from taskmanager_gateway.codes import faults
from taskmanager_gateway.http.problems import INVALID_REQUEST, FieldError, field_problem

Schema = Mapping[str, JsonValue]
PREFIX = "parameter."
"""Before the names of parameters in the form, which has fields of its own."""
TITLES, DESCRIPTIONS = "x-titles", "x-descriptions"
"""Keywords of a schema: titles and descriptions by language."""
YES, NO = "true", "false"


class Kind(StrEnum):
    """How a parameter is entered."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    FLAG = "flag"
    CHOICE = "choice"
    LIST = "list"
    """Texts, one on each line."""
    JSON = "json"
    """Whatever the others cannot express."""


@dataclass(frozen=True, slots=True)
class ParameterField:
    """One parameter. An empty value means that it is not given, and that the default counts."""

    name: str
    title: str
    help: str
    kind: Kind
    value: str = ""
    choices: tuple[str, ...] = ()
    lowest: float | None = None
    highest: float | None = None
    default: str = ""
    required: bool = False

    @property
    def key(self) -> str:
        """Its name in the form."""
        return PREFIX + self.name


def parameter_fields(
    schema: Schema, language: str, given: Mapping[str, JsonValue] | None = None
) -> list[ParameterField]:
    """A field for each parameter, in the schema's order, with what is `given` for it."""
    declared = schema.get("properties")
    properties = declared if isinstance(declared, dict) else {}
    required = _list(schema.get("required"))
    return [
        _field(name, _resolved(own, schema), language, (given or {}).get(name), required=name in required)
        for name, own in properties.items()
    ]


def parameters_from(schema: Schema, form: Mapping[str, str]) -> dict[str, JsonValue]:
    """The parameters that were entered; raises ProblemError for those that cannot be read."""
    found: dict[str, JsonValue] = {}
    errors: list[FieldError] = []
    for field in parameter_fields(schema, ""):
        text = form.get(field.key, "").strip()
        if not text:
            continue
        try:
            found[field.name] = _read(field, text)
        except ValueError:
            told = faults.NO_JSON() if field.kind is Kind.JSON else faults.NO_SUCH_NUMBER(value=text[:100])
            errors.append(FieldError.of(f"parameters.{field.name}", told))
    if errors:
        raise field_problem(INVALID_REQUEST, errors)
    return found


def _read(field: ParameterField, text: str) -> JsonValue:
    match field.kind:
        case Kind.INTEGER:
            return int(text)
        case Kind.NUMBER:
            return float(text.replace(",", "."))
        case Kind.FLAG:
            return text == YES
        case Kind.LIST:
            return [line.strip() for line in text.splitlines() if line.strip()]
        case Kind.JSON:
            read: JsonValue = json.loads(text)
            return read
    return text


def _resolved(own: JsonValue, schema: Schema) -> Schema:
    """The schema of a parameter without references within it and without the alternative null."""
    found: dict[str, JsonValue] = dict(own) if isinstance(own, dict) else {}
    alternatives = [one for one in _schemas(found.get("anyOf")) if one.get("type") != "null"]
    if alternatives:
        texts = [one for one in alternatives if one.get("type") == "string"]
        chosen = alternatives[0] if len(alternatives) == 1 else next(iter(texts), {})
        found = {**dict(_resolved(dict(chosen), schema)), **{k: v for k, v in found.items() if k != "anyOf"}}
    for one in (*_schemas(found.get("allOf")), found):
        found = {**_referenced(one.get("$ref"), schema), **found}
    return found


def _schemas(value: JsonValue) -> list[dict[str, JsonValue]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _referenced(reference: JsonValue, schema: Schema) -> dict[str, JsonValue]:
    """The definition that a reference within the schema names; nothing if it leads elsewhere."""
    definitions = schema.get("$defs")
    name = reference.removeprefix("#/$defs/") if isinstance(reference, str) else ""
    found = definitions.get(name) if isinstance(definitions, dict) else None
    return dict(found) if isinstance(found, dict) else {}


def _field(name: str, own: Schema, language: str, given: JsonValue, *, required: bool) -> ParameterField:
    kind = _kind(own)
    title, help_text = own.get("title"), own.get("description")
    return ParameterField(
        name=name,
        title=_in(language, own.get(TITLES)) or (title if isinstance(title, str) else name),
        help=_in(language, own.get(DESCRIPTIONS)) or (help_text if isinstance(help_text, str) else ""),
        kind=kind,
        value=_written(kind, given),
        choices=tuple(str(one) for one in _list(own.get("enum")) if one not in {None, ""}),
        lowest=_number(own.get("minimum"), own.get("exclusiveMinimum")),
        highest=_number(own.get("maximum"), own.get("exclusiveMaximum")),
        default=_written(kind, own.get("default")),
        required=required,
    )


_PLAIN = {"string": Kind.TEXT, "integer": Kind.INTEGER, "number": Kind.NUMBER, "boolean": Kind.FLAG}


def _kind(own: Schema) -> Kind:
    words, items = own.get("enum"), own.get("items")
    if isinstance(words, list) and all(isinstance(word, str | None) for word in words):
        return Kind.CHOICE
    if own.get("type") == "array" and isinstance(items, dict) and items.get("type") == "string":
        return Kind.LIST
    return _PLAIN.get(str(own.get("type")), Kind.JSON)


def _written(kind: Kind, value: JsonValue) -> str:
    """A value as it stands in its field."""
    if value is None or value == []:
        return ""
    if kind is Kind.LIST and isinstance(value, list):
        return "\n".join(map(str, value))
    return (
        value if isinstance(value, str) and kind is not Kind.JSON else json.dumps(value, ensure_ascii=False)
    )


def _in(language: str, words: JsonValue) -> str:
    word = words.get(language) if isinstance(words, dict) else None
    return word if isinstance(word, str) else ""


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _number(*values: JsonValue) -> float | None:
    found = (one for one in values if isinstance(one, int | float) and not isinstance(one, bool))
    return next(found, None)
