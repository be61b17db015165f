"""Logging in and out."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from taskmanager.model.access import User
from taskmanager.model.jobs import Record
from taskmanager_gateway.access.auth_context import Caller, address_of, auth_context_of
from taskmanager_gateway.access.origin import check_origin
from taskmanager_gateway.access.renewal import is_secure
from taskmanager_gateway.access.requirements import is_htmx, needs_log_in
from taskmanager_gateway.access.sessions import COOKIE, KNOWN_COOKIE, KNOWN_FOR, Session
from taskmanager_gateway.accounts.log_in import LogInService
from taskmanager_gateway.accounts.second_factor.security_keys import KeyAnswer
from taskmanager_gateway.commands.service import Author
from taskmanager_gateway.http.problems import Problem, ProblemError
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.frame.preferences import local_path
from taskmanager_gateway.web.shell.render import fragment, page

router = APIRouter()
own = APIRouter(dependencies=[needs_log_in()])

ACCOUNT = "/account"
NO_SECOND: Mapping[str, object] = MappingProxyType({"half_way": ""})
"""The first step of a log-in does not ask for a second factor."""


class LogInForm(Record):
    """Name and password, and where to go next."""

    name: Annotated[str, Form(max_length=200)] = ""
    password: Annotated[str, Form(max_length=1_000)] = ""
    next: Annotated[str, Form(max_length=2_000)] = "/"
    half_way: Annotated[str, Form(max_length=1_000)] = ""
    """Set in the second step instead of name and password: says that the password was right; one of the
    fields below holds the second factor."""
    code: Annotated[str, Form(max_length=100)] = ""
    recovery: Annotated[str, Form(max_length=100)] = ""
    challenge: Annotated[str, Form(max_length=1_000)] = ""
    key_answer: Annotated[str, Form(max_length=10_000)] = ""
    """The answer of a security key to the challenge, as JSON."""
    csrf: str = ""


@router.get("/log-in")
async def ask(request: Request, next: Annotated[str, Query(max_length=2_000)] = "/") -> Response:  # noqa: A002 - the name of the query parameter
    """The log-in form, as a page or as the content of a pop-up."""
    return await _form(request, local_path(next))


@router.post("/log-in")
async def log_in(request: Request, form: Annotated[LogInForm, Form()]) -> Response:
    """Begin a session, or ask for the second factor that is needed for it.

    For scripts, a new session is answered with 204 and the event `logged-in`, which carries the new CSRF
    token.
    """
    check_origin(request)
    target = local_path(form.next)
    if form.half_way:
        return await _with_second_factor(request, form, target)
    try:
        known = await _is_known(request, form.name.strip())
        user, session = await _use(request).with_password(
            form.name.strip(), form.password, address_of(request), known=known
        )
    except ProblemError as error:
        return await _form(request, target, error.problem, form.name)
    if session is None:
        half_way = await services_of(request).access.second_factors.half_way(user)
        return await _ask_second(request, user, half_way, target)
    return await _begun(request, user, session, target)


async def _with_second_factor(request: Request, form: LogInForm, target: str) -> Response:
    """The second step: after the password, check the code, the recovery code or the answer of the key."""
    factors = services_of(request).access.second_factors
    try:
        user = await factors.user_half_way(form.half_way)
    except ProblemError as error:
        return await _form(request, target, error.problem)
    code, address = form.code.strip() or form.recovery.strip(), address_of(request)
    if not code and not form.key_answer:
        return await _ask_second(request, user, form.half_way, target)
    try:
        known = await _is_known(request, user.name)
        if form.key_answer:
            answer = KeyAnswer(form.challenge, form.key_answer)
            session = await factors.enter_with_key(user, answer, address, known=known)
        else:
            session = await factors.enter(user, code, address, known=known)
    except ProblemError as error:
        return await _ask_second(request, user, form.half_way, target, error.problem)
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
async def log_out(request: Request, who: Caller) -> Response:
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


async def _ask_second(
    request: Request, user: User, half_way: str, target: str, problem: Problem | None = None
) -> Response:
    keys = services_of(request).access.security_keys
    second = {
        "half_way": half_way,
        "codes": user.has_device,
        "has_keys": bool(user.security_keys),
        "question": await keys.question(user),
        "origin": keys.origin,
    }
    return await _form(request, target, problem, second=second)


async def _form(
    request: Request,
    target: str,
    problem: Problem | None = None,
    name: str = "",
    second: Mapping[str, object] = NO_SECOND,
) -> Response:
    oidc = services_of(request).access.oidc
    context = {
        **second,
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
