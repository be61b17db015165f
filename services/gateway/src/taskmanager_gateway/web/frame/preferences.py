"""A reader's preferences, such as language and colours, kept in cookies for a year."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from taskmanager.model.jobs import Record
from taskmanager.process.clock import whole_milliseconds
from taskmanager_gateway.web.shell.languages import LANGUAGES
from taskmanager_gateway.web.shell.visitor import (
    FAILED_COOKIE,
    LANGUAGE_COOKIE,
    THEME_COOKIE,
    FailedSince,
    Theme,
)

router = APIRouter()

YEAR_SECONDS = 366 * 24 * 3600


class Preference(Record):
    """What to change, and where to go afterwards."""

    language: str | None = None
    theme: Theme | None = None
    failed_since: FailedSince | Literal["now"] | None = None
    """From when on the home page counts failed jobs; now: the reader has seen all there are."""
    back: str = "/"


@router.get("/ui/preferences")
async def prefer(request: Request, wanted: Annotated[Preference, Query()]) -> Response:
    """Store the preference and go back. It only changes how pages look to this reader."""
    answer = RedirectResponse(local_path(wanted.back), 303)
    secure = request.url.scheme == "https"
    if wanted.language in LANGUAGES:
        answer.set_cookie(LANGUAGE_COOKIE, wanted.language, YEAR_SECONDS, secure=secure, samesite="lax")
    if wanted.theme is not None:
        answer.set_cookie(THEME_COOKIE, wanted.theme, YEAR_SECONDS, secure=secure, samesite="lax")
    if wanted.failed_since is not None:
        since = wanted.failed_since
        chosen = whole_milliseconds(datetime.now(UTC)).isoformat() if since == "now" else since
        answer.set_cookie(FAILED_COOKIE, quote(chosen), YEAR_SECONDS, secure=secure, samesite="lax")
    return answer


def local_path(address: str) -> str:
    """The address if it is a path of this service, else the home page: nobody is led to another site."""
    plain = address.startswith("/") and not address.startswith("//") and "\\" not in address
    return address if plain and address.isprintable() else "/"
