"""Runners, and operators' commands for them."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.messages import RunnerCommand
from taskmanager.model.access import Principal, Right
from taskmanager.model.control import RunnerAction
from taskmanager_gateway import codes
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.api.commands import REASON_BODY, command_answer, command_answers
from taskmanager_gateway.api.responses import json_answer, json_request, problems
from taskmanager_gateway.commands.service import Author
from taskmanager_gateway.http.command_bodies import ReasonBody, read_order
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.examples import DRAIN
from taskmanager_gateway.http.problems import INVALID_REQUEST, STORE_UNAVAILABLE, UNKNOWN_RUNNER, ProblemError
from taskmanager_gateway.http.views import API
from taskmanager_gateway.runners.bodies import DrainBody
from taskmanager_gateway.runners.views import RunnerCommandView, RunnerListView, RunnerView
from taskmanager_gateway.services import services_of

RunnerId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}$")]

router = APIRouter(prefix=API, dependencies=[needs(Right.READ, change=Right.OPERATE)])
_READING, _CONTROL = "Plugins and runners", "Control"


@router.get(
    "/runners",
    tags=[_READING],
    summary="List runners",
    response_model=RunnerListView,
    responses=problems(STORE_UNAVAILABLE),
)
async def list_runners(request: Request, who: Caller) -> Response:
    """All runners that have ever registered and were not forgotten, with the time of their last heartbeat."""
    runners = await from_store(services_of(request).reader.runners())
    shown = [RunnerView.of(runner) for runner in runners if who.sees(runner.plugin)]
    return json_answer(RunnerListView.model_construct(runners=shown))


@router.get(
    "/runners/{runner}",
    tags=[_READING],
    summary="Get a runner",
    response_model=RunnerView,
    responses=problems(INVALID_REQUEST, UNKNOWN_RUNNER, STORE_UNAVAILABLE),
)
async def show_runner(request: Request, runner: RunnerId, who: Caller) -> Response:
    """A runner; `state` shows the progress of a drain: `draining` with `busy` jobs, then `drained`."""
    found = await _find(request, runner)
    if found is None or not who.sees(found.plugin):
        detail = codes.problems.UNKNOWN_RUNNER(runner=runner)
        raise ProblemError(UNKNOWN_RUNNER, detail)
    return json_answer(found)


@router.post(
    "/runners/{runner}/drain",
    tags=[_CONTROL],
    summary="Drain a runner",
    response_model=RunnerCommandView,
    responses=command_answers(UNKNOWN_RUNNER),
    openapi_extra=json_request("DrainBody", DRAIN, required=False),
)
async def drain(request: Request, runner: RunnerId, who: Caller) -> Response:
    """Let the runner take no more jobs, so that its machine can be stopped; other runners take them.

    Its running jobs finish, or are handed back without counting as failed after `grace_seconds`; jobs that
    are paused are handed back at once. The runner stays drained across restarts until it is resumed. Draining
    it again with another grace period changes that period.
    """
    body = await read_order(request, DrainBody)
    order = RunnerCommand(runner=runner, action=RunnerAction.DRAIN, grace_seconds=body.grace_seconds)
    return await _command(request, order, Author(who, body.reason))


@router.post(
    "/runners/{runner}/resume",
    tags=[_CONTROL],
    summary="Resume a drained runner",
    response_model=RunnerCommandView,
    responses=command_answers(UNKNOWN_RUNNER),
    openapi_extra=REASON_BODY,
)
async def resume(request: Request, runner: RunnerId, who: Caller) -> Response:
    """End the drain: the runner takes jobs again."""
    return await _plain(request, runner, RunnerAction.RESUME, who)


@router.delete(
    "/runners/{runner}",
    tags=[_CONTROL],
    summary="Forget a runner that is gone",
    response_model=RunnerCommandView,
    responses=command_answers(UNKNOWN_RUNNER),
    openapi_extra=REASON_BODY,
)
async def forget(request: Request, runner: RunnerId, who: Caller) -> Response:
    """Remove the runner from the list. Refused while it is alive or owns jobs; registering brings it back."""
    return await _plain(request, runner, RunnerAction.FORGET, who)


async def _plain(request: Request, runner: str, action: RunnerAction, who: Principal) -> Response:
    body = await read_order(request, ReasonBody)
    return await _command(request, RunnerCommand(runner=runner, action=action), Author(who, body.reason))


async def _command(request: Request, order: RunnerCommand, author: Author) -> Response:
    result = await services_of(request).commanding.command(order, author)
    return await command_answer(
        result, f"runner={order.runner}", RunnerCommandView, runner=lambda: _find(request, order.runner)
    )


async def _find(request: Request, runner: str) -> RunnerView | None:
    runners = await from_store(services_of(request).reader.runners())
    return next((RunnerView.of(one) for one in runners if one.id == runner), None)
