"""Log-in at the organisation's identity provider: the redirects to it and back."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from taskmanager.process.logs import get_logger
from taskmanager_gateway.access.auth_context import address_of
from taskmanager_gateway.access.settings import CookieSecurity
from taskmanager_gateway.accounts.oidc.attempt import COOKIE, LIFETIME
from taskmanager_gateway.accounts.oidc.log_in import Oidc
from taskmanager_gateway.accounts.oidc.refusals import OidcError
from taskmanager_gateway.codes import problems
from taskmanager_gateway.http.problems import NOT_FOUND, ProblemError
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.accounts.log_in import with_session
from taskmanager_gateway.web.frame.preferences import local_path
from taskmanager_gateway.web.shell.render import page

router = APIRouter()

PATH = "/log-in/oidc"

log = get_logger(__name__)


@router.get(PATH)
async def begin(request: Request, next: Annotated[str, Query(max_length=2_000)] = "/") -> Response:  # noqa: A002 - the name of the query parameter
    """Redirect the browser to the provider."""
    oidc = _oidc(request)
    try:
        address, cookie = await oidc.begin(_origin(request), local_path(next))
    except OidcError as error:
        return await _refused(request, oidc, error)
    answer = RedirectResponse(address, 303)
    settings = services_of(request).settings
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=round(LIFETIME.total_seconds()),
        path=PATH,
        secure=request.url.scheme == "https" or settings.session_cookie is CookieSecurity.ALWAYS,
        httponly=True,
        samesite="lax",
    )
    return answer


@router.get(PATH + "/back")
async def end(request: Request) -> Response:
    """Handle the provider's redirect back: begin a session, or say why not."""
    oidc = _oidc(request)
    try:
        user, target = await oidc.end(
            _origin(request), request.cookies.get(COOKIE, ""), dict(request.query_params)
        )
    except OidcError as error:
        answer = await _refused(request, oidc, error)
    else:
        access = services_of(request).access
        access.records.note("done", "oidc", user.name, address_of(request))
        session = access.log_in.session(user)
        answer = await with_session(request, session, RedirectResponse(local_path(target), 303))
    answer.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="lax")
    return answer


def _oidc(request: Request) -> Oidc:
    found = services_of(request).access.oidc
    if found is None:
        raise ProblemError(NOT_FOUND, problems.NO_OIDC())
    return found


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


async def _refused(request: Request, oidc: Oidc, error: OidcError) -> Response:
    log.warning("log_in_by_oidc_refused", why=error.refusal.value, detail=str(error))
    services_of(request).access.records.note(
        "refused", "oidc", error.name or None, address_of(request), error.refusal
    )
    context = {
        "refusal": error.page.value,
        "user_name": error.name,
        "provider": oidc.name,
        "groups": oidc.groups,
    }
    return await page(request, "access/oidc_refused.html", context, status=error.page.status)
