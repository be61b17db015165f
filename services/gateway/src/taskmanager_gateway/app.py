"""The HTTP application: routes, error responses and documents around the parts of a gateway."""

from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from taskmanager import __version__
from taskmanager.serving.http import health_routes
from taskmanager_gateway.access.authentication import AuthenticationMiddleware
from taskmanager_gateway.access.networks import as_trusted_hosts
from taskmanager_gateway.api import (
    audit,
    dead_letters,
    events,
    notifications,
    operations,
    processes,
    reports,
    runners,
)
from taskmanager_gateway.api.accounts import me, sessions, tokens, users
from taskmanager_gateway.api.direct_routes import DirectRoutes
from taskmanager_gateway.api.error_handlers import install_handlers
from taskmanager_gateway.api.itm import itm, itm_reading
from taskmanager_gateway.api.jobs import chain, files, job_control, jobs, logs, queue_position, submissions
from taskmanager_gateway.api.plugins import all_figures, figures, plugin_control, plugins, replicas
from taskmanager_gateway.api.user_content import notes, presets
from taskmanager_gateway.http.body_limits import BodyLimitMiddleware, BodyLimits
from taskmanager_gateway.http.host_names import HostNameMiddleware
from taskmanager_gateway.http.request_metrics import RequestMetricsMiddleware
from taskmanager_gateway.http.request_trace import RequestTraceMiddleware
from taskmanager_gateway.http.secure_headers import FOR_PROGRAMS, SecureHeaders
from taskmanager_gateway.openapi import openapi_document
from taskmanager_gateway.services import Services
from taskmanager_gateway.web.app import make_pages

BATCH = "/api/v1/jobs/batch"
_PROGRAMS = ("/api/", "/itm", "/openapi.json", "/health/", "/metrics")
DESCRIPTION = (
    "Accepts jobs for plugins and reports their progress and results. Errors are RFC 9457 problem documents "
    "whose `detail` says what was wrong and what to do; only routes under `/itm` return ITM's error format."
)


def make_app(services: Services) -> ASGIApp:
    """The whole application; it starts nothing by itself. Raises AssetsMissingError."""
    sites = Sites(DirectRoutes(make_api(services)), make_pages(services))
    settings = services.settings
    bounds = BodyLimitMiddleware(
        sites, BodyLimits(settings.body_limit_bytes, {BATCH: settings.batch_body_limit_bytes})
    )
    gate = AuthenticationMiddleware(bounds, services.access.proving, services.access.renewal)
    proxies = as_trusted_hosts(settings.proxy_networks)
    behind_proxies: Any = ProxyHeadersMiddleware(gate, proxies)  # type: ignore[arg-type]  # other names for ASGI
    named = HostNameMiddleware(behind_proxies, settings.host_names)
    return RequestMetricsMiddleware(RequestTraceMiddleware(SecureHeaders(named, FOR_PROGRAMS)))


class Sites:
    """The API and the pages: two applications at one address, each with its own kind of error responses."""

    def __init__(self, api: ASGIApp, pages: ASGIApp) -> None:
        """`api` serves the paths meant for programs, `pages` everything else."""
        self._api, self._pages = api, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        app = self._api if scope.get("path", "").startswith(_PROGRAMS) else self._pages
        await app(scope, receive, send)


def make_api(services: Services) -> FastAPI:
    """The application for programs, without the middleware."""
    app = FastAPI(
        title="Goobi TaskManager",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.services = services
    app.openapi = lambda: openapi_document(app)  # type: ignore[method-assign]  # FastAPI's way to extend it
    reading, controlling = (
        (jobs, chain, processes, queue_position, logs, files, plugins, figures, all_figures),
        (job_control, plugin_control, replicas, runners, operations),
    )
    for module in (
        submissions,
        *reading,
        *controlling,
        reports,
        dead_letters,
        presets,
        notifications,
        notes,
        audit,
        events,
        me,
        sessions,
        users,
        tokens,
        itm,
        itm_reading,
    ):
        app.routes.extend(module.router.routes)  # as they are: include_router would build each route again
    app.routes.extend(health_routes(services.checks))
    app.routes.extend(itm.BESIDE)
    install_handlers(app)
    return app
