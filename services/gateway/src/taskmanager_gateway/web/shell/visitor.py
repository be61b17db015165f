"""A reader's preferences: language, zone, colours. Kept in cookies, which hold no secret."""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

from starlette.requests import Request

from taskmanager_gateway.web.shell.formats import Formats, zone_of
from taskmanager_gateway.web.shell.languages import choose

LANGUAGE_COOKIE = "tm_language"
THEME_COOKIE = "tm_theme"
ZONE_COOKIE = "tm_zone"
"""Set by a script, since only the browser knows it."""


class Theme(StrEnum):
    """The colour scheme. `auto`: the one of the reader's system."""

    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class Visitor:
    """A reader's preferences."""

    language: str
    theme: Theme
    formats: Formats

    @classmethod
    def of(cls, request: Request) -> "Visitor":
        """The preferences in the request; invalid values are ignored."""
        cookies = request.cookies
        language = choose(cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language", ""))
        theme = cookies.get(THEME_COOKIE)
        return cls(
            language,
            Theme(theme) if theme in set(Theme) else Theme.AUTO,
            Formats(language, zone_of(unquote(cookies.get(ZONE_COOKIE, "")))),
        )
