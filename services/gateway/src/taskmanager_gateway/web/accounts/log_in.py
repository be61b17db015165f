"""Logging in and out, and one's own password."""

import json
from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from taskmanager.model.access import Right
from taskmanager.model.jobs import Record
from taskmanager.model.reasons import weak_passwords
from taskmanager_gateway.access.auth_context import Asker, address_of, auth_context_of
from taskmanager_gateway.access.origin import check_origin
from taskmanager_gateway.access.renewal import is_secure
from taskmanager_gateway.access.requirements import is_htmx, needs_log_in
from taskmanager_gateway.access.sessions import COOKIE, KNOWN_COOKIE, KNOWN_FOR, Session
from taskmanager_gateway.accounts.log_in import LogInService
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
from taskmanager_gateway.web.frame.preferences import local_path
from taskmanager_gateway.web.shell.render import fragment, page

router = APIRouter()
own = APIRouter(dependencies=[needs_log_in()])

ACCOUNT = "/account"


class LogInForm(Record):
    """Who, and where to go on."""

    name: Annotated[str, Form(max_length=200)] = ""
    password: Annotated[str, Form(max_length=1_000)] = ""
    next: Annotated[str, Form(max_length=2_000)] = "/"
    csrf: str = ""


class PasswordForm(Record):
    """One's own password, the new one, and that again."""

    name: Annotated[str, Form(max_length=200)] = ""
    """Whose password it is, for password managers only."""
    current: Annotated[str, Form(max_length=1_000)] = ""
    password: Annotated[str, Form(max_length=1_000)] = ""
    again: Annotated[str, Form(max_length=1_000)] = ""
    csrf: str = ""


@router.get("/log-in")
async def ask(request: Request, next: Annotated[str, Query(max_length=2_000)] = "/") -> Response:  # noqa: A002 - what the address calls it
    """The form: a page, or what a pop-up shows."""
    return await _form(request, local_path(next))


@router.post("/log-in")
async def log_in(request: Request, form: Annotated[LogInForm, Form()]) -> Response:
    """Begin a session; for scripts 204 and the event `logged-in` with the new CSRF token."""
    check_origin(request)
    target = local_path(form.next)
    address = address_of(request)
    try:
        cookies = await services_of(request).access.proving.cookies()
        known = cookies.is_known(request.cookies.get(KNOWN_COOKIE, ""), form.name.strip())
        user, session = await _use(request).with_password(
            form.name.strip(), form.password, address, known=known
        )
    except ProblemError as error:
        return await _form(request, target, error.problem, form.name)
    if is_htmx(request):
        return await with_session(
            request, session, await _logged_in(request, session, one_time=user.one_time)
        )
    return await with_session(request, session, RedirectResponse(ACCOUNT if user.one_time else target, 303))


@own.post("/log-out")
async def log_out(request: Request, who: Asker) -> Response:
    """End this session at every gateway; the cookie goes, even if the end cannot be stored now."""
    answer = RedirectResponse("/log-in", 303)
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")
    logged_in = auth_context_of(request).logged_in
    if logged_in is not None:
        await _use(request).end(logged_in, Author(who))
        services_of(request).access.directory.forget()
    return answer


@own.get(ACCOUNT)
async def account(request: Request) -> Response:
    """Who one is here, and the form for another password."""
    return await _account(request)


@own.post(ACCOUNT)
async def choose_password(request: Request, form: Annotated[PasswordForm, Form()], who: Asker) -> Response:
    """Another password; all other sessions of the user end."""
    logged_in = auth_context_of(request).logged_in
    if logged_in is None or logged_in.user.password_hash is None:
        raise ProblemError(FORBIDDEN, access.NO_PASSWORD())
    if form.password != form.again:
        problem = Problem(WEAK_PASSWORD, access.NOT_CHANGED(weakness=weak_passwords.PASSWORDS_DIFFER()))
        return await _account(request, problem)
    address = address_of(request)
    try:
        _, session = await _use(request).choose_password(Author(who), form.current, form.password, address)
    except ProblemError as error:
        if error.problem.kind is NOT_AUTHENTICATED:
            return await _account(request, Problem(WEAK_PASSWORD, access.NOT_THE_PASSWORD()))
        return await _account(request, error.problem)
    services_of(request).access.directory.forget()
    return await with_session(request, session, RedirectResponse("/", 303))


@own.post(f"{ACCOUNT}/end-others")
async def end_others(request: Request, who: Asker) -> Response:
    """All other sessions of the user end; this browser goes on with a new one."""
    logged_in = auth_context_of(request).logged_in
    if logged_in is None:
        raise ProblemError(FORBIDDEN, access.NO_SESSIONS())
    session = await _use(request).end_others(logged_in, Author(who))
    services_of(request).access.directory.forget()
    return await with_session(request, session, RedirectResponse("/", 303))


def _use(request: Request) -> LogInService:
    return services_of(request).access.log_in


async def _form(request: Request, target: str, problem: Problem | None = None, name: str = "") -> Response:
    oidc = services_of(request).access.oidc
    context = {
        "target": target,
        "problem": problem,
        "name": name,
        "oidc": oidc.name if oidc is not None else None,
    }
    status = problem.kind.status if problem else 200
    if is_htmx(request):
        answer = fragment(request, "access/log_in_pop_up.html", context, status=status)
    else:
        answer = await page(request, "access/log_in.html", context, status=status)
    for header, value in (problem.headers if problem else {}).items():
        answer.headers[header] = value
    return answer


async def _account(request: Request, problem: Problem | None = None) -> Response:
    proof = auth_context_of(request)
    context = {
        "problem": problem,
        "user": proof.logged_in.user if proof.logged_in else None,
        "rights": [right for right in Right if right in proof.principal.rights],
    }
    return await page(request, "access/account.html", context, status=problem.kind.status if problem else 200)


async def _logged_in(request: Request, session: Session, *, one_time: bool) -> Response:
    cookies = await services_of(request).access.proving.cookies()
    told = {
        "csrf": cookies.csrf_token(session),
        "user": session.user,
        "address": ACCOUNT if one_time else None,
    }
    return Response(status_code=204, headers={"HX-Trigger": json.dumps({"logged-in": told})})


async def with_session(request: Request, session: Session, answer: Response) -> Response:
    """The answer with the session's cookie, and the one by which the browser is known next time."""
    access, scheme = services_of(request).access, request.url.scheme
    cookies = await access.proving.cookies()
    access.renewal.set_cookie(answer, cookies, session, scheme)
    answer.set_cookie(
        KNOWN_COOKIE,
        cookies.write_known(session.user),
        max_age=round(KNOWN_FOR.total_seconds()),
        path="/log-in",
        secure=is_secure(access.settings, scheme),
        httponly=True,
        samesite="lax",
    )
    return answer
