"""Texts that are written from right to left, or want to turn others."""

import pytest

from taskmanager_gateway.web.shell.bidi import isolated


@pytest.mark.parametrize("text", ["", "Atlas", "Größe: 12 €", "日本"])
def test_a_text_that_turns_nothing_is_unchanged(text: str) -> None:
    assert isolated(text) == text


@pytest.mark.parametrize("text", ["ספר", "كتاب", "\u202eexe.tif", "\u2067open"])
def test_others_are_isolated(text: str) -> None:
    assert isolated(text) == f"\u2068{text}\u2069"


def test_no_text_ends_its_isolation() -> None:
    assert isolated("a\u2069\u202eb\u2066c\u2069\u2069") == "\u2068a\u202eb\u2066c\u2069\u2069"
