"""Codes from the user's own device: set up and removed with plain forms that work without scripts."""

from typing import Annotated

from fastapi import APIRouter, Form
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from taskmanager.model.access import User
from taskmanager.model.jobs import Record
from taskmanager_gateway.access.auth_context import Caller, address_of
from taskmanager_gateway.access.requirements import needs_log_in
from taskmanager_gateway.accounts.second_factor import totp
from taskmanager_gateway.accounts.second_factor.second_factors import SecondFactors
from taskmanager_gateway.commands.service import Author, CommandPending
from taskmanager_gateway.http.problems import Problem, ProblemError
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.accounts.log_in import ACCOUNT
from taskmanager_gateway.web.accounts.own_factor import (
    Owner,
    OwnerLatelyIn,
    owner_lately_in,
    recovery_codes,
    told_of_slip,
)
from taskmanager_gateway.web.shell.render import page, text

GROUP = 4
"""Characters per group when a secret is shown."""

router = APIRouter(prefix=f"{ACCOUNT}/second-factor", dependencies=[needs_log_in()])


class FactorForm(Record):
    """The password and a code; `sealed` comes back from the page that offered a secret."""

    name: Annotated[str, Form(max_length=200)] = ""
    """The user name; only there for password managers."""
    sealed: Annotated[str, Form(max_length=500)] = ""
    current: Annotated[str, Form(max_length=1_000)] = ""
    code: Annotated[str, Form(max_length=100)] = ""
    csrf: str = ""


@router.get("")
async def show(request: Request, user: Owner) -> Response:
    """A new secret for a device or, if there is a device, the form to remove it."""
    return await _page(request, user if user.has_device else await owner_lately_in(request))


@router.post("")
async def set_up(
    request: Request, form: Annotated[FactorForm, Form()], who: Caller, user: OwnerLatelyIn
) -> Response:
    """Require codes from now on; with the first second factor the response shows recovery codes, once."""
    try:
        result, codes = await _use(request).set_up(
            Author(who), form.sealed, form.current, form.code, address_of(request)
        )
    except ProblemError as error:
        return await _page(request, user, told_of_slip(error), form.sealed)
    if codes:
        return await recovery_codes(request, codes, stored=isinstance(result, CommandPending))
    return RedirectResponse(ACCOUNT, 303)


@router.post("/remove")
async def remove(request: Request, form: Annotated[FactorForm, Form()], who: Caller, user: Owner) -> Response:
    """Stop requiring codes."""
    try:
        await _use(request).remove(Author(who), form.current, form.code, address_of(request))
    except ProblemError as error:
        return await _page(request, user, told_of_slip(error))
    return RedirectResponse(ACCOUNT, 303)


def _use(request: Request) -> SecondFactors:
    return services_of(request).access.second_factors


async def _page(
    request: Request, user: User, problem: Problem | None = None, sealed: str | None = None
) -> Response:
    context: dict[str, object] = {"problem": problem, "user": user}
    if not user.has_device:
        offer = await _use(request).offer(user, sealed)
        title = text(request, "Code for the app of your device")
        context |= {
            "sealed": offer.sealed,
            "secret": _grouped(offer.secret),
            "picture": Markup(totp.picture(offer.secret, user.name, title)),  # noqa: S704 - segno escapes the title, the rest is drawing
        }
    status = problem.kind.status if problem else 200
    return await page(request, "access/second_factor.html", context, status=status)


def _grouped(secret: str) -> str:
    return " ".join(secret[start : start + GROUP] for start in range(0, len(secret), GROUP))
