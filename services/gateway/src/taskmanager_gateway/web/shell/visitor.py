"""A reader's preferences: language, zone, colours. Kept in cookies, which hold no secret."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import unquote

from starlette.requests import Request

from taskmanager_gateway.web.shell.formats import Formats, zone_of
from taskmanager_gateway.web.shell.languages import choose

LANGUAGE_COOKIE = "tm_language"
THEME_COOKIE = "tm_theme"
FAILED_COOKIE = "tm_failed_since"
ZONE_COOKIE = "tm_zone"
"""Set by a script, since only the browser knows it."""


class Theme(StrEnum):
    """The colour scheme. `auto`: the one of the reader's system."""

    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


class FailedSince(StrEnum):
    """From when on failed jobs are counted, other than from a moment that the reader has chosen."""

    TODAY = "today"
    WEEK = "week"
    EVER = "ever"


@dataclass(frozen=True, slots=True)
class Visitor:
    """A reader's preferences."""

    language: str
    theme: Theme
    formats: Formats
    failed_since: FailedSince | datetime = FailedSince.TODAY

    def counts_failures_from(self, now: datetime) -> datetime | None:
        """The moment from which failed jobs are counted; None: all that are in error."""
        if isinstance(self.failed_since, datetime):
            return self.failed_since
        midnight = self.formats.midnight(now)
        return {
            FailedSince.TODAY: midnight,
            FailedSince.WEEK: midnight - timedelta(days=6),
            FailedSince.EVER: None,
        }[self.failed_since]

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
            failed_since(unquote(cookies.get(FAILED_COOKIE, ""))),
        )


def failed_since(text: str) -> FailedSince | datetime:
    """The choice behind a text; today for one that is none."""
    if text in set(FailedSince):
        return FailedSince(text)
    try:
        chosen = datetime.fromisoformat(text)
    except ValueError:
        return FailedSince.TODAY
    return chosen if chosen.tzinfo is not None else FailedSince.TODAY
