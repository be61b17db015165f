"""The middleware before all routes: finds out who the caller is. It rejects nothing."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from taskmanager_gateway.access.auth_context import AuthContext
from taskmanager_gateway.access.authenticator import Authenticator, PresentedCredentials
from taskmanager_gateway.access.renewal import Renewal


class AuthenticationMiddleware:
    """Puts `proof`, `principal` and `csrf` into the state of every request."""

    def __init__(self, app: ASGIApp, proving: Authenticator, renewal: Renewal) -> None:
        """`proving` identifies the caller; `renewal` refreshes the cookie of a session in use."""
        self._app, self._proving, self._renewal = app, proving, renewal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == "http":
            proof = await self._look(scope)
            send = self._renewal.renewing(scope, send, proof.logged_in)
        await self._app(scope, receive, send)

    async def _look(self, scope: Scope) -> AuthContext:
        headers = Headers(scope=scope)
        address = (scope.get("client") or ("", 0))[0]
        proof = await self._proving.prove(PresentedCredentials(scope["path"], address, headers))
        scope.setdefault("state", {}).update(proof=proof, principal=proof.principal, csrf=_csrf(proof))
        return proof


def _csrf(proof: AuthContext) -> str:
    logged_in = proof.logged_in
    return logged_in.cookies.csrf_token(logged_in.session) if logged_in else ""
