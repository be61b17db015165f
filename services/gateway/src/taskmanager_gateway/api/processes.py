"""A process of Goobi: its jobs over all plugins."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Right
from taskmanager.model.jobs import InstallationName, Number, Record, ShortText
from taskmanager.model.queries import PAGE_LIMIT, ProcessQuery
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.api.responses import json_answer, page_links, problems
from taskmanager_gateway.http.problems import INVALID_CURSOR, INVALID_REQUEST, STORE_UNAVAILABLE
from taskmanager_gateway.http.views import API
from taskmanager_gateway.jobs.views import JobView
from taskmanager_gateway.processes.links import process_address
from taskmanager_gateway.processes.views import GoobiPagesView, ProcessView, title_of
from taskmanager_gateway.services import services_of

router = APIRouter(prefix=API, tags=["Jobs"], dependencies=[needs(Right.READ)])

ProcessId = Annotated[Number, Path(description="The id of the process in Goobi.")]


class ProcessListQuery(Record):
    """Which of the process's jobs."""

    installation: InstallationName | None = Field(
        None, description="Whose process; default: the default one."
    )
    step: Number | None = Field(None, description="Only jobs of this step.")
    cursor: ShortText | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE_LIMIT)] = 50


@router.get(
    "/processes/{process_id}",
    summary="List the jobs of a process",
    response_model=ProcessView,
    responses=problems(INVALID_REQUEST, INVALID_CURSOR, STORE_UNAVAILABLE),
)
async def show_process(
    request: Request, process_id: ProcessId, query: Annotated[ProcessListQuery, Query()], who: Caller
) -> Response:
    """All jobs of a process over all plugins within reach, the newest first.

    A process that no job refers to has an empty list. For the next page, send `cursor` = `next_cursor`.
    """
    services = services_of(request)
    asked = ProcessQuery(
        process=process_id,
        installations=services.processes.names(query.installation),
        step=query.step,
        cursor=query.cursor,
        limit=query.limit,
    )
    found = await services.processes.page(asked, who)
    reasons = await services.reasons.of_page(found.jobs)
    view = ProcessView.model_construct(
        process_id=process_id,
        installation=services.goobi.name_of(query.installation),
        process_title=title_of(found.jobs),
        goobi=GoobiPagesView.of(found.jobs, services.goobi),
        page=process_address(process_id, query.installation, services.goobi),
        jobs=[JobView.of(job, reasons.get(job.id)) for job in found.jobs],
        next_cursor=found.next_cursor,
        links=page_links(request, found.next_cursor),
    )
    return json_answer(view)
