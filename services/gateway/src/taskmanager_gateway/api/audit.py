"""The audit: who requested what, when and why, and with which outcome."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Right
from taskmanager.model.queries import AuditQuery
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.api.responses import json_answer, problems
from taskmanager_gateway.audit.service import audit_page
from taskmanager_gateway.audit.views import AuditEntryView, AuditView
from taskmanager_gateway.http.problems import INVALID_CURSOR, INVALID_REQUEST, STORE_UNAVAILABLE
from taskmanager_gateway.http.views import API
from taskmanager_gateway.services import services_of

router = APIRouter(prefix=API, tags=["Control"], dependencies=[needs(Right.READ)])


@router.get(
    "/audit",
    summary="List audit entries",
    response_model=AuditView,
    responses=problems(INVALID_REQUEST, INVALID_CURSOR, STORE_UNAVAILABLE),
)
async def show_audit(request: Request, query: Annotated[AuditQuery, Query()], who: Caller) -> Response:
    """Every command that reached the scheduler, including those it refused, the newest first.

    `id` is that of the command. For the next page, send `cursor` = `next_cursor` with the same filters.
    """
    page = await audit_page(services_of(request).reader, query, who)
    links = {"self": _address(request)}
    if page.next_cursor:
        links["next"] = _address(request, page.next_cursor)
    view = AuditView.model_construct(
        entries=[AuditEntryView.of(entry) for entry in page.entries],
        next_cursor=page.next_cursor,
        links=links,
    )
    return json_answer(view)


def _address(request: Request, cursor: str | None = None) -> str:
    url = request.url.include_query_params(cursor=cursor) if cursor else request.url
    return str(url.replace(scheme="", netloc=""))
