"""The fields of messages and of the records in them, from their JSON Schemas and docstrings."""

import ast
import inspect
import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from deploy.reference.markdown import code, sentence
from pydantic import BaseModel

Schema = Mapping[str, Any]
PLAIN = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "none",
}
FORMATS = {"date-time": "moment", "uri": "address"}
BOUNDS = {
    "minLength": "from {} characters",
    "maxLength": "up to {} characters",
    "minimum": "from {}",
    "exclusiveMinimum": "above {}",
    "maximum": "up to {}",
    "minItems": "at least {}",
    "maxItems": "at most {}",
    "pattern": "`{}`",
}


class Described:
    """A record with the schemas of all records it refers to."""

    def __init__(self, model: type[BaseModel]) -> None:
        """For a message, or for a record within one."""
        self.model = model
        self.schema: Schema = model.model_json_schema()
        self.parts: Mapping[str, Schema] = self.schema.get("$defs", {})

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Name, type, default and meaning of each field."""
        own = self.parts.get(self.model.__name__, self.schema)
        told = docstrings(self.model)
        for name, field in own.get("properties", {}).items():
            yield code(name), self.kind(field), _default(name, field, own), told.get(name, "")

    def kind(self, schema: Schema) -> str:
        """A description of the permitted values."""
        bounds = [words.format(schema[key]) for key, words in BOUNDS.items() if key in schema]
        return ", ".join([self._shape(schema), *bounds])

    def _shape(self, schema: Schema) -> str:  # noqa: PLR0911 - one line for each shape of JSON Schema
        if "$ref" in schema:
            return self._reference(schema["$ref"].rpartition("/")[2])
        if "const" in schema:
            return code(schema["const"])
        if "enum" in schema:
            return " or ".join(code(value) for value in schema["enum"])
        if choices := schema.get("anyOf") or schema.get("oneOf"):
            return " or ".join(dict.fromkeys(self.kind(choice) for choice in choices))
        if schema.get("type") == "array":
            return f"list of {self.kind(schema.get('items', {}))}"
        if schema.get("type") == "object":
            values = schema.get("additionalProperties")
            return f"map of names to {self.kind(values) if isinstance(values, dict) else 'any value'}"
        return FORMATS.get(schema.get("format", "")) or PLAIN.get(schema.get("type", ""), "any value")

    def _reference(self, name: str) -> str:
        if "properties" in self.parts[name]:
            return f"[{code(name)}](#{name.lower()})"
        return self.kind(self.parts[name])


def records_within(models: Iterable[type[BaseModel]]) -> list[type[BaseModel]]:
    """The records these consist of, by name; each once."""
    known = {model.__name__: model for model in _descendants(BaseModel)}
    names = {
        name for model in models for name, schema in Described(model).parts.items() if "properties" in schema
    }
    return [known[name] for name in sorted(names)]


def docstrings(model: type[BaseModel]) -> dict[str, str]:
    """The docstrings of the fields of a class and of its bases."""
    found: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if issubclass(one, BaseModel) and one is not BaseModel:
            body = ast.parse(textwrap.dedent(inspect.getsource(one))).body[0]
            found.update(_below_fields(body))
    return found


def _below_fields(definition: ast.stmt) -> Iterator[tuple[str, str]]:
    for field, text in pairwise(getattr(definition, "body", [])):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str() as told)):
                yield name, sentence(told)


def _descendants(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for one in model.__subclasses__():
        yield one
        yield from _descendants(one)


def _default(name: str, field: Schema, schema: Schema) -> str:
    if name in schema.get("required", ()):
        return "**required**"
    if field.get("default") in (None, "") or "const" in field:
        return ""
    return code(json.dumps(field["default"]))
