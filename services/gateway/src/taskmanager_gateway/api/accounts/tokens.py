"""API tokens for programs, managed by admins."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.access import Principal, Right
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.accounts.bodies import AddTokenBody
from taskmanager_gateway.accounts.users_and_tokens import AccountResult
from taskmanager_gateway.accounts.views import TokenCommandView, TokenListView, TokenView
from taskmanager_gateway.api.commands import REASON_BODY, account_answer, command_answers
from taskmanager_gateway.api.responses import json_answer, json_request, problems
from taskmanager_gateway.commands.service import Author, CommandDone
from taskmanager_gateway.http.command_bodies import ReasonBody, read_order
from taskmanager_gateway.http.examples import ADD_TOKEN
from taskmanager_gateway.http.problems import (
    FORBIDDEN,
    NOT_AUTHENTICATED,
    STORE_UNAVAILABLE,
    UNKNOWN_TOKEN,
    ProblemError,
)
from taskmanager_gateway.http.views import API
from taskmanager_gateway.services import services_of

router = APIRouter(
    prefix=API,
    tags=["Access"],
    dependencies=[needs(Right.ADMIN)],
    responses=problems(NOT_AUTHENTICATED, FORBIDDEN),
)
_ANSWERS = command_answers(UNKNOWN_TOKEN) | {
    202: {"model": TokenCommandView, "description": "Pending: stored, not yet carried out"}
}


@router.get(
    "/tokens", summary="List tokens", response_model=TokenListView, responses=problems(STORE_UNAVAILABLE)
)
async def list_tokens(request: Request, who: Caller) -> Response:
    """All tokens ever made, including revoked ones, the newest first; their secrets are not stored."""
    services = services_of(request)
    now = services.clock.now()
    tokens = await services.access.accounts.tokens(who)
    return json_answer(TokenListView(tokens=[TokenView.of(token, now) for token in tokens]))


@router.get(
    "/tokens/{token}",
    summary="Get a token",
    response_model=TokenView,
    responses=problems(UNKNOWN_TOKEN, STORE_UNAVAILABLE),
)
async def show_token(request: Request, token: str, who: Caller) -> Response:
    """A token, by id."""
    services = services_of(request)
    return json_answer(TokenView.of(await services.access.accounts.token(token, who), services.clock.now()))


@router.post(
    "/tokens",
    summary="Create a token",
    response_model=TokenCommandView,
    responses=_ANSWERS,
    openapi_extra=json_request("AddTokenBody", ADD_TOKEN),
)
async def add_token(request: Request, who: Caller) -> Response:
    """Make a token for a program. Its `secret` is shown only in this response."""
    body = await read_order(request, AddTokenBody)
    services = services_of(request)
    new = await services.access.accounts.add_token(
        Author(who, body.reason), body.name, body.scopes, body.plugins, body.ends(services.clock.now())
    )
    return await _answer(request, new.id, who, new.result, new.secret)


@router.delete(
    "/tokens/{token}",
    summary="Revoke a token",
    response_model=TokenCommandView,
    responses=_ANSWERS,
    openapi_extra=REASON_BODY,
)
async def revoke_token(request: Request, token: str, who: Caller) -> Response:
    """Revoke the token: it is no longer valid from now on; it stays in the list."""
    body = await read_order(request, ReasonBody)
    result = await services_of(request).access.accounts.revoke_token(Author(who, body.reason), token[:100])
    return await _answer(request, token, who, result)


async def _answer(
    request: Request, token: str, who: Principal, result: AccountResult, secret: str | None = None
) -> Response:
    shown = await _shown(request, token, who) if isinstance(result, CommandDone) else None
    return account_answer(result, TokenCommandView, id=token, token=shown, secret=secret)


async def _shown(request: Request, token: str, who: Principal) -> TokenView | None:
    services = services_of(request)
    try:
        return TokenView.of(await services.access.accounts.token(token, who), services.clock.now())
    except (ProblemError, StoreUnavailableError):
        return None
