"""Where a job would stand with another priority: for the dialog that changes it."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.access import Right
from taskmanager.jobs import Job, Record
from taskmanager.states import Status
from taskmanager_gateway.access.needs import needs
from taskmanager_gateway.access.proof import Asker
from taskmanager_gateway.deadlines import from_store
from taskmanager_gateway.list_queries import Level
from taskmanager_gateway.parts import Parts, parts_of
from taskmanager_gateway.problems import INVALID_REQUEST, STORE_UNAVAILABLE, UNKNOWN_JOB
from taskmanager_gateway.representation import API
from taskmanager_gateway.routes.answers import json_answer, problems

router = APIRouter(prefix=API, tags=["Jobs"], dependencies=[needs(Right.READ)])


class LandingQuery(Record):
    """The priority it would have."""

    priority: Level


class LandingView(Record):
    """How many jobs would start before it; `capped`: there may be more. None if it does not wait."""

    job: str
    priority: int
    ahead: int | None
    capped: bool = False


@router.get(
    "/jobs/{job_id}/landing",
    summary="Where a job would stand with another priority",
    response_model=LandingView,
    responses=problems(INVALID_REQUEST, UNKNOWN_JOB, STORE_UNAVAILABLE),
)
async def show_landing(
    request: Request, job_id: str, query: Annotated[LandingQuery, Query()], who: Asker
) -> Response:
    """How many waiting jobs of its plugin would start before it. Nothing is changed."""
    parts = parts_of(request)
    return json_answer(await landing(parts, await parts.finder.find(job_id, who), query.priority))


async def landing(parts: Parts, job: Job, priority: int) -> LandingView:
    """The answer for one job; raises StoreUnavailableError."""
    if job.status not in {Status.STARTED, Status.PAUSED}:
        return LandingView(job=job.id, priority=priority, ahead=None)
    there = _moved(job, priority, parts.clock.now())
    position = await from_store(parts.reader.position(there))
    itself = job.status is Status.STARTED and job.turn > there.turn and not position.capped
    ahead = position.ahead - (1 if itself and position.ahead else 0)
    return LandingView(job=job.id, priority=priority, ahead=ahead, capped=position.capped)


def _moved(job: Job, priority: int, now: datetime) -> Job:
    """As the scheduler would have it: at the end of its new priority; a job that backs off keeps its time."""
    fields: dict[str, Any] = {"priority": priority, "put_next": None}
    if job.status is Status.PAUSED or job.not_before is None:
        fields["queued_at"] = now
    stays = job.status is Status.STARTED and job.turn == priority
    return job if stays else job.model_copy(update=fields)
