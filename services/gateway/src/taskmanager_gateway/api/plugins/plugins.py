"""The installed plugins."""

import asyncio

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Principal, Right
from taskmanager_gateway import codes
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.plugin_scope import allow
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.api.responses import json_answer, problems
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.problems import STORE_UNAVAILABLE, UNKNOWN_PLUGIN, ProblemError
from taskmanager_gateway.http.views import API
from taskmanager_gateway.plugins.views import PluginListView, PluginView
from taskmanager_gateway.services import services_of

router = APIRouter(prefix=API, tags=["Plugins and runners"], dependencies=[needs(Right.READ)])


async def _views(request: Request, who: Principal, name: str | None = None) -> list[PluginView]:
    reader = services_of(request).reader
    reads = asyncio.gather(
        reader.plugins(), reader.statistics(name), reader.runners(name), reader.replica_sets(name)
    )
    plugins, statistics, runners, kept = await from_store(reads)
    return [PluginView.of(plugin, statistics, runners, kept) for plugin in plugins if who.sees(plugin.name)]


@router.get(
    "/plugins",
    summary="List plugins",
    response_model=PluginListView,
    responses=problems(STORE_UNAVAILABLE),
)
async def list_plugins(request: Request, who: Caller) -> Response:
    """All plugins with their manifests, job counts, data volumes and runners."""
    return json_answer(PluginListView.model_construct(plugins=await _views(request, who)))


@router.get(
    "/plugins/{name}",
    summary="Get a plugin",
    response_model=PluginView,
    responses=problems(UNKNOWN_PLUGIN, STORE_UNAVAILABLE),
)
async def show_plugin(request: Request, name: str, who: Caller) -> Response:
    """A plugin: what it accepts, its jobs by status, files and bytes of each tab, its runners and limits.

    `state` shows the progress of a stop: `stopping` with `still_running` jobs, then `stopped`.
    """
    return json_answer(await plugin_view(request, name, who))


async def plugin_view(request: Request, name: str, who: Principal) -> PluginView:
    """The plugin's current state; raises ProblemError if unknown or out of reach, StoreUnavailableError."""
    allow(who, name)
    known = {view.manifest.name: view for view in await _views(request, who, name)}
    if name not in known:
        told = codes.problems.UNKNOWN_PLUGIN(plugin=name[:80], known=", ".join(known) or None)
        raise ProblemError(UNKNOWN_PLUGIN, told, known=list(known))
    return known[name]
