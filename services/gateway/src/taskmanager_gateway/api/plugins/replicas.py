"""The runners that orchestrators keep for a plugin: how many there are, and how many are wanted."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.messages import ScalingCommand
from taskmanager.model.access import Principal, Right
from taskmanager.model.jobs import PluginName
from taskmanager.model.replicas import PlaceName, ScalingAction
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.plugin_scope import allow
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.api.commands import REASON_BODY, command_answer, command_answers
from taskmanager_gateway.api.responses import json_answer, json_request, problems
from taskmanager_gateway.commands.service import Author
from taskmanager_gateway.http.command_bodies import ReasonBody, read_order
from taskmanager_gateway.http.examples import SCALE
from taskmanager_gateway.http.problems import INVALID_REQUEST, STORE_UNAVAILABLE, UNKNOWN_PLACE
from taskmanager_gateway.http.views import API
from taskmanager_gateway.plugins.bodies import ScaleBody
from taskmanager_gateway.plugins.replica_reading import read_sets
from taskmanager_gateway.plugins.replica_views import ReplicaSetListView, ReplicaSetView, ScalingCommandView
from taskmanager_gateway.services import services_of

Place = Annotated[PlaceName, Path(description="The place of an orchestrator.")]

router = APIRouter(prefix=API, dependencies=[needs(Right.READ, change=Right.SCALE)])
_READING, _CONTROL = "Plugins and runners", "Control"


@router.get(
    "/plugins/{name}/replicas",
    tags=[_READING],
    summary="List the runners kept for a plugin",
    response_model=ReplicaSetListView,
    responses=problems(INVALID_REQUEST, STORE_UNAVAILABLE),
)
async def list_replicas(request: Request, name: PluginName, who: Caller) -> Response:
    """For each place with an orchestrator: how many runners are wanted there, and what each of them does.

    Runners that were started in another way are not listed here.
    """
    allow(who, name)
    return json_answer(ReplicaSetListView.model_construct(replicas=await _read(request, name)))


@router.put(
    "/plugins/{name}/replicas/{place}",
    tags=[_CONTROL],
    summary="Set how many runners a plugin has",
    response_model=ScalingCommandView,
    responses=command_answers(UNKNOWN_PLACE),
    openapi_extra=json_request("ScaleBody", SCALE),
)
async def scale(request: Request, name: PluginName, place: Place, who: Caller) -> Response:
    """Want `desired` runners (`mode` manual), or as many as the jobs need from `min` to `max` (auto).

    Fewer are wanted without ending any job: the idlest runners are drained first. `desired` may be 0, since
    jobs are accepted whether a runner is up or not.
    """
    allow(who, name)
    body = await read_order(request, ScaleBody)
    order = ScalingCommand(
        plugin=name, place=place, action=ScalingAction.SCALE, **body.model_dump(exclude={"reason"})
    )
    return await _command(request, order, Author(who, body.reason))


@router.post(
    "/plugins/{name}/replicas/{place}/restart",
    tags=[_CONTROL],
    summary="Restart the runners of a plugin one by one",
    response_model=ScalingCommandView,
    responses=command_answers(UNKNOWN_PLACE),
    openapi_extra=REASON_BODY,
)
async def restart_one_by_one(request: Request, name: PluginName, place: Place, who: Caller) -> Response:
    """Replace each runner by a new one, drained first; the next one only when the new one works.

    A new image or another template in the orchestrator's file takes effect this way.
    """
    return await _plain(request, name, place, ScalingAction.RENEW, who)


@router.delete(
    "/plugins/{name}/replicas/{place}",
    tags=[_CONTROL],
    summary="Forget a place that has no orchestrator any more",
    response_model=ScalingCommandView,
    responses=command_answers(UNKNOWN_PLACE),
    openapi_extra=REASON_BODY,
)
async def forget_place(request: Request, name: PluginName, place: Place, who: Caller) -> Response:
    """Remove the place from the list. Refused while its orchestrator reports; a new report brings it back."""
    return await _plain(request, name, place, ScalingAction.FORGET_PLACE, who)


async def _plain(request: Request, name: str, place: str, action: ScalingAction, who: Principal) -> Response:
    allow(who, name)
    body = await read_order(request, ReasonBody)
    return await _command(
        request, ScalingCommand(plugin=name, place=place, action=action), Author(who, body.reason)
    )


async def _command(request: Request, order: ScalingCommand, author: Author) -> Response:
    async def shown() -> ReplicaSetView | None:
        return next((one for one in await _read(request, order.plugin) if one.place == order.place), None)

    result = await services_of(request).commanding.command(order, author)
    return await command_answer(result, f"plugin={order.plugin}", ScalingCommandView, replicas=shown)


async def _read(request: Request, plugin: str) -> list[ReplicaSetView]:
    return await read_sets(services_of(request).reader, plugin)
