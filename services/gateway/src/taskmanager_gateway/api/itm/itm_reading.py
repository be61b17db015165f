"""What Goobi's dashboard and the viewer read from ITM: lists of jobs and plugins, the state of one job."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from taskmanager.model.access import Principal, Right
from taskmanager.model.jobs import Job
from taskmanager.model.queries import PAGE_LIMIT, JobQuery
from taskmanager.model.registry import InstalledPlugin
from taskmanager.model.states import Status, Tab
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.plugin_scope import narrowed
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.api.itm.itm import PREFIX, TAGS, ItmRoute, itm_problems
from taskmanager_gateway.api.responses import Answers
from taskmanager_gateway.codes import faults, problems
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.problems import (
    INVALID_REQUEST,
    STORE_UNAVAILABLE,
    UNKNOWN_JOB,
    UNKNOWN_JOB_TYPE,
    FieldError,
    ProblemError,
    field_problem,
)
from taskmanager_gateway.itm import overview
from taskmanager_gateway.itm.overview import JobRow, PluginRow
from taskmanager_gateway.services import Services, services_of

router = APIRouter(prefix=PREFIX, tags=TAGS, route_class=ItmRoute, dependencies=[needs(Right.READ)])

_ACTIONS = ("getPlugins", "getJobs")
_KINDS = {"viewerpdf": "pdf", "viewerepub": "epub"}
_PLAIN: Answers = {
    200: {
        "description": "The number",
        "content": {"text/plain": {"schema": {"type": "integer"}, "example": 3}},
    }
}


ListName = Annotated[
    str,
    Query(description="`DONE`, `ERROR` (includes cancelled), `PROCESSING` (all active jobs), or a status"),
]
Identifier = Annotated[str, Path(description="The job's `goobiId` or `pi` as submitted, or its `JOBID`")]
Viewer = Annotated[str, Path(description="`viewerpdf` or `viewerepub`")]
_ERRORS = itm_problems(UNKNOWN_JOB, STORE_UNAVAILABLE)


@router.get(
    "/api",
    summary="List plugins or jobs for Goobi's dashboard",
    response_model=list[PluginRow] | list[JobRow],
    responses=itm_problems(INVALID_REQUEST, UNKNOWN_JOB_TYPE, STORE_UNAVAILABLE),
)
async def overview_api(
    request: Request,
    who: Caller,
    action: Annotated[str, Query(description="`getPlugins` or `getJobs`")] = "",
    jobtype: Annotated[str, Query(description="Only jobs of this job type")] = "",
    status: ListName = "",
) -> Response:
    """The newest jobs of a list, up to a configured number; or the plugins with their numbers of active jobs.

    `id` is a number derived from the job's id, `timestampEnd` the time of the last change of its status.
    """
    services = services_of(request)
    if action == "getPlugins":
        return _json(await _plugins(services, who))
    if action == "getJobs":
        return _json(await _jobs(services, who, jobtype or None, status or None))
    fault = faults.UNKNOWN_WORD(word=action[:80], allowed=", ".join(_ACTIONS))
    raise field_problem(INVALID_REQUEST, [FieldError.of("action", fault)])


async def _plugins(services: Services, who: Principal) -> list[PluginRow]:
    reads = asyncio.gather(services.reader.plugins(), services.reader.statistics())
    plugins, statistics = await from_store(reads)
    queued = {row.plugin: row.jobs for row in statistics if row.tab is Tab.QUEUE}
    return [
        overview.plugin_row(plugin, queued.get(plugin.name, 0)) for plugin in plugins if who.sees(plugin.name)
    ]


async def _jobs(services: Services, who: Principal, job_type: str | None, status: str | None) -> list[JobRow]:
    plugin = (await services.job_types.find(job_type, who)).manifest.name if job_type else None
    limit = services.settings.itm_list_limit
    try:
        query = overview.job_query(plugin, status, min(limit, PAGE_LIMIT))
    except ValueError as error:
        fault = faults.NO_STATUS(word=(status or "")[:80], allowed=", ".join(Status))
        raise field_problem(INVALID_REQUEST, [FieldError.of("status", fault)]) from error
    query = query.model_copy(update={"plugins": narrowed(who, plugin)})
    jobs = await _first(services, query, limit)
    installed: list[InstalledPlugin] = [known.installed for known in await services.catalogue.installed()]
    types = {one.name: one.manifest.job_type for one in installed}
    return [overview.job_row(job, types.get(job.plugin, job.plugin.upper())) for job in jobs]


async def _first(services: Services, query: JobQuery, limit: int) -> list[Job]:
    """The first `limit` jobs of a list, read page by page."""
    found: list[Job] = []
    while True:
        page = await from_store(services.reader.jobs(query))
        found += page.jobs
        if page.next_cursor is None or len(found) >= limit:
            return found[:limit]
        query = query.model_copy(update={"cursor": page.next_cursor})


@router.get(
    "/rest/{viewer}/info/{identifier}",
    summary="Get the state of a viewer's job",
    responses=_ERRORS,
)
async def info(request: Request, viewer: Viewer, identifier: Identifier, who: Caller) -> Response:
    """The job's `status`, and `errorMessage` if it failed or was cancelled."""
    job = await _find(request, viewer, identifier, who)
    body = {"id": job.id, "status": job.status.value}
    if message := overview.error_message(job):
        body["errorMessage"] = message
    return _json(body)


@router.get(
    "/rest/{viewer}/numJobsUntil/{identifier}",
    summary="Count the jobs ahead of a viewer's job",
    responses=_PLAIN | _ERRORS,
)
async def jobs_until(request: Request, viewer: Viewer, identifier: Identifier, who: Caller) -> Response:
    """The number of jobs that start before this one; 0 if it is not waiting."""
    job = await _find(request, viewer, identifier, who)
    if job.status is not Status.STARTED:
        return PlainTextResponse("0")
    return PlainTextResponse(str((await from_store(services_of(request).reader.position(job))).ahead))


@router.get(
    "/rest/viewerpdf/pdfSize/{identifier}",
    summary="Get the size of a viewer's PDF",
    responses=_PLAIN | _ERRORS,
)
async def pdf_size(request: Request, identifier: Identifier, who: Caller) -> Response:
    """The size of the results in bytes; 0 before the job is done."""
    return _size(await _find(request, "viewerpdf", identifier, who))


@router.get(
    "/rest/viewerepub/epubSize/{identifier}",
    summary="Get the size of a viewer's EPUB",
    responses=_PLAIN | _ERRORS,
)
async def epub_size(request: Request, identifier: Identifier, who: Caller) -> Response:
    """The size of the results in bytes; 0 before the job is done."""
    return _size(await _find(request, "viewerepub", identifier, who))


def _size(job: Job) -> Response:
    return PlainTextResponse(str(job.bytes if job.status is Status.DONE else 0))


async def _find(request: Request, viewer: str, identifier: str, who: Principal) -> Job:
    if viewer not in _KINDS:
        detail = problems.UNKNOWN_VIEWER(viewer=viewer[:80], known=", ".join(_KINDS))
        raise ProblemError(UNKNOWN_JOB, detail)
    return await services_of(request).identifiers.find(identifier, _KINDS[viewer], who)


def _json(body: Any) -> Response:
    return Response(to_json(body), 200, {}, "application/json")
