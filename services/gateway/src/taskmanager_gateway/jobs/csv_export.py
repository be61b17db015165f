"""A list of jobs as CSV (RFC 4180), page by page in constant memory; safe to open in a spreadsheet."""

from collections.abc import AsyncIterator, Awaitable, Callable

from taskmanager.model.jobs import Job
from taskmanager.model.queries import PAGE_LIMIT, JobPage, JobQuery
from taskmanager_gateway.csv_lines import BYTE_ORDER_MARK, lines
from taskmanager_gateway.jobs.columns import COLUMNS

ROWS_LIMIT = 1_000_000
"""Slightly less than a spreadsheet can hold."""

EXPORTED = tuple(column for column in COLUMNS if column.exported)

Read = Callable[[JobQuery], Awaitable[JobPage]]


async def rows(first: JobPage, query: JobQuery, read: Read, limit: int = ROWS_LIMIT) -> AsyncIterator[bytes]:
    """The lines, a page at a time; `first` is the first page of the query.

    Raises what `read` raises: the transfer then breaks off instead of looking complete.
    """
    page, left = first, limit
    yield BYTE_ORDER_MARK.encode() + lines([[column.name for column in EXPORTED]])
    while True:
        yield lines(_cells(job) for job in page.jobs[:left])
        left -= len(page.jobs)
        if page.next_cursor is None and left >= 0:
            return
        if left <= 0:
            yield lines([[f"cut: more than {limit} jobs match, narrow the filters"]])
            return
        page = await read(query.model_copy(update={"cursor": page.next_cursor, "limit": PAGE_LIMIT}))


def _cells(job: Job) -> list[object]:
    return [column.value(job) for column in EXPORTED]
