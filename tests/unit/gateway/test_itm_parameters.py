"""Which of a caller's values a plugin gets, and as what."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskmanager_gateway.itm.parameters import fitted, sort_out
from taskmanager_gateway.plugins.parameter_schema import ParameterSchema

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "rate": {"type": "integer"},
        "scale": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "check": {"type": "boolean"},
        "name": {"type": "string"},
        "either": {"type": ["string", "integer"]},
        "list": {"type": "array"},
    },
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("name", "sent", "given"),
    [
        ("rate", "300", 300),
        ("rate", " -3 ", -3),
        ("rate", "3.5", "3.5"),
        ("rate", "9" * 40, "9" * 40),
        ("rate", 7, 7),
        ("scale", "0.5", 0.5),
        ("scale", ".5e1", 5.0),
        ("scale", "nan", "nan"),
        ("check", "TRUE", True),
        ("check", "false", False),
        ("check", "yes", "yes"),
        ("name", "300", "300"),
        ("name", 300, "300"),
        ("either", "300", "300"),
        ("list", "a", "a"),
    ],
)
def test_texts_become_what_the_schema_asks_for_and_others_stay(name: str, sent: Any, given: Any) -> None:
    fit = fitted({name: sent}, SCHEMA)[name]

    assert (fit, type(fit)) == (given, type(given))


def test_a_strict_plugin_gets_only_what_it_knows() -> None:
    assert sort_out({"rate": "1", "serverType": "x"}, SCHEMA) == ({"rate": 1}, {"serverType": "x"})


def test_a_plugin_that_takes_anything_gets_everything() -> None:
    assert sort_out({"rate": "1"}, {"type": "object"}) == ({"rate": "1"}, {})


def test_a_parameter_is_known_by_the_name_that_java_clients_write() -> None:
    schema: dict[str, Any] = {"properties": {"font_type": {"type": "string"}}, "additionalProperties": False}
    assert sort_out({"fontType": "antiqua"}, schema) == ({"font_type": "antiqua"}, {})
    both = {"fontType": "antiqua", "font_type": "fraktur"}
    for order in (both, dict(reversed(both.items()))):
        assert sort_out(order, schema) == ({"font_type": "fraktur"}, {"fontType": "antiqua"})


@given(st.dictionaries(st.text(max_size=5), st.text() | st.integers() | st.booleans() | st.none()))
def test_whatever_is_sent_a_strict_plugin_never_complains_of_a_field_it_does_not_know(
    others: dict[str, Any],
) -> None:
    taken, left = sort_out(others, SCHEMA)

    assert len(taken) + len(left) == len(others)
    assert left.keys() <= others.keys()
    errors = ParameterSchema("strict", SCHEMA).errors(taken)
    assert not any("Additional properties" in error.message for error in errors)
