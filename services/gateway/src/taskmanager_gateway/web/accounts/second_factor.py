"""One's own second factor: set up with a device, or removed. Plain forms that work without scripts."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Form
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from taskmanager.model.access import User
from taskmanager.model.jobs import Record
from taskmanager_gateway.access.auth_context import Asker, address_of, auth_context_of
from taskmanager_gateway.access.requirements import needs_log_in
from taskmanager_gateway.accounts.second_factor import totp
from taskmanager_gateway.accounts.second_factor.second_factors import SecondFactors
from taskmanager_gateway.codes import access
from taskmanager_gateway.commands.service import Author, CommandPending
from taskmanager_gateway.http.problems import FORBIDDEN, NOT_AUTHENTICATED, WRONG_PROOF, Problem, ProblemError
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.accounts.log_in import ACCOUNT
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
async def show(request: Request) -> Response:
    """A new secret for a device or, if there is a second factor, the form to remove it."""
    return await _page(request, _user(request))


@router.post("")
async def set_up(request: Request, form: Annotated[FactorForm, Form()], who: Asker) -> Response:
    """Require codes from now on; the response shows the recovery codes, once."""
    user = _user(request)
    try:
        result, codes = await _use(request).set_up(
            Author(who), form.sealed, form.current, form.code, address_of(request)
        )
    except ProblemError as error:
        return await _page(request, user, _told(error), form.sealed)
    return await _recovery_codes(request, codes, stored=isinstance(result, CommandPending))


@router.post("/remove")
async def remove(request: Request, form: Annotated[FactorForm, Form()], who: Asker) -> Response:
    """Stop requiring codes."""
    user = _user(request)
    try:
        await _use(request).remove(Author(who), form.current, form.code, address_of(request))
    except ProblemError as error:
        return await _page(request, user, _told(error))
    return RedirectResponse(ACCOUNT, 303)


def _user(request: Request) -> User:
    logged_in = auth_context_of(request).logged_in
    if logged_in is None or logged_in.user.password_hash is None:
        raise ProblemError(FORBIDDEN, access.NO_FACTOR())
    return logged_in.user


def _told(error: ProblemError) -> Problem:
    """On these pages a wrong password or code is only a mistake: the user stays logged in."""
    problem = error.problem
    if problem.kind is not NOT_AUTHENTICATED:
        return problem
    wrong_password = problem.told.code == access.WRONG_PASSWORD().code
    return Problem(WRONG_PROOF, access.NOT_THE_PASSWORD() if wrong_password else problem.told)


def _use(request: Request) -> SecondFactors:
    return services_of(request).access.second_factors


async def _page(
    request: Request, user: User, problem: Problem | None = None, sealed: str | None = None
) -> Response:
    context: dict[str, object] = {"problem": problem, "user": user}
    if user.second_factor is None:
        offer = await _use(request).offer(user, sealed)
        title = text(request, "Code for the app of your device")
        context |= {
            "sealed": offer.sealed,
            "secret": _grouped(offer.secret),
            "picture": Markup(totp.picture(offer.secret, user.name, title)),  # noqa: S704 - segno escapes the title, the rest is drawing
        }
    status = problem.kind.status if problem else 200
    return await page(request, "access/second_factor.html", context, status=status)


async def _recovery_codes(request: Request, codes: Sequence[str], *, stored: bool) -> Response:
    return await page(request, "access/recovery_codes.html", {"codes": codes, "stored": stored})


def _grouped(secret: str) -> str:
    return " ".join(secret[start : start + GROUP] for start in range(0, len(secret), GROUP))
