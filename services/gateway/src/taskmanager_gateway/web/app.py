"""The application of the pages: routes, error pages and headers around the parts of a gateway."""

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

from taskmanager.model.states import MEANING
from taskmanager_gateway.access.needs import ElsewhereFirstError, lead_elsewhere
from taskmanager_gateway.headers import SecureHeaders
from taskmanager_gateway.parts import Parts
from taskmanager_gateway.web.assets import Assets
from taskmanager_gateway.web.failures import install_failures
from taskmanager_gateway.web.glances import Glances
from taskmanager_gateway.web.languages import LANGUAGES
from taskmanager_gateway.web.overview import Overviews
from taskmanager_gateway.web.render import Web
from taskmanager_gateway.web.routes import (
    audit,
    bulk,
    errors,
    home,
    job,
    job_actions,
    job_messages,
    live,
    log_in,
    menu,
    oidc,
    operations,
    plugin,
    plugin_commands,
    preferences,
    reports,
    runners,
    tokens,
    users,
)
from taskmanager_gateway.web.templating import Templates

COMPRESSED_FROM_BYTES = 1_000

MEANINGS = {status: meaning for status, (meaning, _, _) in MEANING.items()}
"""What templates say of a status: what `docs/state-machine.md` says."""


def make_pages(parts: Parts) -> ASGIApp:
    """The pages around these parts. Raises AssetsMissingError if the gateway was not set up completely."""
    assets = Assets()
    templates = Templates({"asset": assets.address, "languages": LANGUAGES, "meanings": MEANINGS})
    app = FastAPI(
        openapi_url=None,
        redirect_slashes=False,
        middleware=[
            Middleware(SecureHeaders),
            Middleware(GZipMiddleware, minimum_size=COMPRESSED_FROM_BYTES),
        ],
    )
    app.state.parts = parts
    app.state.glances = Glances(parts.reader, tuple(parts.goobi.installations), parts.clock)
    app.state.web = Web(parts, assets, templates, Overviews(parts.reader))
    app.include_router(log_in.own)
    for module in (
        log_in,
        oidc,
        home,
        live,
        menu,
        preferences,
        operations,
        runners,
        reports,
        audit,
        users,
        tokens,
        plugin,
        bulk,
        plugin_commands,
        errors,
        job,
        job_messages,
        job_actions,
    ):
        app.include_router(module.router)
    app.routes.append(assets.route())
    install_failures(app)
    app.add_exception_handler(ElsewhereFirstError, lead_elsewhere)
    return app
