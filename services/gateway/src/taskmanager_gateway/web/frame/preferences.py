"""A reader's preferences: language and colours, kept in cookies for a year."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from taskmanager.model.jobs import Record
from taskmanager_gateway.web.shell.languages import LANGUAGES
from taskmanager_gateway.web.shell.visitor import LANGUAGE_COOKIE, THEME_COOKIE, Theme

router = APIRouter()

YEAR_SECONDS = 366 * 24 * 3600


class Preference(Record):
    """What to change, and where to go afterwards."""

    language: str | None = None
    theme: Theme | None = None
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
    return answer


def local_path(address: str) -> str:
    """The address if it is a path of this service, else the home page: nobody is led to another site."""
    plain = address.startswith("/") and not address.startswith("//") and "\\" not in address
    return address if plain and address.isprintable() else "/"
