"""The host names this service answers to. Requests for any other name are rejected.

Links and redirects made from a Host header that someone else chose would lead people elsewhere.
"""

import re
from collections.abc import Collection

from starlette.types import ASGIApp, Receive, Scope, Send

from taskmanager.model.reasons import Reason
from taskmanager_gateway.codes import problems
from taskmanager_gateway.http.problems import MISDIRECTED, Problem

ANY_NAME = ("/health/", "/metrics")
"""Probes use the address of the machine or container."""
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]+)(?::[0-9]{1,5})?")


class HostNameMiddleware:
    """Wraps the application; RFC 9112, section 3.2, requires exactly one Host header."""

    def __init__(self, app: ASGIApp, allowed: Collection[str]) -> None:
        """`allowed` are names without port, in lower case; if empty, any name is accepted."""
        self._app, self._allowed = app, frozenset(allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        wrong = self._wrong(scope) if scope["type"] == "http" else None
        if wrong is None:
            await self._app(scope, receive, send)
        else:
            await Problem(MISDIRECTED, wrong).response()(scope, receive, send)

    def _wrong(self, scope: Scope) -> Reason | None:
        named = [value for name, value in scope["headers"] if name == b"host"]
        probe = scope["path"].startswith(ANY_NAME)
        if not named and probe and scope.get("http_version") == "1.0":
            return None
        if len(named) != 1:
            return problems.TOO_MANY_HOSTS(number=len(named))
        written = _HOST.fullmatch(named[0].decode("latin-1"))
        if written is None:
            return problems.BAD_HOST()
        if self._allowed and not probe and written[1].lower().rstrip(".") not in self._allowed:
            return problems.OTHER_HOST()
        return None
