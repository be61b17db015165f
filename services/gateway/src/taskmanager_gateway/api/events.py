"""The live stream of changes."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query
from sse_starlette import ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Right
from taskmanager.model.jobs import PluginName, Record
from taskmanager.model.states import Tab
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.plugin_scope import narrowed
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.api.event_streams import event_stream, plain_events
from taskmanager_gateway.api.responses import Answers, problems
from taskmanager_gateway.http.problems import INVALID_REQUEST, TOO_MANY_STREAMS
from taskmanager_gateway.http.views import API
from taskmanager_gateway.live.hub import Hub, Interest
from taskmanager_gateway.services import services_of

router = APIRouter(prefix=API, tags=["Live"], dependencies=[needs(Right.READ)])


class EventQuery(Record):
    """Which events to receive; without any field, all of them."""

    plugin: PluginName | None = None
    tab: Tab | None = None


_EXAMPLE = (
    'event: job\ndata: {"job":"01a2…","plugin":"jp2","status":"DONE","tab":"done","rev":9,"progress":{…}}\n\n'
)
_STREAM: Answers = {
    200: {"description": "The event stream", "content": {"text/event-stream": {"example": _EXAMPLE}}}
}


@router.get(
    "/events",
    summary="Stream changes as server-sent events",
    response_class=Response,
    responses=_STREAM | problems(INVALID_REQUEST, TOO_MANY_STREAMS),
)
async def listen(request: Request, query: Annotated[EventQuery, Query()], who: Caller) -> Response:
    """Events `job`, `plugin` and `operation`: hints to read again. A job's `tab` is its current one.

    Nothing is replayed (`Last-Event-ID` is ignored): read what you display again after each connection and
    each `reset`, which is sent when events may have been missed, also because the client was too slow.
    """
    services = services_of(request)
    events = _heard(services.hub, Interest(query.plugin, query.tab, narrowed(who, query.plugin)))
    return event_stream(request, "events", events)


async def _heard(hub: Hub, interest: Interest) -> AsyncIterator[ServerSentEvent]:
    with hub.listen(interest) as listener:
        async for event in plain_events(listener.events()):
            yield event
