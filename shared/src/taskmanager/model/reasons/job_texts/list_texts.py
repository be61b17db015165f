"""Several things in a row, as a parameter of a sentence."""

from collections.abc import Iterable

from taskmanager.model.reasons.coded_text import CodedText, TextCode, TextFamily

LISTS = TextFamily("list", "Several things in a row, within a sentence.")
_text = LISTS.text

COMMA = _text("comma", "%(first)s, %(others)s")
SEMICOLON = _text("semicolon", "%(first)s; %(others)s")
CUT = "..."
"""Stands for the things that are left out."""


def joined(separator: TextCode, texts: Iterable[str]) -> str:
    """The texts in a row; coded if one of them is. Empty without texts."""
    *first, last = list(texts) or [""]
    for text in reversed(first):
        plain = not isinstance(text, CodedText) and not isinstance(last, CodedText)
        row = separator(first=text, others=last)
        last = str(row) if plain else row
    return last
