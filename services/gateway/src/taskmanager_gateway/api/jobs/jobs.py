"""Reading jobs: one, its history, and lists."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from taskmanager.errors import CursorError
from taskmanager.model.access import Principal, Right
from taskmanager.model.queries import PAGE_LIMIT, JobPage, JobQuery
from taskmanager_gateway import codes
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.plugin_scope import narrowed
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.api.responses import Answers, json_answer, page_links, problems
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.problems import (
    INVALID_CURSOR,
    INVALID_REQUEST,
    STORE_UNAVAILABLE,
    UNKNOWN_JOB,
    ProblemError,
)
from taskmanager_gateway.http.views import API
from taskmanager_gateway.jobs.csv_export import rows
from taskmanager_gateway.jobs.list_queries import ListQuery
from taskmanager_gateway.jobs.views import HistoryEntryView, HistoryView, JobListView, JobView
from taskmanager_gateway.services import services_of

router = APIRouter(prefix=API, tags=["Jobs"], dependencies=[needs(Right.READ)])

_CSV: Answers = {
    200: {"description": "The jobs", "content": {"text/csv": {"example": "id,plugin,title\r\n"}}}
}


@router.get(
    "/jobs",
    summary="List jobs",
    response_model=JobListView,
    responses=problems(INVALID_REQUEST, INVALID_CURSOR, STORE_UNAVAILABLE),
)
async def list_jobs(request: Request, query: Annotated[ListQuery, Query()], who: Caller) -> Response:
    """One page of the jobs that match all filters.

    Without `sort`, `tab=queue` is in the order in which the jobs will start (`turn`), `done` and `error` are
    sorted by `finished`, anything else by `created`, the latest first.

    For the next page, send `cursor` = `next_cursor` with the same filters. A list shows only the beginning of
    an error message, and neither tracebacks nor the texts of warnings: read the job itself for them.
    `warnings=true` selects jobs whose last attempt reported warnings; it needs a `tab` of ended jobs, or the
    order `created`.
    """
    page = await _page(request, query.at(services_of(request).clock.now()), who)
    reasons = await services_of(request).reasons.of_page(page.jobs)
    view = JobListView.model_construct(
        jobs=[JobView.of(job, reasons.get(job.id)) for job in page.jobs],
        next_cursor=page.next_cursor,
        links=page_links(request, page.next_cursor),
    )
    return json_answer(view)


async def _page(request: Request, query: JobQuery, who: Principal) -> JobPage:
    kept = query.model_copy(update={"plugins": narrowed(who, query.plugin, query.plugins)})
    try:
        return await from_store(services_of(request).reader.jobs(kept))
    except CursorError as error:
        detail = codes.problems.STALE_CURSOR_OF_LIST()
        raise ProblemError(INVALID_CURSOR, detail) from error


@router.get(
    "/jobs.csv",
    summary="Export jobs as CSV",
    response_class=Response,
    responses=_CSV | problems(INVALID_REQUEST, INVALID_CURSOR, STORE_UNAVAILABLE),
)
async def export_jobs(request: Request, query: Annotated[ListQuery, Query()], who: Caller) -> Response:
    """All jobs that match, in the order of the list. The parameters are the list's, but `limit` is ignored.

    UTF-8 with a byte order mark, times in UTC, `'` before cells that a spreadsheet would evaluate. After a
    million jobs the last line says that the export was cut off. A transfer that breaks off is not complete.
    """
    services = services_of(request)
    wanted = query.at(services.clock.now()).model_copy(update={"limit": PAGE_LIMIT})

    async def read(further: JobQuery) -> JobPage:
        return await _page(request, further, who)

    name = f"jobs-{query.plugin or 'all'}-{query.tab or 'all'}-{services.clock.now():%Y%m%d-%H%M%S}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    lines = rows(await read(wanted), wanted, read)
    return StreamingResponse(lines, headers=headers, media_type="text/csv; charset=utf-8")


@router.get(
    "/jobs/{job_id}",
    summary="Get a job",
    response_model=JobView,
    responses=problems(UNKNOWN_JOB, STORE_UNAVAILABLE),
)
async def show_job(request: Request, job_id: str, who: Caller) -> Response:
    """A job in its current state, and why it waits. A job just accepted is found at once, on any gateway."""
    services = services_of(request)
    job = await services.finder.find(job_id, who)
    return json_answer(JobView.of(job, await services.reasons.of_one(job)))


@router.get(
    "/jobs/{job_id}/history",
    summary="Get the history of a job",
    response_model=HistoryView,
    responses=problems(UNKNOWN_JOB, STORE_UNAVAILABLE),
)
async def show_history(request: Request, job_id: str, who: Caller) -> Response:
    """What happened to the job, oldest first. A long history keeps only its first and its newest entries."""
    job = await services_of(request).finder.find(job_id, who)
    return json_answer(
        HistoryView.model_construct(job=job.id, history=[HistoryEntryView.of(entry) for entry in job.history])
    )
