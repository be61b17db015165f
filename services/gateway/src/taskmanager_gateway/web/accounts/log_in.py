"""Logging in and out."""

import json
from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from taskmanager.model.access import User
from taskmanager.model.jobs import Record
from taskmanager_gateway.access.auth_context import Asker, address_of, auth_context_of
from taskmanager_gateway.access.origin import check_origin
from taskmanager_gateway.access.renewal import is_secure
from taskmanager_gateway.access.requirements import is_htmx, needs_log_in
from taskmanager_gateway.access.sessions import COOKIE, KNOWN_COOKIE, KNOWN_FOR, Session
from taskmanager_gateway.accounts.log_in import LogInService
from taskmanager_gateway.commands.service import Author
from taskmanager_gateway.http.problems import Problem, ProblemError
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.frame.preferences import local_path
from taskmanager_gateway.web.shell.render import fragment, page

router = APIRouter()
own = APIRouter(dependencies=[needs_log_in()])

ACCOUNT = "/account"


class LogInForm(Record):
    """Name and password, and where to go next."""

    name: Annotated[str, Form(max_length=200)] = ""
    password: Annotated[str, Form(max_length=1_000)] = ""
    next: Annotated[str, Form(max_length=2_000)] = "/"
    half_way: Annotated[str, Form(max_length=1_000)] = ""
    """Set in the second step instead of name and password: the password was right, and `code` or `recovery`
    follows."""
    code: Annotated[str, Form(max_length=100)] = ""
    recovery: Annotated[str, Form(max_length=100)] = ""
    csrf: str = ""


@router.get("/log-in")
async def ask(request: Request, next: Annotated[str, Query(max_length=2_000)] = "/") -> Response:  # noqa: A002 - the name of the query parameter
    """The log-in form, as a page or as the content of a pop-up."""
    return await _form(request, local_path(next))


@router.post("/log-in")
async def log_in(request: Request, form: Annotated[LogInForm, Form()]) -> Response:
    """Begin a session, or ask for the code that is needed for it.

    For scripts, a new session is answered with 204 and the event `logged-in`, which carries the new CSRF
    token.
    """
    check_origin(request)
    target = local_path(form.next)
    if form.half_way:
        return await _with_code(request, form, target)
    try:
        known = await _is_known(request, form.name.strip())
        user, session = await _use(request).with_password(
            form.name.strip(), form.password, address_of(request), known=known
        )
    except ProblemError as error:
        return await _form(request, target, error.problem, form.name)
    if session is None:
        half_way = await services_of(request).access.second_factors.half_way(user)
        return await _form(request, target, half_way=half_way)
    return await _begun(request, user, session, target)


async def _with_code(request: Request, form: LogInForm, target: str) -> Response:
    """The second step: after the password, check the code or one of the recovery codes."""
    factors = services_of(request).access.second_factors
    try:
        user = await factors.user_half_way(form.half_way)
    except ProblemError as error:
        return await _form(request, target, error.problem)
    code = form.code.strip() or form.recovery.strip()
    if not code:
        return await _form(request, target, half_way=form.half_way)
    try:
        known = await _is_known(request, user.name)
        session = await factors.enter(user, code, address_of(request), known=known)
    except ProblemError as error:
        return await _form(request, target, error.problem, half_way=form.half_way)
    return await _begun(request, user, session, target)


async def _is_known(request: Request, name: str) -> bool:
    cookies = await services_of(request).access.proving.cookies()
    return cookies.is_known(request.cookies.get(KNOWN_COOKIE, ""), name)


async def _begun(request: Request, user: User, session: Session, target: str) -> Response:
    if is_htmx(request):
        return await with_session(
            request, session, await _logged_in(request, session, one_time=user.one_time)
        )
    return await with_session(request, session, RedirectResponse(ACCOUNT if user.one_time else target, 303))


@own.post("/log-out")
async def log_out(request: Request, who: Asker) -> Response:
    """End this session at every gateway; the cookie is deleted even if the end cannot be stored now."""
    answer = RedirectResponse("/log-in", 303)
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")
    logged_in = auth_context_of(request).logged_in
    if logged_in is not None:
        await _use(request).end(logged_in, Author(who))
        services_of(request).access.directory.forget()
    return answer


def _use(request: Request) -> LogInService:
    return services_of(request).access.log_in


async def _form(
    request: Request, target: str, problem: Problem | None = None, name: str = "", half_way: str = ""
) -> Response:
    oidc = services_of(request).access.oidc
    context = {
        "half_way": half_way,
        "still_in": auth_context_of(request).logged_in is not None,
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


async def _logged_in(request: Request, session: Session, *, one_time: bool) -> Response:
    cookies = await services_of(request).access.proving.cookies()
    told = {
        "csrf": cookies.csrf_token(session),
        "user": session.user,
        "address": ACCOUNT if one_time else None,
    }
    return Response(status_code=204, headers={"HX-Trigger": json.dumps({"logged-in": told})})


async def with_session(request: Request, session: Session, answer: Response) -> Response:
    """Add the session's cookie to the answer, and the one by which the browser is recognised next time."""
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
