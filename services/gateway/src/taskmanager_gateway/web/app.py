"""The application of the pages: routes, error pages and headers around the parts of a gateway."""

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

from taskmanager_gateway.access.requirements import ElsewhereFirstError, lead_elsewhere
from taskmanager_gateway.http.secure_headers import SecureHeaders
from taskmanager_gateway.services import Services
from taskmanager_gateway.web.accounts import (
    account,
    log_in,
    oidc,
    second_factor,
    security_keys,
    tokens,
    users,
)
from taskmanager_gateway.web.audit import audit
from taskmanager_gateway.web.dead_letters import dead_letters
from taskmanager_gateway.web.errors import errors as error_groups
from taskmanager_gateway.web.figures import figures
from taskmanager_gateway.web.figures.recent import RecentFigures
from taskmanager_gateway.web.frame import components, keys, live, menu, preferences, reference
from taskmanager_gateway.web.home import home
from taskmanager_gateway.web.home.failures import FailureCounts
from taskmanager_gateway.web.home.home_summary import HomeSummaries
from taskmanager_gateway.web.jobs import errors, job, job_actions, job_attempts, job_messages
from taskmanager_gateway.web.new_job import new_job
from taskmanager_gateway.web.new_job import presets as new_job_presets
from taskmanager_gateway.web.notes import notes
from taskmanager_gateway.web.notifications import notifications
from taskmanager_gateway.web.operations import operations
from taskmanager_gateway.web.pictures import file_pages, picture_parts
from taskmanager_gateway.web.plugins import bulk, forecasts, plugin, plugin_commands, replicas
from taskmanager_gateway.web.plugins.known_files import KnownFiles
from taskmanager_gateway.web.plugins.known_projects import KnownProjects
from taskmanager_gateway.web.processes import processes
from taskmanager_gateway.web.reports import reports
from taskmanager_gateway.web.runners import runners
from taskmanager_gateway.web.search import search
from taskmanager_gateway.web.shell.assets import Assets
from taskmanager_gateway.web.shell.error_pages import install_failures
from taskmanager_gateway.web.shell.languages import LANGUAGES
from taskmanager_gateway.web.shell.menu_items import state_of
from taskmanager_gateway.web.shell.plugin_overview import Overviews
from taskmanager_gateway.web.shell.render import Web
from taskmanager_gateway.web.shell.status_words import ERROR_WORDS, MEANINGS, STATUS_WORDS
from taskmanager_gateway.web.shell.templating import Templates

COMPRESSED_FROM_BYTES = 1_000


def make_pages(services: Services) -> ASGIApp:
    """The application of the pages. Raises AssetsMissingError if the gateway was not set up completely."""
    assets = Assets()
    words = {
        "meanings": MEANINGS,
        "status_words": STATUS_WORDS,
        "error_words": ERROR_WORDS,
        "state_of": state_of,
    }
    templates = Templates({"asset": assets.address, "languages": LANGUAGES, **words})
    app = FastAPI(
        openapi_url=None,
        redirect_slashes=False,
        middleware=[
            Middleware(SecureHeaders),
            Middleware(GZipMiddleware, minimum_size=COMPRESSED_FROM_BYTES),
        ],
    )
    app.state.services = services
    app.state.glances = HomeSummaries(services.reader, tuple(services.goobi.installations), services.clock)
    app.state.failure_counts = FailureCounts(services.reader)
    app.state.known_files = KnownFiles(services.reader)
    app.state.known_projects = KnownProjects(services.reader)
    app.state.recent_figures = RecentFigures(services.reader, services.clock)
    app.state.web = Web(services, assets, templates, Overviews(services.reader))
    app.routes.extend(log_in.own.routes)  # as they are: including the router would build each again
    for module in (
        log_in,
        oidc,
        account,
        second_factor,
        security_keys,
        home,
        figures,
        error_groups,
        search,
        keys,
        live,
        menu,
        preferences,
        reference,
        components,
        new_job_presets,
        new_job,
        operations,
        runners,
        reports,
        notifications,
        notes,
        audit,
        dead_letters,
        users,
        tokens,
        plugin,
        forecasts,
        bulk,
        replicas,  # before the routes that take any action's name
        plugin_commands,
        processes,
        errors,
        job,
        job_attempts,
        file_pages,
        picture_parts,
        job_messages,
        job_actions,
    ):
        app.routes.extend(module.router.routes)
    app.routes.append(assets.route())
    install_failures(app)
    app.add_exception_handler(ElsewhereFirstError, lead_elsewhere)
    return app
