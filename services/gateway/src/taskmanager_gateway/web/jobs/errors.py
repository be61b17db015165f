"""The whole error of a job: in a pop-up, and as text if the message is too long for one."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from taskmanager.model.access import Right
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.jobs.rows import shown_error, whole_error
from taskmanager_gateway.web.shell.render import fragment, sentences_of

router = APIRouter(dependencies=[needs(Right.READ)])


@router.get("/ui/jobs/{job_id}/error")
async def show(request: Request, job_id: str, who: Caller) -> Response:
    """The pop-up; a very long message is cut."""
    job = await services_of(request).finder.find(job_id, who)
    return fragment(
        request, "plugin/error.html", {"job": job, "shown": shown_error(job, sentences_of(request))}
    )


@router.get("/jobs/{job_id}/error.txt")
async def whole(request: Request, job_id: str, who: Caller) -> Response:
    """The whole error as plain text."""
    job = await services_of(request).finder.find(job_id, who)
    return PlainTextResponse(whole_error(job, sentences_of(request)))
