"""Operators' actions on one job: a small pop-up where input is needed, one click where it is not."""

from typing import Annotated

from fastapi import APIRouter, Form
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.errors import StoreUnavailableError
from taskmanager.messages import JobCommand
from taskmanager.model.access import Principal, Right
from taskmanager.model.control import JobAction, judge
from taskmanager.model.jobs import PRIORITY_HIGHEST, PRIORITY_LOWEST, Job
from taskmanager.model.queries import Position
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.plugin_scope import allow_right
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.codes import problems
from taskmanager_gateway.commands.service import Author
from taskmanager_gateway.http.problems import NOT_POSSIBLE, ProblemError
from taskmanager_gateway.jobs.queue_position import QueuePosition
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.jobs.actions import AT_ONCE, Act
from taskmanager_gateway.web.shell.command_answers import command_answer
from taskmanager_gateway.web.shell.forms import ReasonForm
from taskmanager_gateway.web.shell.render import fragment, text

router = APIRouter(dependencies=[needs(Right.READ, change=Right.OPERATE)])

CHANGED = ("tm-rows", "tm-counts", "tm-job")


class PriorityForm(ReasonForm):
    """The new priority and the reason."""

    priority: Annotated[int, Field(ge=PRIORITY_LOWEST, le=PRIORITY_HIGHEST)]


@router.get("/ui/jobs/{job_id}/priority")
async def ask_priority(request: Request, job_id: str, who: Caller) -> Response:
    """The pop-up for the priority, with plus and minus."""
    job = await _changeable(request, job_id, JobAction.PRIORITY, who)
    context = {
        "job": job,
        "priority": job.priority,
        "landing": await _landing(request, job, job.priority),
        "lowest": PRIORITY_LOWEST,
        "highest": PRIORITY_HIGHEST,
    }
    return fragment(request, "job/priority.html", context)


@router.get("/ui/jobs/{job_id}/landing")
async def show_landing(request: Request, job_id: str, who: Caller, priority: str = "") -> Response:
    """The position the job would have; what has been typed so far need not be a valid priority."""
    job = await services_of(request).finder.find(job_id, who)
    chosen = _chosen(priority)
    landing = None if chosen is None else await _landing(request, job, chosen)
    return fragment(request, "job/landing.html", {"job": job, "priority": chosen, "landing": landing})


@router.post("/ui/jobs/{job_id}/priority")
async def set_priority(
    request: Request, job_id: str, form: Annotated[PriorityForm, Form()], who: Caller
) -> Response:
    """Change the priority."""
    order = JobCommand(job=job_id, action=JobAction.PRIORITY, priority=form.priority)
    result = await services_of(request).commanding.command(order, Author(who, form.reason))
    told = text(request, "The job has priority %(priority)s now.", priority=form.priority)
    return command_answer(request, result, told, events=CHANGED)


@router.get("/ui/jobs/{job_id}/cancel")
@router.get("/ui/jobs/{job_id}/hold")
@router.get("/ui/jobs/{job_id}/next")
@router.get("/ui/jobs/{job_id}/release")
@router.get("/ui/jobs/{job_id}/retry")
async def ask(request: Request, job_id: str, who: Caller) -> Response:
    """The pop-up that asks for confirmation and the reason."""
    action = _action(request)
    job = await _changeable(request, job_id, action, who)
    landing = await _landing_next(request, job) if action is JobAction.NEXT else None
    return fragment(request, "job/ask.html", {"job": job, "act": action, "landing": landing})


@router.post("/ui/jobs/{job_id}/cancel")
@router.post("/ui/jobs/{job_id}/hold")
@router.post("/ui/jobs/{job_id}/next")
@router.post("/ui/jobs/{job_id}/release")
@router.post("/ui/jobs/{job_id}/retry")
async def obey(request: Request, job_id: str, form: Annotated[ReasonForm, Form()], who: Caller) -> Response:
    """Carry out the action. The message states the request, since a running job follows a moment later."""
    action = _action(request)
    result = await services_of(request).commanding.command(
        JobCommand(job=job_id, action=action), Author(who, form.reason)
    )
    told = _told(request, action)
    # after one click within open details, these stay open to show the result
    return command_answer(request, result, told, events=CHANGED, close=Act(action) not in AT_ONCE)


def _action(request: Request) -> JobAction:
    """The action, from the last segment of the path."""
    return JobAction(request.url.path.rpartition("/")[2])


async def _changeable(request: Request, job_id: str, action: JobAction, who: Principal) -> Job:
    """The job; raises ProblemError if the action is impossible, before anyone types a reason."""
    allow_right(who, Right.OPERATE)
    job = await services_of(request).finder.find(job_id, who)
    refusal = judge(job, action).refusal
    if refusal is not None:
        raise ProblemError(NOT_POSSIBLE, problems.cannot(action, refusal), job=job.id)
    return job


def _chosen(typed: str) -> int | None:
    chosen = int(typed) if typed.isdecimal() and typed.isascii() and len(typed) < len("100") else None
    return chosen if chosen is not None and PRIORITY_LOWEST <= chosen <= PRIORITY_HIGHEST else None


async def _landing(request: Request, job: Job, priority: int) -> Position | None:
    """The position; None also if it cannot be counted now: the priority can be changed all the same."""
    services = services_of(request)
    try:
        return await QueuePosition(services.reader, services.clock).of_priority(job, priority)
    except StoreUnavailableError:
        return None


async def _landing_next(request: Request, job: Job) -> Position | None:
    services = services_of(request)
    try:
        return await QueuePosition(services.reader, services.clock).of_next(job)
    except StoreUnavailableError:
        return None


def _told(request: Request, action: JobAction) -> str:
    match action:
        case JobAction.CANCEL:
            return text(request, "The job is cancelled, a running one as soon as its processes have ended.")
        case JobAction.HOLD:
            return text(request, "The job is held, a running one as soon as it can pause.")
        case JobAction.RELEASE:
            return text(request, "The job is released.")
        case JobAction.RETRY:
            return text(request, "The job waits for its turn again, from its beginning.")
        case _:
            return text(request, "The job is put next.")
