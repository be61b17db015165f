"""Operators' commands for one job."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.messages import JobCommand
from taskmanager.model.access import Principal, Right
from taskmanager.model.control import JobAction
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.api.commands import REASON_BODY, command_answer, command_answers
from taskmanager_gateway.api.responses import json_request
from taskmanager_gateway.commands.service import Author
from taskmanager_gateway.http.command_bodies import PriorityBody, ReasonBody, read_order
from taskmanager_gateway.http.examples import PRIORITY
from taskmanager_gateway.http.problems import UNKNOWN_JOB
from taskmanager_gateway.http.views import API
from taskmanager_gateway.jobs.views import JobCommandView, JobView
from taskmanager_gateway.services import services_of

router = APIRouter(
    prefix=API, tags=["Control"], responses=command_answers(UNKNOWN_JOB), dependencies=[needs(Right.OPERATE)]
)


@router.post(
    "/jobs/{job_id}/cancel",
    summary="Cancel a job",
    response_model=JobCommandView,
    openapi_extra=REASON_BODY,
)
async def cancel(request: Request, job_id: str, who: Caller) -> Response:
    """End the job for good: a waiting one at once, a running one as soon as its processes have ended.

    Until then the job shows `cancelling`; `cancelled` then says how it ended. Refused while its results are
    being moved into place.
    """
    return await _plain(request, JobCommand(job=job_id, action=JobAction.CANCEL), who)


@router.post(
    "/jobs/{job_id}/hold",
    summary="Hold a job",
    response_model=JobCommandView,
    openapi_extra=REASON_BODY,
)
async def hold(request: Request, job_id: str, who: Caller) -> Response:
    """Keep the job from starting, or pause it where it is, until it is released."""
    return await _plain(request, JobCommand(job=job_id, action=JobAction.HOLD), who)


@router.post(
    "/jobs/{job_id}/release",
    summary="Release a held job",
    response_model=JobCommandView,
    openapi_extra=REASON_BODY,
)
async def release(request: Request, job_id: str, who: Caller) -> Response:
    """Let a held job continue: it waits for its turn again, or resumes where it was paused."""
    return await _plain(request, JobCommand(job=job_id, action=JobAction.RELEASE), who)


@router.post(
    "/jobs/{job_id}/retry",
    summary="Retry a job",
    response_model=JobCommandView,
    openapi_extra=REASON_BODY,
)
async def retry(request: Request, job_id: str, who: Caller) -> Response:
    """Queue a job in ERROR or CANCELLED again, from the beginning; its history and log are kept."""
    return await _plain(request, JobCommand(job=job_id, action=JobAction.RETRY), who)


@router.post(
    "/jobs/{job_id}/next",
    summary="Move a job to the front of the queue",
    response_model=JobCommandView,
    openapi_extra=REASON_BODY,
)
async def put_next(request: Request, job_id: str, who: Caller) -> Response:
    """Move the job ahead of all waiting jobs of its plugin, whatever their priority.

    Of several such jobs, the one moved first starts first. This lasts until the job ends or gets another
    priority.
    """
    return await _plain(request, JobCommand(job=job_id, action=JobAction.NEXT), who)


@router.put(
    "/jobs/{job_id}/priority",
    summary="Change the priority of a job",
    response_model=JobCommandView,
    openapi_extra=json_request("PriorityBody", PRIORITY),
)
async def set_priority(request: Request, job_id: str, who: Caller) -> Response:
    """Set a priority of 0 to 10, higher first.

    A waiting job becomes the last of its new priority; a running one continues.
    """
    body = await read_order(request, PriorityBody)
    order = JobCommand(job=job_id, action=JobAction.PRIORITY, priority=body.priority)
    return await _command(request, order, Author(who, body.reason))


async def _plain(request: Request, order: JobCommand, who: Principal) -> Response:
    body = await read_order(request, ReasonBody)
    return await _command(request, order, Author(who, body.reason))


async def _command(request: Request, order: JobCommand, author: Author) -> Response:
    services = services_of(request)
    result = await services.commanding.command(order, author)

    async def job() -> JobView:
        found = await services.finder.find(order.job, author.principal)
        return JobView.of(found, await services.reasons.of_one(found))

    return await command_answer(result, f"job={order.job}", JobCommandView, job=job)
