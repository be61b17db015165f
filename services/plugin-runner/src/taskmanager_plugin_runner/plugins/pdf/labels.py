"""Printed page numbers as the page labels of a PDF (ISO 32000-1, 12.4.2). Pure."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

_ROMAN: Final = (
    (1000, "m"),
    (900, "cm"),
    (500, "d"),
    (400, "cd"),
    (100, "c"),
    (90, "xc"),
    (50, "l"),
    (40, "xl"),
    (10, "x"),
    (9, "ix"),
    (5, "v"),
    (4, "iv"),
    (1, "i"),
)
_DECIMAL: Final = re.compile(r"[1-9][0-9]{0,5}")


class LabelRange(NamedTuple):
    """From the page with index `first` on: a style (`D`, `r`, `R` or None) with a number, or a fixed text."""

    first: int
    style: str | None
    start: int = 1
    prefix: str = ""


def label_ranges(labels: Sequence[str | None]) -> list[LabelRange]:
    """Ranges that show exactly these labels; a page without one shows nothing.

    Empty if no page has a label: readers then number the pages from 1.
    """
    if not any(labels):
        return []
    ranges: list[LabelRange] = []
    for index, label in enumerate(labels):
        style, number = _numbered(label or "")
        last = ranges[-1] if ranges else None
        if (
            last is not None
            and style is not None
            and style == last.style
            and number == last.start + index - last.first
        ):
            continue
        ranges.append(
            LabelRange(index, style, number) if style else LabelRange(index, None, prefix=label or "")
        )
    return ranges


def _numbered(label: str) -> tuple[str | None, int]:
    """Style and number of a label that is nothing but a number as PDF would write it."""
    if _DECIMAL.fullmatch(label):
        return "D", int(label)
    for style, text in (("r", label), ("R", label.lower() if label.isupper() else "")):
        if text and (number := _from_roman(text)) is not None:
            return style, number
    return None, 1


def _from_roman(text: str) -> int | None:
    rest, number = text, 0
    for value, letters in _ROMAN:
        while rest.startswith(letters):
            rest, number = rest[len(letters) :], number + value
    return number if not rest and _to_roman(number) == text else None


def _to_roman(number: int) -> str:
    text = ""
    for value, letters in _ROMAN:
        count, number = divmod(number, value)
        text += letters * count
    return text
