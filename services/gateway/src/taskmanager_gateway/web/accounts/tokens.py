"""Tokens, for admins: what programs present instead of a password."""

from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Right
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.accounts.users_and_tokens import Accounts
from taskmanager_gateway.codes import access
from taskmanager_gateway.commands.service import Author
from taskmanager_gateway.http.problems import INVALID_REQUEST, ProblemError
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.accounts.plugin_scope_field import check_reach, reach_choices
from taskmanager_gateway.web.accounts.user_forms import NewTokenForm, token_lines
from taskmanager_gateway.web.shell.command_answers import command_answer
from taskmanager_gateway.web.shell.forms import ReasonForm
from taskmanager_gateway.web.shell.render import fragment, page, text
from taskmanager_gateway.web.shell.shown_secrets import shown_once
from taskmanager_gateway.web.shell.visitor import Visitor

CHANGED = ("tm-access",)

VoidToo = Annotated[bool, Query(alias="void")]
"""Whether to include tokens that are revoked or expired."""

router = APIRouter(dependencies=[needs(Right.ADMIN)])


@router.get("/tokens")
async def show(request: Request, who: Caller, void_too: VoidToo = False) -> Response:  # noqa: FBT002 - a query parameter
    """The page of tokens."""
    return await page(request, "tokens/page.html", await _list(request, who, void_too=void_too))


@router.get("/ui/tokens")
async def rows(request: Request, who: Caller, void_too: VoidToo = False) -> Response:  # noqa: FBT002 - a query parameter
    """The list alone, for an open page."""
    return fragment(request, "tokens/list.html", await _list(request, who, void_too=void_too))


@router.get("/ui/new-token")
async def ask_add(request: Request) -> Response:
    """The pop-up for adding a token."""
    context = {
        "scopes": list(Right),
        "today": services_of(request).clock.now().astimezone(Visitor.of(request).formats.zone).date(),
    }
    return fragment(request, "tokens/add.html", context | await reach_choices(request, None))


@router.post("/ui/tokens")
async def add(request: Request, form: Annotated[NewTokenForm, Form()], who: Caller) -> Response:
    """Add a token; its secret is shown once."""
    check_reach(form)
    ends = form.ends(Visitor.of(request).formats.zone)
    if not form.scopes:
        raise ProblemError(INVALID_REQUEST, access.NO_SCOPE_CHOSEN())
    if ends is not None and ends <= services_of(request).clock.now():
        raise ProblemError(INVALID_REQUEST, access.LAST_DAY_PAST())
    new = await _use(request).add_token(
        Author(who, form.reason), form.name, tuple(form.scopes), form.chosen, ends
    )
    return shown_once(request, "tokens/secret.html", new.result, new.secret, CHANGED, name=form.name)


@router.get("/ui/tokens/{token}/revoke")
async def ask_revoke(request: Request, token: str, who: Caller) -> Response:
    """The pop-up that asks for confirmation."""
    return fragment(request, "tokens/revoke.html", {"token": await _use(request).token(token, who)})


@router.post("/ui/tokens/{token}/revoke")
async def revoke(request: Request, token: str, form: Annotated[ReasonForm, Form()], who: Caller) -> Response:
    """Revoke the token: it is no longer valid."""
    result = await _use(request).revoke_token(Author(who, form.reason), token[:100])
    return command_answer(request, result, text(request, "The token was revoked."), events=CHANGED)


def _use(request: Request) -> Accounts:
    return services_of(request).access.accounts


async def _list(request: Request, who: Caller, *, void_too: bool) -> dict[str, object]:
    tokens = await _use(request).tokens(who)
    lines = token_lines(tokens, services_of(request).clock.now(), void_too=void_too)
    return {"lines": lines, "void_too": void_too}
