"""Lines of CSV (RFC 4180) that are safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel does not recognise UTF-8."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Spreadsheets evaluate a cell that begins like this, whoever wrote it (OWASP, CSV injection)."""


def lines(rows: Iterable[Sequence[object]]) -> bytes:
    """The rows; None is an empty cell, times are written with their zone."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> str:
    """The text of a cell, with an apostrophe before text that would be evaluated."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return value.isoformat() if isinstance(value, datetime) else str(value)
    return f"'{value}" if value.startswith(_FORMULA) else str(value)
