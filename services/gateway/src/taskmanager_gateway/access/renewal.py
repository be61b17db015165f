"""The cookie of a session: how it is set, and how it is renewed while its user is active."""

from datetime import datetime

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import Message, Scope, Send

from taskmanager.ports.clock import Clock
from taskmanager_gateway.access.auth_context import LoggedIn
from taskmanager_gateway.access.sessions import COOKIE, Session, SessionCookies
from taskmanager_gateway.access.settings import AccessSettings, CookieSecurity

RENEWALS = 10
"""A cookie is renewed once a tenth of the idle time has passed, not with every request."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def is_secure(settings: AccessSettings, scheme: str) -> bool:
    """Whether browsers are to send cookies over HTTPS only."""
    return scheme == "https" or settings.session_cookie is CookieSecurity.ALWAYS


class Renewal:
    """Sets session cookies."""

    def __init__(self, settings: AccessSettings, clock: Clock) -> None:
        """`settings` say how long a session lasts."""
        self._settings, self._clock = settings, clock

    def set_cookie(self, answer: Response, cookies: SessionCookies, session: Session, scheme: str) -> None:
        """Have the browser keep the session until it ends."""
        left = session.begun + self._settings.session_lifetime - self._clock.now()
        answer.set_cookie(
            COOKIE,
            cookies.write(session),
            max_age=max(0, round(left.total_seconds())),
            path="/",
            secure=is_secure(self._settings, scheme),
            httponly=True,
            samesite="lax",
        )

    def renewing(self, scope: Scope, send: Send, logged_in: LoggedIn | None) -> Send:
        """Wrap `send` so that it renews the cookie if the user is active and a renewal is due."""
        if logged_in is None or not _is_work(scope) or not self._is_due(logged_in.session.seen):
            return send
        answer = Response()
        self.set_cookie(answer, logged_in.cookies, logged_in.session, scope["scheme"])
        renewed = answer.headers["set-cookie"]

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if not any(one.startswith(f"{COOKIE}=") for one in headers.getlist("set-cookie")):
                    headers.append("set-cookie", renewed)
            await send(message)

        return add

    def _is_due(self, seen: datetime | None) -> bool:
        return seen is not None and self._clock.now() - seen > self._settings.session_idle / RENEWALS


def _is_work(scope: Scope) -> bool:
    """Whether the request opens a page or changes something; a page that refreshes itself does not count."""
    if scope["method"] not in _SAFE:
        return True
    headers = Headers(scope=scope)
    return "text/html" in headers.get("accept", "") and "hx-request" not in headers
