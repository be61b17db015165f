"""Under which names this service lets itself be addressed. Whoever asks under another one is told so at once.

A link or redirect made from a Host header somebody else chose would lead people elsewhere.
"""

import re
from collections.abc import Collection

from starlette.types import ASGIApp, Receive, Scope, Send

from taskmanager_gateway.problems import MISDIRECTED, Problem

ANY_NAME = ("/health/", "/metrics")
"""Probes ask by the address of the machine or container."""
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]+)(?::[0-9]{1,5})?")


class Hosts:
    """Wraps the application; RFC 9112, section 3.2, asks for exactly one Host header."""

    def __init__(self, app: ASGIApp, allowed: Collection[str]) -> None:
        """`allowed` are names without port, in lower case; none: any."""
        self._app, self._allowed = app, frozenset(allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        wrong = self._wrong(scope) if scope["type"] == "http" else None
        if wrong is None:
            await self._app(scope, receive, send)
        else:
            await Problem(MISDIRECTED, wrong).response()(scope, receive, send)

    def _wrong(self, scope: Scope) -> str | None:
        named = [value for name, value in scope["headers"] if name == b"host"]
        probe = scope["path"].startswith(ANY_NAME)
        if not named and probe and scope.get("http_version") == "1.0":
            return None
        if len(named) != 1:
            return f"Send exactly one Host header; there were {len(named)}."
        written = _HOST.fullmatch(named[0].decode("latin-1"))
        if written is None:
            return "The Host header is no name of a host."
        if self._allowed and not probe and written[1].lower().rstrip(".") not in self._allowed:
            return (
                "This service does not go by that name. An operator sets its names in TASKMANAGER_HTTP_HOSTS."
            )
        return None
