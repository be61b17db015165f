"""A list of jobs as CSV (RFC 4180), page by page in constant memory; safe to open in a spreadsheet."""

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import datetime

from taskmanager.model.jobs import Job
from taskmanager.model.queries import PAGE_LIMIT, JobPage, JobQuery
from taskmanager_gateway.jobs.columns import COLUMNS

ROWS_LIMIT = 1_000_000
"""Slightly less than a spreadsheet can hold."""
BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel does not recognise UTF-8."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Spreadsheets evaluate a cell that begins like this, whoever wrote it (OWASP, CSV injection)."""

EXPORTED = tuple(column for column in COLUMNS if column.exported)

Read = Callable[[JobQuery], Awaitable[JobPage]]


async def rows(first: JobPage, query: JobQuery, read: Read, limit: int = ROWS_LIMIT) -> AsyncIterator[bytes]:
    """The lines, a page at a time; `first` is the first page of the query.

    Raises what `read` raises: the transfer then breaks off instead of looking complete.
    """
    page, left = first, limit
    yield BYTE_ORDER_MARK.encode() + _lines([[column.name for column in EXPORTED]])
    while True:
        yield _lines(_cells(job) for job in page.jobs[:left])
        left -= len(page.jobs)
        if page.next_cursor is None and left >= 0:
            return
        if left <= 0:
            yield _lines([[f"cut: more than {limit} jobs match, narrow the filters"]])
            return
        page = await read(query.model_copy(update={"cursor": page.next_cursor, "limit": PAGE_LIMIT}))


def _cells(job: Job) -> list[str]:
    return [_cell(column.value(job)) for column in EXPORTED]


def _cell(value: object) -> str:
    """The text of a cell: times with their zone; an apostrophe before text that would be evaluated."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return value.isoformat() if isinstance(value, datetime) else str(value)
    return f"'{value}" if value.startswith(_FORMULA) else str(value)


def _lines(cells: Iterable[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(cells)
    return text.getvalue().encode()
