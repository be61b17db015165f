"""Server-sent events over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

from pydantic_core import from_json
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from taskmanager_gateway.live import Event
from taskmanager_gateway.metrics import STREAMS

SEND_SECONDS = 30
"""A listener that takes nothing for so long is gone."""


def event_stream(name: str, events: AsyncIterator[ServerSentEvent], keepalive_seconds: float) -> Response:
    """A stream that is counted while it is open and sends a comment when nothing else is sent."""
    return EventSourceResponse(
        _counted(name, events), ping=keepalive_seconds, send_timeout=SEND_SECONDS, sep="\n"
    )


async def _counted(name: str, events: AsyncIterator[ServerSentEvent]) -> AsyncIterator[ServerSentEvent]:
    STREAMS.labels(name).inc()
    try:
        async for event in events:
            yield event
    finally:
        STREAMS.labels(name).dec()


async def plain_events(events: AsyncIterator[Event]) -> AsyncIterator[ServerSentEvent]:
    """Events without an id: they cannot be replayed."""
    async for event in events:
        yield ServerSentEvent(event.data, event=event.type, sep="\n")


async def log_events(events: AsyncIterator[Event]) -> AsyncIterator[ServerSentEvent]:
    """Events of a log with their position as id, so that a client goes on where it was cut off."""
    async for event in events:
        yield ServerSentEvent(event.data, event=event.type, id=_position(event), sep="\n")


def _position(event: Event) -> str | None:
    block: dict[str, Any] = from_json(event.data)
    return f"{block['attempt']}.{block['seq']}" if "seq" in block else None
