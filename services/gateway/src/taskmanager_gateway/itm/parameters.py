"""Sorts a caller's values into the plugin's parameters and the rest, and converts them to the right types.

Callers of ITM write every value as a text; the plugin's schema says which type it expects.
"""

import re
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

Schema = Mapping[str, JsonValue]
Values = dict[str, JsonValue]

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?([0-9]{1,18}\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?")
_BOOLEANS = {"true": True, "false": False}


def sort_out(others: Mapping[str, JsonValue], schema: Schema) -> tuple[Values, Values]:
    """What the plugin takes, and what it does not; a strict plugin never sees an unknown field.

    Callers write `fontType` for the parameter `font_type`; a field of exactly that name comes first.
    """
    fields: dict[str, str] = {}
    for name in others:
        parameter = _parameter(schema, name)
        if parameter is not None and (name == parameter or parameter not in others):
            fields[parameter] = name
    taken = {parameter: others[name] for parameter, name in fields.items()}
    used = set(fields.values())
    return fitted(taken, schema), {name: value for name, value in others.items() if name not in used}


def fitted(values: Mapping[str, JsonValue], schema: Schema) -> Values:
    """The values, with texts converted to numbers or booleans where the schema allows no text."""
    properties = schema.get("properties")
    known = properties if isinstance(properties, dict) else {}
    return {name: _fit(value, set(_types(known.get(name)))) for name, value in values.items()}


def _parameter(schema: Schema, name: str) -> str | None:
    """The parameter that a field stands for; None if the plugin takes no such parameter."""
    properties = schema.get("properties")
    known = properties if isinstance(properties, dict) else {}
    if name in known:
        return name
    alike = next((one for one in known if _plain(one) == _plain(name)), None)
    return alike or (name if schema.get("additionalProperties", True) is not False else None)


def _plain(name: str) -> str:
    return name.replace("_", "").casefold()


def _types(schema: JsonValue) -> Iterator[str]:
    if not isinstance(schema, dict):
        return
    kinds = schema.get("type")
    yield from (kind for kind in (kinds if isinstance(kinds, list) else [kinds]) if isinstance(kind, str))
    for word in ("anyOf", "oneOf"):
        options = schema.get(word)
        for option in options if isinstance(options, list) else []:
            yield from _types(option)


def _fit(value: JsonValue, types: set[str]) -> JsonValue:
    """Values that cannot be converted are kept, so that validation reports what is wrong with them."""
    if types and not isinstance(value, str | bool) and isinstance(value, int | float):
        return str(value) if types == {"string"} else value
    if not isinstance(value, str) or "string" in types:
        return value
    text = value.strip()
    if "integer" in types and _WHOLE.fullmatch(text):
        return int(text)
    if "number" in types and _NUMBER.fullmatch(text):
        return float(text)
    return _BOOLEANS.get(text.lower(), value) if "boolean" in types else value
