"""The position a job would have with another priority: for the dialog that changes it."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Right
from taskmanager.model.jobs import Record
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.api.responses import json_answer, problems
from taskmanager_gateway.http.problems import INVALID_REQUEST, STORE_UNAVAILABLE, UNKNOWN_JOB
from taskmanager_gateway.http.views import API
from taskmanager_gateway.jobs.list_queries import PriorityLevel
from taskmanager_gateway.jobs.queue_position import QueuePosition
from taskmanager_gateway.services import services_of

router = APIRouter(prefix=API, tags=["Jobs"], dependencies=[needs(Right.READ)])


class LandingQuery(Record):
    """The priority to assume."""

    priority: PriorityLevel


class LandingView(Record):
    """`ahead` jobs would start before it, null if it is not waiting; `capped`: there may be more."""

    job: str
    priority: int
    ahead: int | None
    capped: bool = False


@router.get(
    "/jobs/{job_id}/landing",
    summary="Preview a job's queue position at another priority",
    response_model=LandingView,
    responses=problems(INVALID_REQUEST, UNKNOWN_JOB, STORE_UNAVAILABLE),
)
async def show_landing(
    request: Request, job_id: str, query: Annotated[LandingQuery, Query()], who: Caller
) -> Response:
    """How many waiting jobs of its plugin would start before it. Nothing is changed."""
    services = services_of(request)
    job = await services.finder.find(job_id, who)
    found = await QueuePosition(services.reader, services.clock).of_priority(job, query.priority)
    view = LandingView(
        job=job.id,
        priority=query.priority,
        ahead=found.ahead if found else None,
        capped=found is not None and found.capped,
    )
    return json_answer(view)
