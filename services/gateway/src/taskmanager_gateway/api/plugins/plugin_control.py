"""Operators' commands for a plugin."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.messages import PluginCommand
from taskmanager.model.access import Principal, Right
from taskmanager.model.control import PluginAction
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.plugin_scope import allow
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.api.commands import REASON_BODY, command_answer, command_answers
from taskmanager_gateway.api.plugins.plugins import plugin_view
from taskmanager_gateway.api.responses import json_request
from taskmanager_gateway.commands.service import Author
from taskmanager_gateway.http.command_bodies import ReasonBody, read_order
from taskmanager_gateway.http.examples import LIMIT, STOP
from taskmanager_gateway.http.problems import PLUGINS_UNKNOWN, UNKNOWN_PLUGIN
from taskmanager_gateway.http.views import API
from taskmanager_gateway.plugins.bodies import LimitBody, StopBody
from taskmanager_gateway.plugins.views import PluginCommandView
from taskmanager_gateway.services import services_of

router = APIRouter(
    prefix=API,
    tags=["Control"],
    responses=command_answers(UNKNOWN_PLUGIN, PLUGINS_UNKNOWN),
    dependencies=[needs(Right.OPERATE)],
)


@router.post(
    "/plugins/{name}/stop",
    summary="Stop a plugin",
    response_model=PluginCommandView,
    openapi_extra=json_request("StopBody", STOP, required=False),
)
async def stop(request: Request, name: str, who: Caller) -> Response:
    """Start no job of the plugin until it is restarted, or until `until`. New jobs are still accepted.

    Running jobs pause where they are and continue afterwards (`mode` suspend), or finish (finish). Stopping
    the plugin again with another `mode` or `until` changes the stop.
    """
    await _known(request, name, who)
    body = await read_order(request, StopBody)
    until = body.ends(services_of(request).clock.now())
    order = PluginCommand(plugin=name, action=PluginAction.STOP, mode=body.mode, until=until)
    return await _command(request, order, Author(who, body.reason))


@router.post(
    "/plugins/{name}/restart",
    summary="Restart a stopped plugin",
    response_model=PluginCommandView,
    openapi_extra=REASON_BODY,
)
async def restart(request: Request, name: str, who: Caller) -> Response:
    """End the stop: suspended jobs continue, waiting ones start."""
    return await _plain(request, name, PluginAction.RESTART, who)


@router.post(
    "/plugins/{name}/refuse",
    summary="Refuse new jobs for a plugin",
    response_model=PluginCommandView,
    openapi_extra=REASON_BODY,
)
async def refuse(request: Request, name: str, who: Caller) -> Response:
    """Answer submissions for the plugin with 409 from now on; jobs accepted before are not affected."""
    return await _plain(request, name, PluginAction.REFUSE, who)


@router.post(
    "/plugins/{name}/accept",
    summary="Accept new jobs for a plugin again",
    response_model=PluginCommandView,
    openapi_extra=REASON_BODY,
)
async def accept(request: Request, name: str, who: Caller) -> Response:
    """Accept submissions for the plugin again."""
    return await _plain(request, name, PluginAction.ACCEPT, who)


@router.put(
    "/plugins/{name}/limit",
    summary="Limit the running jobs of a plugin",
    response_model=PluginCommandView,
    openapi_extra=json_request("LimitBody", LIMIT),
)
async def set_limit(request: Request, name: str, who: Caller) -> Response:
    """Limit how many of the plugin's jobs run at once on all runners; null restores the plugin's own limit.

    Jobs that are already running are left alone.
    """
    await _known(request, name, who)
    body = await read_order(request, LimitBody)
    order = PluginCommand(plugin=name, action=PluginAction.LIMIT, max_running=body.max_running)
    return await _command(request, order, Author(who, body.reason))


async def _plain(request: Request, name: str, action: PluginAction, who: Principal) -> Response:
    await _known(request, name, who)
    body = await read_order(request, ReasonBody)
    return await _command(request, PluginCommand(plugin=name, action=action), Author(who, body.reason))


async def _known(request: Request, name: str, who: Principal) -> None:
    """Raise ProblemError if the plugin is unknown or out of reach, before its name is used in a message."""
    allow(who, name)
    await services_of(request).catalogue.find(name, who)


async def _command(request: Request, order: PluginCommand, author: Author) -> Response:
    result = await services_of(request).commanding.command(order, author)
    return await command_answer(
        result,
        f"plugin={order.plugin}",
        PluginCommandView,
        plugin=lambda: plugin_view(request, order.plugin, author.principal),
    )
