"""Reads the files of a job for its pages: as the plugin reported them, else as they lie in its folders."""

from collections.abc import Sequence
from itertools import islice

from starlette.requests import Request

from taskmanager.model.access import Principal
from taskmanager.model.jobs import FileState, Job
from taskmanager.model.queries import file_cursor
from taskmanager_gateway.codes import pictures
from taskmanager_gateway.http.problems import NO_PICTURE, ProblemError
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.pictures.file_rows import (
    ROWS,
    PictureRow,
    RowPage,
    found_row,
    named_in,
    reported_row,
)

BROKEN_SHOWN = 5
"""Broken files that are named above the list."""


async def row_page(
    request: Request,
    job_id: str,
    who: Principal,
    *,
    state: FileState | None = None,
    after: int = 0,
    rows: int = ROWS,
) -> RowPage:
    """The files behind number `after`; raises ProblemError and StoreUnavailableError."""
    services = services_of(request)
    job = await services.finder.find(job_id, who)
    cursor = file_cursor(job.attempt, after) if after else None
    job, page = await services.files.page(job_id, who, state=state, cursor=cursor, limit=rows)
    if page.files or ((after or state) and await _anything_reported(request, job, who)):
        made = [reported_row(job, one) for one in page.files]
        return RowPage(job, state, after, made, more=page.next_cursor is not None, reported=True)
    pairs = await services.pictures.pairs(job)
    numbered = list(enumerate(pairs, start=1))[after : after + rows]
    made = [found_row(job, number, pair) for number, pair in numbered]
    named = (
        found_row(job, number, pair) for number, pair in enumerate(pairs, start=1) if named_in(job, pair.name)
    )
    broken = list(islice(named, BROKEN_SHOWN))
    return RowPage(job, None, after, made, more=len(pairs) > after + rows, reported=False, broken=broken)


async def broken_rows(request: Request, found: RowPage, who: Principal) -> Sequence[PictureRow]:
    """The first files that failed, or that the error of the job names if nothing was reported of them."""
    if not found.reported:
        return found.broken
    job = found.job
    read = services_of(request).files
    _, page = await read.page(job.id, who, state=FileState.FAILED, cursor=None, limit=BROKEN_SHOWN)
    return [reported_row(job, one) for one in page.files]


async def one_row(request: Request, job_id: str, who: Principal, number: int) -> tuple[RowPage, PictureRow]:
    """The file of that number and, as a page of the list, whether there is another one after it."""
    found = await row_page(request, job_id, who, after=number - 1, rows=1)
    if not found.rows or found.rows[0].number != number:
        raise ProblemError(NO_PICTURE, pictures.NO_NUMBER(number=number))
    return found, found.rows[0]


async def _anything_reported(request: Request, job: Job, who: Principal) -> bool:
    _, page = await services_of(request).files.page(job.id, who, state=None, cursor=None, limit=1)
    return bool(page.files)
