"""Who asks, as the gateway sees it."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from taskmanager_gateway.access.needs import needs_log_in
from taskmanager_gateway.access.proof import Asker, csrf_token, proof_of
from taskmanager_gateway.access_views import MeView
from taskmanager_gateway.parts import parts_of
from taskmanager_gateway.problems import NOT_AUTHENTICATED
from taskmanager_gateway.representation import API
from taskmanager_gateway.routes.answers import json_answer, problems

router = APIRouter(prefix=API, tags=["Access"], dependencies=[needs_log_in()])


@router.get("/me", summary="Who asks", response_model=MeView, responses=problems(NOT_AUTHENTICATED))
async def show_me(request: Request, who: Asker) -> Response:
    """The name, the rights and the plugins of the token or the log-in."""
    logged_in = proof_of(request).logged_in
    lifetime = parts_of(request).access.settings.session_lifetime
    ends = logged_in.session.begun + lifetime if logged_in else None
    return json_answer(MeView.of(who, ends, csrf_token(request) or None))
