"""What a route needs: a right and, for changes in a session, proof that one of our pages sent them.

Every route that is not open to all declares it: `dependencies=[needs(Right.READ)]`.
"""

import contextlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from taskmanager.errors import TaskManagerError
from taskmanager.model.access import NOBODY, Right
from taskmanager_gateway.access.auth_context import AuthContext, LoggedIn, auth_context_of
from taskmanager_gateway.access.origin import check_origin
from taskmanager_gateway.access.plugin_scope import allow_right, forbidden
from taskmanager_gateway.codes import access
from taskmanager_gateway.http.body_limits import FORM
from taskmanager_gateway.http.problems import CSRF, FORBIDDEN, FRESH_LOG_IN, NOT_AUTHENTICATED, ProblemError

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf"
SEE_OTHER = 303


class ElsewhereFirstError(TaskManagerError):
    """The person who opened the page has to go to another one first."""

    def __init__(self, location: str) -> None:
        """`location` is a path on this server."""
        super().__init__(location)
        self.location = location


async def lead_elsewhere(_: Request, error: Exception) -> Response:
    """The redirect that answers ElsewhereFirstError, for the application's table of error handlers."""
    return RedirectResponse(error.location if isinstance(error, ElsewhereFirstError) else "/", SEE_OTHER)


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a route needs; `right` None: only to be logged in."""

    right: Right | None
    change: Right | None = None
    """The right for methods that change something, instead of `right`."""

    async def __call__(self, request: Request) -> None:
        """Raise ProblemError if the caller may not, or ElsewhereFirstError, which redirects to the log-in."""
        proof = auth_context_of(request)
        changes = request.method not in SAFE
        right = self.change if changes and self.change is not None else self.right
        _check_known(request, proof)
        if changes and proof.logged_in is None and "authorization" not in request.headers:
            check_origin(request)  # no credentials needed here: another site's page must not exploit that
        if proof.logged_in is not None:
            if changes:
                await _check_csrf(request, proof.logged_in)
            if right is not None and proof.logged_in.user.one_time:
                raise _password_first(request, proof)
            if changes and right is Right.ADMIN and not proof.logged_in.fresh:
                raise _log_in_again()
        if right is not None:
            allow_right(proof.principal, right)


def needs(right: Right, *, change: Right | None = None) -> Any:
    """For `dependencies`: the caller must have the right; `change`: another one for methods that change."""
    return Depends(Requirement(right, change))


def needs_log_in() -> Any:
    """For `dependencies`: the caller must be logged in or present a token, whatever its rights."""
    return Depends(Requirement(None))


def logged_in_of(request: Request) -> LoggedIn:
    """The caller's session; raises ProblemError (403) for a token, which has none."""
    logged_in = auth_context_of(request).logged_in
    if logged_in is None:
        raise ProblemError(FORBIDDEN, access.NO_SESSIONS())
    return logged_in


def _check_known(request: Request, proof: AuthContext) -> None:
    if proof.refused is not None:
        raise ProblemError.of(proof.refused)
    if proof.principal is not NOBODY:
        return
    if _is_browsing(request):
        raise log_in_first(request)
    headers = {"WWW-Authenticate": 'Bearer realm="taskmanager"'}
    if is_htmx(request):
        headers["HX-Trigger"] = "log-in-needed"
    raise ProblemError(NOT_AUTHENTICATED, access.NOT_PROVED(), headers)


def _password_first(request: Request, proof: AuthContext) -> Exception:
    """A one-time password may only be used to choose another one."""
    if _is_browsing(request):
        return ElsewhereFirstError("/account")
    return forbidden(access.ONE_TIME_PASSWORD, proof.principal)


def _log_in_again() -> ProblemError:
    """Anyone who finds a page left open must not be able to make themselves an admin."""
    return ProblemError(FRESH_LOG_IN, access.LOG_IN_AGAIN(), {"HX-Trigger": "fresh-log-in-needed"})


def log_in_first(request: Request) -> ElsewhereFirstError:
    """Redirects to the log-in, which leads back to the page that was asked for."""
    return ElsewhereFirstError(f"/log-in?next={quote(address_asked_for(request), safe='')}")


def address_asked_for(request: Request) -> str:
    """The path with its query."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def is_htmx(request: Request) -> bool:
    """Whether the request comes from a script of our pages."""
    return request.headers.get("hx-request") == "true"


def _is_browsing(request: Request) -> bool:
    """Whether a person opens a page: they are redirected, while programs get an error."""
    return (
        request.method in SAFE
        and not is_htmx(request)
        and "text/html" in request.headers.get("accept", "")
        and not request.url.path.startswith(("/api/", "/itm/"))
    )


async def _check_csrf(request: Request, logged_in: LoggedIn) -> None:
    """Raise ProblemError unless a page of this session sent the request."""
    token = request.headers.get(CSRF_HEADER) or await _field(request)
    if not token or not logged_in.cookies.is_csrf_token(logged_in.session, token):
        raise ProblemError(CSRF, access.NO_CSRF_TOKEN())


async def _field(request: Request) -> str | None:
    """The token in a form sent without a script; the form stays readable for the route."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        return None
    with contextlib.suppress(RuntimeError):  # FastAPI has already read the form for its route, and keeps it
        await request.body()
    field = (await request.form()).get(CSRF_FIELD)
    return field if isinstance(field, str) else None
