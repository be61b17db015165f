"""Who asked for what, when, why, and what became of it."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.access import Right
from taskmanager.errors import CursorError
from taskmanager.queries import AuditQuery
from taskmanager_gateway.access.needs import needs
from taskmanager_gateway.access.proof import Asker
from taskmanager_gateway.access.reach import narrowed
from taskmanager_gateway.deadlines import from_store
from taskmanager_gateway.parts import parts_of
from taskmanager_gateway.problems import (
    INVALID_CURSOR,
    INVALID_REQUEST,
    STORE_UNAVAILABLE,
    FieldError,
    ProblemError,
    field_problem,
)
from taskmanager_gateway.representation import API, AuditView
from taskmanager_gateway.routes.answers import json_answer, problems

router = APIRouter(prefix=API, tags=["Control"], dependencies=[needs(Right.READ)])


@router.get(
    "/audit",
    summary="What operators asked for",
    response_model=AuditView,
    responses=problems(INVALID_REQUEST, INVALID_CURSOR, STORE_UNAVAILABLE),
)
async def show_audit(request: Request, query: Annotated[AuditQuery, Query()], who: Asker) -> Response:
    """Every command that reached the scheduler, also what it refused, the newest first.

    `id` is the command's. Go on with `cursor` = `next_cursor` and the same filters.
    """
    _check_text(query)
    kept = query.model_copy(update={"plugins": narrowed(who, query.plugin, query.plugins)})
    try:
        page = await from_store(parts_of(request).reader.audit(kept))
    except CursorError as error:
        raise ProblemError(INVALID_CURSOR, "Use 'next_cursor' of the page before.") from error
    links = {"self": _address(request)}
    if page.next_cursor:
        links["next"] = _address(request, page.next_cursor)
    view = AuditView.model_construct(entries=list(page.entries), next_cursor=page.next_cursor, links=links)
    return json_answer(view)


def _check_text(query: AuditQuery) -> None:
    for name in ("job", "runner", "cursor"):
        if "\0" in (getattr(query, name) or ""):
            message = "contains a NUL character"
            raise field_problem(INVALID_REQUEST, [FieldError(field=name, message=message)])


def _address(request: Request, cursor: str | None = None) -> str:
    url = request.url.include_query_params(cursor=cursor) if cursor else request.url
    return str(url.replace(scheme="", netloc=""))
