"""What open pages receive live: digests of what has changed."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query
from sse_starlette import ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Right
from taskmanager.model.jobs import PluginName, Record
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.api.event_streams import event_stream, plain_events
from taskmanager_gateway.live.digests import Digests
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.shell.render import caller

router = APIRouter(dependencies=[needs(Right.READ)])


class LiveQuery(Record):
    """The plugin whose page is open; without it, a page of all plugins."""

    plugin: PluginName | None = None


@router.get("/ui/live", response_class=Response)
async def live(request: Request, query: Annotated[LiveQuery, Query()]) -> Response:
    """Events `digest` and `reset`. Read what is displayed again after each connection and each `reset`.

    `digest` for a plugin: `{name, jobs: [{job, rev, status, tab}], many, arrived: {tab: jobs}, counts,
    plugin, operations}`. `many`: more jobs have changed than are named. `arrived`: how many jobs are new in
    each tab. `counts`, `plugin`: the counts, or the plugin itself (stop, limit), have changed. `operations`:
    those that have progressed.

    For all plugins: `{plugins: {name: {counts, plugin, arrived}}, operations}`.

    A stream is ended when rights may have changed: a client that reconnects is authenticated again.
    """
    services = services_of(request)
    kind = "pages of all plugins" if query.plugin is None else "pages of a plugin"
    events = _heard(services.digests, query.plugin, caller(request).plugins)
    return event_stream(request, kind, events)


async def _heard(
    digests: Digests, plugin: str | None, among: frozenset[str] | None
) -> AsyncIterator[ServerSentEvent]:
    with digests.listen(plugin, among) as listener:
        async for event in plain_events(listener.events()):
            yield event
