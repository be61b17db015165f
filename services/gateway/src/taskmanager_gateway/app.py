"""The HTTP application: routes, error answers and documents around the parts of a gateway."""

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from taskmanager.serving.http import health_routes
from taskmanager_gateway.access.gate import Gate
from taskmanager_gateway.bounds import BodyLimits, Bounds
from taskmanager_gateway.guard import Guard
from taskmanager_gateway.handlers import install_handlers
from taskmanager_gateway.headers import FOR_PROGRAMS, SecureHeaders
from taskmanager_gateway.hosts import Hosts
from taskmanager_gateway.openapi import openapi_document
from taskmanager_gateway.parts import Parts
from taskmanager_gateway.reference import CONTENT_SECURITY_POLICY, reference_page
from taskmanager_gateway.routes import (
    audit,
    events,
    figures,
    files,
    itm,
    itm_reading,
    job_control,
    jobs,
    landing,
    logs,
    me,
    operations,
    plugin_control,
    plugins,
    reports,
    runners,
    submissions,
    tokens,
    users,
)
from taskmanager_gateway.web.app import make_pages

VERSION = "0.1.0"
BATCH = "/api/v1/jobs/batch"
_PROGRAMS = ("/api/", "/itm", "/docs", "/openapi.json", "/health/", "/metrics")
DESCRIPTION = (
    "Hands jobs to plugins and tells what becomes of them. Every error is an RFC 9457 problem document whose "
    "detail says what was wrong and what to do."
)


def make_app(parts: Parts) -> ASGIApp:
    """The whole application; it starts nothing by itself. Raises AssetsMissingError."""
    sites = Sites(make_api(parts), make_pages(parts))
    settings = parts.settings
    bounds = Bounds(sites, BodyLimits(settings.body_limit_bytes, {BATCH: settings.batch_body_limit_bytes}))
    gate = Gate(bounds, parts.access.proving, parts.access.renewal, settings.proxy_networks)
    return Guard(SecureHeaders(Hosts(gate, settings.host_names), FOR_PROGRAMS))


class Sites:
    """The APIs and the pages: two applications under one address, each with its own kind of error answers."""

    def __init__(self, api: ASGIApp, pages: ASGIApp) -> None:
        """`api` serves what programs ask for, `pages` everything else."""
        self._api, self._pages = api, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        app = self._api if scope.get("path", "").startswith(_PROGRAMS) else self._pages
        await app(scope, receive, send)


def make_api(parts: Parts) -> FastAPI:
    """The application without its outermost layer."""
    app = FastAPI(
        title="Goobi TaskManager",
        version=VERSION,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.parts = parts
    app.openapi = lambda: openapi_document(app)  # type: ignore[method-assign]  # FastAPI's way to extend it
    reading, controlling = (
        (jobs, landing, logs, files, plugins, figures),
        (job_control, plugin_control, runners, operations),
    )
    for module in (
        submissions,
        *reading,
        *controlling,
        reports,
        audit,
        events,
        me,
        users,
        tokens,
        itm,
        itm_reading,
    ):
        app.include_router(module.router)
    app.routes.extend(health_routes(parts.checks))
    app.routes.append(Route("/docs", _docs))
    app.routes.extend(itm.BESIDE)
    install_handlers(app)
    return app


async def _docs(request: Request) -> Response:
    headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY}
    return HTMLResponse(reference_page(request.app.openapi()), headers=headers)
