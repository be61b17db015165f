"""The log of a job: as blocks, as text, as a live stream."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Header, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from taskmanager.model.access import Principal, Right
from taskmanager.model.jobs import Record
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.api.event_streams import event_stream, log_events
from taskmanager_gateway.api.responses import Answers, json_answer, problems
from taskmanager_gateway.http.problems import (
    INVALID_CURSOR,
    INVALID_REQUEST,
    STORE_UNAVAILABLE,
    TOO_MANY_STREAMS,
    UNKNOWN_JOB,
)
from taskmanager_gateway.http.views import API
from taskmanager_gateway.jobs.log import PAGE, parse_position
from taskmanager_gateway.jobs.views import LogView
from taskmanager_gateway.services import services_of

router = APIRouter(prefix=API, tags=["Jobs"], dependencies=[needs(Right.READ)])

PAGE_LIMIT = 500


class Format(StrEnum):
    """The forms of a log."""

    JSON = "json"
    TEXT = "text"
    STREAM = "stream"


_BY_MEDIA_TYPE = {"text/event-stream": Format.STREAM, "text/plain": Format.TEXT}


class LogQuery(Record):
    """Which part of a log, and in which form."""

    after: Annotated[
        str | None,
        Field(description="Return only what follows this position: `after` of a previous response."),
    ] = None
    limit: Annotated[
        int, Field(ge=1, le=PAGE_LIMIT, description="Maximum number of blocks in a JSON response.")
    ] = PAGE
    format: Annotated[Format | None, Field(description="Takes precedence over the `Accept` header.")] = None


_FORMS: Answers = {
    200: {
        "description": "A page of blocks, the text as a download, or a live stream",
        "content": {
            "text/plain": {"example": "2026-11-23T15:43:55.001+00:00 INFO    12 files\n"},
            "text/event-stream": {
                "example": 'event: log\nid: 1.1\ndata: {"job":"…","attempt":1,"seq":1,…}\n\n'
            },
        },
    }
}


@router.get(
    "/jobs/{job_id}/log",
    summary="Get the log of a job",
    response_model=LogView,
    responses=_FORMS
    | problems(UNKNOWN_JOB, INVALID_CURSOR, INVALID_REQUEST, TOO_MANY_STREAMS, STORE_UNAVAILABLE),
)
async def show_log(
    request: Request,
    job_id: str,
    query: Annotated[LogQuery, Query()],
    who: Caller,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """The job's log as JSON blocks, as text, or live.

    With `Accept: text/plain`, the whole text; with `Accept: text/event-stream`, what there is so far and then
    each new block, until the job is final and `end` is sent. A stream resumes after `Last-Event-ID`.
    """
    form = query.format or _asked_form(request)
    if form is Format.TEXT:
        return await _text(request, job_id, who)
    if form is Format.STREAM:
        return await _stream(request, job_id, who, last_event_id or query.after)
    page = await services_of(request).logs.page(job_id, who, parse_position(query.after), query.limit)
    return json_answer(page)


def _asked_form(request: Request) -> Format:
    accepted = (part.partition(";")[0].strip() for part in request.headers.get("accept", "").split(","))
    return next((_BY_MEDIA_TYPE[part] for part in accepted if part in _BY_MEDIA_TYPE), Format.JSON)


async def _text(request: Request, job_id: str, who: Principal) -> Response:
    lines = await services_of(request).logs.text(job_id, who)
    headers = {"Content-Disposition": f'attachment; filename="{job_id}.log"'}
    return StreamingResponse(lines, media_type="text/plain; charset=utf-8", headers=headers)


async def _stream(request: Request, job_id: str, who: Principal, after: str | None) -> Response:
    services = services_of(request)
    events = await services.logs.stream(job_id, who, parse_position(after))
    return event_stream(request, "log", log_events(events))
