"""The user's own account: name and rights, password, log-ins."""

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.access import Right
from taskmanager.model.jobs import Record
from taskmanager.model.reasons import weak_passwords
from taskmanager_gateway.access.auth_context import Caller, LoggedIn, address_of, auth_context_of
from taskmanager_gateway.access.requirements import logged_in_of, needs_log_in
from taskmanager_gateway.codes import access
from taskmanager_gateway.commands.service import Author
from taskmanager_gateway.http.problems import (
    FORBIDDEN,
    NOT_AUTHENTICATED,
    WEAK_PASSWORD,
    Problem,
    ProblemError,
)
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.accounts.log_in import ACCOUNT, with_session
from taskmanager_gateway.web.accounts.user_forms import SessionLine, session_lines
from taskmanager_gateway.web.shell.render import page

router = APIRouter(prefix=ACCOUNT, dependencies=[needs_log_in()])


class PasswordForm(Record):
    """The current password, the new one, and the new one repeated."""

    name: Annotated[str, Form(max_length=200)] = ""
    """The user name; only there for password managers."""
    current: Annotated[str, Form(max_length=1_000)] = ""
    password: Annotated[str, Form(max_length=1_000)] = ""
    again: Annotated[str, Form(max_length=1_000)] = ""
    csrf: str = ""


@router.get("")
async def show(request: Request) -> Response:
    """The user's name and rights, their log-ins, and the form for a new password."""
    return await _account(request)


@router.post("")
async def choose_password(request: Request, form: Annotated[PasswordForm, Form()], who: Caller) -> Response:
    """Change the password; all other sessions of the user end."""
    logged_in = auth_context_of(request).logged_in
    if logged_in is None or logged_in.user.password_hash is None:
        raise ProblemError(FORBIDDEN, access.NO_PASSWORD())
    if form.password != form.again:
        problem = Problem(WEAK_PASSWORD, access.NOT_CHANGED(weakness=weak_passwords.PASSWORDS_DIFFER()))
        return await _account(request, problem)
    address, log_in = address_of(request), services_of(request).access.log_in
    try:
        _, session = await log_in.choose_password(Author(who), form.current, form.password, address)
    except ProblemError as error:
        if error.problem.kind is NOT_AUTHENTICATED:
            return await _account(request, Problem(WEAK_PASSWORD, access.NOT_THE_PASSWORD()))
        return await _account(request, error.problem)
    services_of(request).access.directory.forget()
    return await with_session(request, session, RedirectResponse("/", 303))


@router.post("/end-others")
async def end_others(request: Request, who: Caller) -> Response:
    """End all other sessions of the user; this browser continues with a new one."""
    session = await services_of(request).access.log_in.end_others(logged_in_of(request), Author(who))
    services_of(request).access.directory.forget()
    return await with_session(request, session, RedirectResponse("/", 303))


@router.post("/sessions/{session}/end")
async def end_session(request: Request, session: str, who: Caller) -> Response:
    """End one of the user's sessions at every gateway."""
    user = logged_in_of(request).user
    try:
        await services_of(request).access.sessions.end(Author(who), user, session)
    except ProblemError as error:
        return await _account(request, error.problem)
    return RedirectResponse(ACCOUNT, 303)


async def _account(request: Request, problem: Problem | None = None) -> Response:
    proof = auth_context_of(request)
    context = {
        "problem": problem,
        "user": proof.logged_in.user if proof.logged_in else None,
        "keys_at": services_of(request).access.security_keys.origin,
        "rights": [right for right in Right if right in proof.principal.rights],
        "sessions": await _sessions(request, proof.logged_in) if proof.logged_in else None,
    }
    return await page(request, "access/account.html", context, status=problem.kind.status if problem else 200)


async def _sessions(request: Request, logged_in: LoggedIn) -> list[SessionLine] | None:
    """The user's log-ins; None if the store is unavailable: the page is then shown without them."""
    use = services_of(request).access.sessions
    here = use.here(logged_in, address_of(request), request.headers.get("user-agent", ""))
    try:
        return session_lines(await use.of(logged_in.user, here))
    except StoreUnavailableError:
        return None
