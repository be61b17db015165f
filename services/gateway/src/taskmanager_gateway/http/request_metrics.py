"""The outermost middleware: counts and times every request, and logs unexpected exceptions."""

import time

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from taskmanager.process.logs import get_logger
from taskmanager.process.tracing import exemplar
from taskmanager_gateway.http.request_trace import TRACE_KEY
from taskmanager_gateway.metrics import DEFECTS, REQUESTS

CLIENT_GONE = 499
"""The status nginx uses for a request whose client left before the response."""

METHODS = ("GET", "POST", "PUT", "DELETE")
"""The methods that have a route."""
OTHER = "other"

log = get_logger(__name__)


def route_of(scope: Scope) -> str:
    """The pattern of the request's route, as a label: what clients ask for is unbounded.

    FastAPI leaves the route in the scope. Of Starlette's own routes, once one was found, those without
    parameters are known by their path, and a mounted folder, which has some, by the first part of it.
    """
    route: str | None = getattr(scope.get("route"), "path", None)
    if route is not None:
        return route
    if "endpoint" not in scope:
        return OTHER
    path = str(scope["path"])
    return f"/{path.split('/')[1]}" if scope.get("path_params") else path


class RequestMetricsMiddleware:
    """Wraps the application. Plain ASGI: it costs a few microseconds and does not delay streams."""

    def __init__(self, app: ASGIApp) -> None:
        """`app` is the application to measure."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await _Exchange(scope, send).run(self._app, receive)


class _Exchange:
    """One request and its response."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._status = CLIENT_GONE
        self._streams = False
        self._answered = False
        self._begun = time.perf_counter()

    async def run(self, app: ASGIApp, receive: Receive) -> None:
        try:
            await app(self._scope, receive, self._forward)
        except ClientDisconnect:
            log.debug("client_left", path=self._scope["path"])
        except Exception:
            DEFECTS.inc()
            log.exception("request_failed", method=self._scope["method"], path=self._scope["path"])
            if not self._answered:
                raise  # the response has begun: the server aborts it, so that the client notices
        finally:
            self._count()

    async def _forward(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._streams = any(value.startswith(b"text/event-stream") for _, value in message["headers"])
        await self._send(message)
        self._answered = message["type"] == "http.response.body" and not message.get("more_body", False)

    def _count(self) -> None:
        if not self._streams:
            elapsed = time.perf_counter() - self._begun
            series = REQUESTS.labels(self._method(), route_of(self._scope), self._status)
            series.observe(elapsed, exemplar(self._scope.get(TRACE_KEY)))

    def _method(self) -> str:
        """The method as a label: clients may invent methods, but metrics must stay bounded."""
        method: str = self._scope["method"]
        return method if method in METHODS else OTHER
