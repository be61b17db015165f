"""Reading jobs: one, its history, and lists."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.access import Principal, Right
from taskmanager.errors import CursorError
from taskmanager.queries import JobPage, JobQuery, Order, Sort
from taskmanager.states import Tab
from taskmanager_gateway.access.needs import needs
from taskmanager_gateway.access.proof import Asker
from taskmanager_gateway.access.reach import narrowed
from taskmanager_gateway.deadlines import from_store
from taskmanager_gateway.parts import parts_of
from taskmanager_gateway.problems import (
    INVALID_CURSOR,
    INVALID_REQUEST,
    STORE_UNAVAILABLE,
    UNKNOWN_JOB,
    FieldError,
    ProblemError,
    field_problem,
)
from taskmanager_gateway.representation import API, HistoryView, JobListView, JobView
from taskmanager_gateway.routes.answers import json_answer, problems

router = APIRouter(prefix=API, tags=["Jobs"], dependencies=[needs(Right.READ)])

_ORDERS = {
    Tab.QUEUE: (Sort.TURN, Order.ASC),
    Tab.DONE: (Sort.FINISHED, Order.DESC),
    Tab.ERROR: (Sort.FINISHED, Order.DESC),
}
"""How a tab is sorted if nothing is asked for: as its jobs start, or the last finished first."""


@router.get(
    "/jobs",
    summary="List jobs",
    response_model=JobListView,
    responses=problems(INVALID_REQUEST, INVALID_CURSOR, STORE_UNAVAILABLE),
)
async def list_jobs(request: Request, query: Annotated[JobQuery, Query()], who: Asker) -> Response:
    """One page of jobs that match all filters.

    Without `sort`: `tab=queue` as the jobs are going to start (`turn`), `done` and `error` the last
    `finished` first, otherwise the last `created` first.
    Go on with `cursor` = `next_cursor` and the same filters.
    """
    page = await _page(request, _completed(query), who)
    links = {"self": _address(request)}
    if page.next_cursor:
        links["next"] = str(
            request.url.include_query_params(cursor=page.next_cursor).replace(scheme="", netloc="")
        )
    reasons = await parts_of(request).reasons.of_page(page.jobs)
    view = JobListView.model_construct(
        jobs=[JobView.of(job, reasons.get(job.id)) for job in page.jobs],
        next_cursor=page.next_cursor,
        links=links,
    )
    return json_answer(view)


def _address(request: Request) -> str:
    return str(request.url.replace(scheme="", netloc=""))


async def _page(request: Request, query: JobQuery, who: Principal) -> JobPage:
    kept = query.model_copy(update={"plugins": narrowed(who, query.plugin, query.plugins)})
    try:
        return await from_store(parts_of(request).reader.jobs(kept))
    except CursorError as error:
        detail = "Use 'next_cursor' of the page before, with the same filters and order."
        raise ProblemError(INVALID_CURSOR, detail) from error


def _completed(query: JobQuery) -> JobQuery:
    """The query with the order that suits its tab; raises ProblemError for text no job can hold."""
    if any("\0" in text for text in (query.text, query.project, query.cursor) if text):
        raise field_problem(INVALID_REQUEST, [FieldError(field="text", message="contains a NUL character")])
    tab = query.tab or (query.status.tab if query.status else None)
    sort, order = _ORDERS[tab] if tab else (Sort.CREATED, Order.DESC)
    if "sort" in query.model_fields_set:
        sort, order = query.sort, Order.ASC if query.sort is Sort.TURN else Order.DESC
    if "order" in query.model_fields_set:
        order = query.order
    return query.model_copy(update={"sort": sort, "order": order})


@router.get(
    "/jobs/{job_id}",
    summary="One job",
    response_model=JobView,
    responses=problems(UNKNOWN_JOB, STORE_UNAVAILABLE),
)
async def show_job(request: Request, job_id: str, who: Asker) -> Response:
    """A job as it is now, and why it waits. One that was just accepted is found at once, on any gateway."""
    parts = parts_of(request)
    job = await parts.finder.find(job_id, who)
    return json_answer(JobView.of(job, await parts.reasons.of_one(job)))


@router.get(
    "/jobs/{job_id}/history",
    summary="What happened to a job",
    response_model=HistoryView,
    responses=problems(UNKNOWN_JOB, STORE_UNAVAILABLE),
)
async def show_history(request: Request, job_id: str, who: Asker) -> Response:
    """What happened to the job, oldest first; at most the first and the newest entries are kept."""
    job = await parts_of(request).finder.find(job_id, who)
    return json_answer(HistoryView.model_construct(job=job.id, history=list(job.history)))
