"""Takes up the trace of a request: what it causes is found by it in the log, the job and the collector."""

from starlette.types import ASGIApp, Receive, Scope, Send

from taskmanager.process import tracing

HEADER = b"traceparent"
TRACE_KEY = "taskmanager.trace"
"""Where the scope of a request has its `traceparent`, if it has one."""
SUBMITTING = frozenset(
    {
        ("POST", "/api/v1/jobs"),
        ("POST", "/api/v1/jobs/batch"),
        ("POST", "/itm/service"),
        ("GET", "/itm/service"),
    }
)
"""Where jobs are submitted: such a request has a span, of which the jobs keep the id."""


class RequestTraceMiddleware:
    """Plain ASGI. A request without a trace, where none are collected, costs a look at its headers."""

    def __init__(self, app: ASGIApp) -> None:
        """`app` is what the trace covers."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = tracing.checked(_header(scope))
        span = _span(scope, asked) if tracing.on() else None
        traceparent = asked if span is None else span.traceparent
        scope[TRACE_KEY] = traceparent
        try:
            with tracing.during(traceparent):
                await self._app(scope, receive, send)
        finally:
            if span is not None:
                span.end({"http.request.method": scope["method"], "url.path": scope["path"]})


def _span(scope: Scope, parent: str | None) -> tracing.OpenSpan | None:
    return tracing.serving("submit", parent) if (scope["method"], scope["path"]) in SUBMITTING else None


def _header(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == HEADER:
            return str(value, "latin-1")
    return None
