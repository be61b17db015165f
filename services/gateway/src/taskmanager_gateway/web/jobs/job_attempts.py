"""Two attempts of a job side by side."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Right
from taskmanager.model.jobs import Record
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.jobs.attempts import comparison
from taskmanager_gateway.web.jobs.job_details import pretty
from taskmanager_gateway.web.shell.list_address import read_address
from taskmanager_gateway.web.shell.render import page

router = APIRouter(dependencies=[needs(Right.READ)])


class AttemptsAddress(Record):
    """The attempts to compare; the last two without them."""

    one: Annotated[int, Query(ge=1)] | None = None
    other: Annotated[int, Query(ge=1)] | None = None


@router.get("/jobs/{job_id}/attempts")
async def show(request: Request, job_id: str, who: Caller) -> Response:
    """The page; numbers of attempts that are not known are ignored."""
    asked, _ = read_address(AttemptsAddress, request.query_params)
    services = services_of(request)
    job = await services.finder.find(job_id, who)
    compared = comparison(job, services.clock.now(), asked.one, asked.other)
    context = {
        "job": job,
        "title": job.spec.title or job.id,
        "compared": compared,
        "parameters": pretty(job.spec.parameters),
    }
    return await page(request, "job/attempts.html", context)
