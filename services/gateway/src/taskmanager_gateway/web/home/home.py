"""The home page: all plugins at a glance."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Right
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.web.home.failures import FailureCounts
from taskmanager_gateway.web.home.home_summary import HomeSummaries
from taskmanager_gateway.web.home.home_view import Failed
from taskmanager_gateway.web.home.home_view import home as home_of
from taskmanager_gateway.web.shell.render import caller, fragment, overview_of, page
from taskmanager_gateway.web.shell.visitor import Visitor

router = APIRouter(dependencies=[needs(Right.READ)])


@router.get("/")
async def home(request: Request) -> Response:
    """All plugins within the reader's reach."""
    return await page(request, "home/page.html", await _context(request))


@router.get("/ui/home")
async def plugins(request: Request) -> Response:
    """The part of the home page that changes."""
    return fragment(request, "home/plugins.html", await _context(request))


async def _context(request: Request) -> dict[str, Any]:
    overview = await overview_of(request)
    glances: HomeSummaries = request.app.state.glances
    glance = await glances.read(overview.plugins)
    now = datetime.now(UTC)
    visitor = Visitor.of(request)
    since = visitor.counts_failures_from(now)
    counts: FailureCounts = request.app.state.failure_counts
    failed = Failed(since, await counts.since(since, overview.plugins))
    made = home_of(overview.plugins, glance, caller(request), now, failed, dead_letters=overview.dead_letters)
    return {"home": made, "overview": overview}
