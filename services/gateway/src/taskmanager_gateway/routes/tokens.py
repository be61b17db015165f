"""Tokens of programs, for admins."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.access import Principal, Right
from taskmanager_gateway.access.accounts import Result
from taskmanager_gateway.access.needs import needs
from taskmanager_gateway.access.proof import Asker
from taskmanager_gateway.access_bodies import AddTokenBody
from taskmanager_gateway.access_views import TokenCommandView, TokenListView, TokenView
from taskmanager_gateway.commanding import Author, Obeyed
from taskmanager_gateway.examples import ADD_TOKEN
from taskmanager_gateway.orders import ReasonBody, read_order
from taskmanager_gateway.parts import parts_of
from taskmanager_gateway.problems import (
    FORBIDDEN,
    NOT_AUTHENTICATED,
    STORE_UNAVAILABLE,
    UNKNOWN_TOKEN,
    ProblemError,
)
from taskmanager_gateway.representation import API
from taskmanager_gateway.routes.answers import json_answer, json_request, problems
from taskmanager_gateway.routes.commands import REASON_BODY, command_answers

router = APIRouter(
    prefix=API,
    tags=["Access"],
    dependencies=[needs(Right.ADMIN)],
    responses=problems(NOT_AUTHENTICATED, FORBIDDEN),
)
_ANSWERS = command_answers(UNKNOWN_TOKEN) | {202: {"model": TokenCommandView, "description": "Pending"}}


@router.get("/tokens", summary="Tokens", response_model=TokenListView, responses=problems(STORE_UNAVAILABLE))
async def list_tokens(request: Request, who: Asker) -> Response:
    """All tokens there ever were, the newest first; their secrets are kept nowhere."""
    parts = parts_of(request)
    now = parts.clock.now()
    tokens = await parts.access.accounts.tokens(who)
    return json_answer(TokenListView(tokens=[TokenView.of(token, now) for token in tokens]))


@router.get(
    "/tokens/{token}",
    summary="One token",
    response_model=TokenView,
    responses=problems(UNKNOWN_TOKEN, STORE_UNAVAILABLE),
)
async def show_token(request: Request, token: str, who: Asker) -> Response:
    """A token, by its id."""
    parts = parts_of(request)
    return json_answer(TokenView.of(await parts.access.accounts.token(token, who), parts.clock.now()))


@router.post(
    "/tokens",
    summary="Make a token",
    response_model=TokenCommandView,
    responses=_ANSWERS,
    openapi_extra=json_request("AddTokenBody", ADD_TOKEN),
)
async def add_token(request: Request, who: Asker) -> Response:
    """A token for a program. Its `secret` is in this answer and never again."""
    body = await read_order(request, AddTokenBody)
    parts = parts_of(request)
    new = await parts.access.accounts.add_token(
        Author(who, body.reason), body.name, body.scopes, body.plugins, body.ends(parts.clock.now())
    )
    return await _answer(request, new.id, who, new.result, new.secret)


@router.delete(
    "/tokens/{token}",
    summary="Revoke a token",
    response_model=TokenCommandView,
    responses=_ANSWERS,
    openapi_extra=REASON_BODY,
)
async def revoke_token(request: Request, token: str, who: Asker) -> Response:
    """The token is good for nothing from now on; it stays in the list."""
    body = await read_order(request, ReasonBody)
    result = await parts_of(request).access.accounts.revoke_token(Author(who, body.reason), token[:100])
    return await _answer(request, token, who, result)


async def _answer(
    request: Request, token: str, who: Principal, result: Result, secret: str | None = None
) -> Response:
    done = isinstance(result, Obeyed)
    view = TokenCommandView(
        command=result.command,
        outcome=result.outcome if isinstance(result, Obeyed) else "pending",
        id=token,
        token=await _shown(request, token, who) if done else None,
        secret=secret,
    )
    return json_answer(view, 200 if done else 202)


async def _shown(request: Request, token: str, who: Principal) -> TokenView | None:
    parts = parts_of(request)
    try:
        return TokenView.of(await parts.access.accounts.token(token, who), parts.clock.now())
    except (ProblemError, StoreUnavailableError):
        return None
