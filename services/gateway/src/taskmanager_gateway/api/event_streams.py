"""Server-sent events over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

from pydantic_core import from_json
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.serving.connections import client_key
from taskmanager_gateway.access.auth_context import ANONYMOUS, address_of, auth_context_of
from taskmanager_gateway.http.open_streams import OpenStreams
from taskmanager_gateway.live.hub import LiveEvent
from taskmanager_gateway.metrics import STREAMS
from taskmanager_gateway.services import services_of

SEND_SECONDS = 30
"""Seconds after which a listener that accepts no data is considered gone."""


def event_stream(request: Request, name: str, events: AsyncIterator[ServerSentEvent]) -> Response:
    """A stream that is counted while it is open, and sends a comment when there is nothing else to send.

    Raises ProblemError if too many are open.
    """
    services, client = services_of(request), _client(request)
    services.streams.check(client)
    return EventSourceResponse(
        _counted(name, events, services.streams, client),
        ping=services.settings.event_keepalive_seconds,
        send_timeout=SEND_SECONDS,
        sep="\n",
    )


def _client(request: Request) -> str:
    """The key under which streams are counted: a user, a token, or an address."""
    known = auth_context_of(request).client
    return client_key(address_of(request)) if known == ANONYMOUS else known


async def _counted(
    name: str, events: AsyncIterator[ServerSentEvent], streams: OpenStreams, client: str
) -> AsyncIterator[ServerSentEvent]:
    if not streams.admits(client):
        return
    with streams.open(client), STREAMS.labels(name).track_inprogress():
        async for event in events:
            yield event


async def plain_events(events: AsyncIterator[LiveEvent]) -> AsyncIterator[ServerSentEvent]:
    """Send events without an id, since they cannot be replayed."""
    async for event in events:
        yield ServerSentEvent(event.data, event=event.type, sep="\n")


async def log_events(events: AsyncIterator[LiveEvent]) -> AsyncIterator[ServerSentEvent]:
    """Send events of a log with their position as id, so that a client can resume where it was cut off."""
    async for event in events:
        yield ServerSentEvent(event.data, event=event.type, id=_position(event), sep="\n")


def _position(event: LiveEvent) -> str | None:
    block: dict[str, Any] = from_json(event.data)
    return f"{block['attempt']}.{block['seq']}" if "seq" in block else None
