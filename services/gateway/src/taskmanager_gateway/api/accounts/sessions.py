"""Log-ins: one's own for anyone who has logged in, those of a user for admins."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Right, User
from taskmanager_gateway.access.auth_context import Caller, address_of
from taskmanager_gateway.access.requirements import logged_in_of, needs, needs_log_in
from taskmanager_gateway.accounts.views import SessionCommandView, SessionListView, SessionView
from taskmanager_gateway.api.accounts.users import Name
from taskmanager_gateway.api.commands import REASON_BODY, account_answer, command_answers
from taskmanager_gateway.api.responses import json_answer, problems
from taskmanager_gateway.commands.service import Author
from taskmanager_gateway.http.command_bodies import ReasonBody, read_order
from taskmanager_gateway.http.problems import (
    FORBIDDEN,
    INVALID_REQUEST,
    NOT_AUTHENTICATED,
    STORE_UNAVAILABLE,
    UNKNOWN_SESSION,
    UNKNOWN_USER,
)
from taskmanager_gateway.http.views import API
from taskmanager_gateway.services import services_of

SessionId = Annotated[str, Path(max_length=80)]

OWN = f"{API}/account/sessions"

router = APIRouter(prefix=API, tags=["Access"], responses=problems(NOT_AUTHENTICATED, FORBIDDEN))
_ANSWERS = command_answers(UNKNOWN_SESSION) | {
    202: {"model": SessionCommandView, "description": "Pending: stored, not yet carried out"}
}


@router.get(
    "/account/sessions",
    summary="List the caller's log-ins",
    response_model=SessionListView,
    responses=problems(STORE_UNAVAILABLE),
    dependencies=[needs_log_in()],
)
async def list_own(request: Request) -> Response:
    """The caller's log-ins: the one making this request, then the others, last used first. Tokens get 403."""
    logged_in, use = logged_in_of(request), services_of(request).access.sessions
    here = use.here(logged_in, address_of(request), request.headers.get("user-agent", ""))
    found = await use.of(logged_in.user, here)
    return json_answer(SessionListView(sessions=[SessionView.of(one, OWN) for one in found]))


@router.delete(
    "/account/sessions/{session}",
    summary="End one of the caller's log-ins",
    response_model=SessionCommandView,
    responses=_ANSWERS,
    openapi_extra=REASON_BODY,
    dependencies=[needs_log_in()],
)
async def end_own(request: Request, session: SessionId, who: Caller) -> Response:
    """End the log-in at every gateway. It may also be the one that makes this request."""
    user = logged_in_of(request).user
    body = await read_order(request, ReasonBody)
    return await _end(request, Author(who, body.reason), user, session)


@router.get(
    "/users/{name}/sessions",
    summary="List the log-ins of a user",
    response_model=SessionListView,
    responses=problems(INVALID_REQUEST, UNKNOWN_USER, STORE_UNAVAILABLE),
    dependencies=[needs(Right.ADMIN)],
)
async def list_of_user(request: Request, name: Name, who: Caller) -> Response:
    """The user's valid log-ins, last used first."""
    access_part = services_of(request).access
    user = await access_part.accounts.user(name, who)
    found = await access_part.sessions.of(user)
    address = f"{API}/users/{user.name}/sessions"
    return json_answer(SessionListView(sessions=[SessionView.of(one, address) for one in found]))


@router.delete(
    "/users/{name}/sessions/{session}",
    summary="End a log-in of a user",
    response_model=SessionCommandView,
    responses=_ANSWERS | problems(UNKNOWN_USER, UNKNOWN_SESSION),
    openapi_extra=REASON_BODY,
    dependencies=[needs(Right.ADMIN)],
)
async def end_of_user(request: Request, name: Name, session: SessionId, who: Caller) -> Response:
    """End the log-in at every gateway."""
    body = await read_order(request, ReasonBody)
    user = await services_of(request).access.accounts.user(name, who)
    return await _end(request, Author(who, body.reason), user, session)


async def _end(request: Request, author: Author, user: User, session: str) -> Response:
    result = await services_of(request).access.sessions.end(author, user, session)
    return account_answer(result, SessionCommandView, id=session)
