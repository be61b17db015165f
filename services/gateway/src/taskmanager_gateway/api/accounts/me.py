"""The caller, as the gateway sees them."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from taskmanager_gateway.access.auth_context import Caller, auth_context_of, csrf_token
from taskmanager_gateway.access.requirements import needs_log_in
from taskmanager_gateway.accounts.views import MeView
from taskmanager_gateway.api.responses import json_answer, problems
from taskmanager_gateway.http.problems import NOT_AUTHENTICATED
from taskmanager_gateway.http.views import API
from taskmanager_gateway.services import services_of

router = APIRouter(prefix=API, tags=["Access"], dependencies=[needs_log_in()])


@router.get(
    "/me",
    summary="Get the caller's name and rights",
    response_model=MeView,
    responses=problems(NOT_AUTHENTICATED),
)
async def show_me(request: Request, who: Caller) -> Response:
    """The name, the rights and the plugins of the token or the log-in that makes this request."""
    logged_in = auth_context_of(request).logged_in
    lifetime = services_of(request).access.settings.session_lifetime
    ends = logged_in.session.begun + lifetime if logged_in else None
    return json_answer(MeView.of(who, ends, csrf_token(request) or None))
