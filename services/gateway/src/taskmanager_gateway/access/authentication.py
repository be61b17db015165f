"""The middleware before all routes: finds the client's address and the caller. It rejects nothing."""

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from taskmanager_gateway.access.auth_context import AuthContext
from taskmanager_gateway.access.authenticator import Authenticator, Shown
from taskmanager_gateway.access.networks import Network, address_of, client_address, holds
from taskmanager_gateway.access.renewal import Renewal


class AuthenticationMiddleware:
    """Puts `proof`, `principal` and `csrf` into the state of every request."""

    def __init__(
        self, app: ASGIApp, proving: Authenticator, renewal: Renewal, proxies: Sequence[Network]
    ) -> None:
        """`proxies` are trusted to report the client's address and scheme."""
        self._app, self._proving, self._renewal, self._proxies = app, proving, renewal, proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == "http":
            proof = await self._look(scope)
            send = self._renewal.renewing(scope, send, proof.logged_in)
        await self._app(scope, receive, send)

    async def _look(self, scope: Scope) -> AuthContext:
        headers = Headers(scope=scope)
        if self._proxies:
            self._through_proxies(scope, headers)
        address = (scope.get("client") or ("", 0))[0]
        proof = await self._proving.prove(Shown(scope["path"], address, headers))
        scope.setdefault("state", {}).update(proof=proof, principal=proof.principal, csrf=_csrf(proof))
        return proof

    def _through_proxies(self, scope: Scope, headers: Headers) -> None:
        peer, port = scope.get("client") or ("", 0)
        if not holds(self._proxies, address_of(peer)):
            return
        scope["client"] = (client_address(peer, headers.getlist("x-forwarded-for"), self._proxies), port)
        proto = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower()
        if proto in {"http", "https"}:
            scope["scheme"] = proto


def _csrf(proof: AuthContext) -> str:
    logged_in = proof.logged_in
    return logged_in.cookies.csrf_token(logged_in.session) if logged_in else ""
