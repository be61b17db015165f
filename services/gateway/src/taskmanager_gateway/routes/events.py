"""What changes, live."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query
from sse_starlette import ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Right
from taskmanager.model.jobs import PluginName, Record
from taskmanager.model.states import Tab
from taskmanager_gateway.access.needs import needs
from taskmanager_gateway.access.proof import Asker
from taskmanager_gateway.access.reach import narrowed
from taskmanager_gateway.live import Hub, Interest
from taskmanager_gateway.parts import parts_of
from taskmanager_gateway.problems import INVALID_REQUEST, TOO_MANY_STREAMS
from taskmanager_gateway.representation import API
from taskmanager_gateway.routes.answers import Answers, problems
from taskmanager_gateway.routes.streams import event_stream, plain_events

router = APIRouter(prefix=API, tags=["Live"], dependencies=[needs(Right.READ)])


class EventQuery(Record):
    """What to hear of; nothing given means everything."""

    plugin: PluginName | None = None
    tab: Tab | None = None


_EXAMPLE = (
    'event: job\ndata: {"job":"01a2…","plugin":"jp2","status":"DONE","tab":"done","rev":9,"progress":{…}}\n\n'
)
_STREAM: Answers = {
    200: {"description": "The stream", "content": {"text/event-stream": {"example": _EXAMPLE}}}
}


@router.get(
    "/events",
    summary="What changes, as server-sent events",
    response_class=Response,
    responses=_STREAM | problems(INVALID_REQUEST, TOO_MANY_STREAMS),
)
async def listen(request: Request, query: Annotated[EventQuery, Query()], who: Asker) -> Response:
    """Events `job` and `plugin`: hints to read again. `tab` is the tab the job is in now.

    Nothing is replayed (`Last-Event-ID` is ignored): read what you show after each connection and each
    `reset`, which comes when events may have been missed, also because the listener was too slow.
    """
    parts = parts_of(request)
    events = _heard(parts.hub, Interest(query.plugin, query.tab, narrowed(who, query.plugin)))
    return event_stream(request, "events", events)


async def _heard(hub: Hub, interest: Interest) -> AsyncIterator[ServerSentEvent]:
    with hub.listen(interest) as listener:
        async for event in plain_events(listener.events()):
            yield event
