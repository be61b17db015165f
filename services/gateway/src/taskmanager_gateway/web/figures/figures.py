"""The page of figures, for those who have no other monitoring."""

from datetime import UTC, datetime

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Right
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.http.views import API
from taskmanager_gateway.web.figures.figures_view import figures_page
from taskmanager_gateway.web.figures.periods import DAYS, LONGEST, Period
from taskmanager_gateway.web.figures.recent import RecentFigures
from taskmanager_gateway.web.shell.render import caller, overview_of, page
from taskmanager_gateway.web.shell.visitor import Visitor

PATH = "/figures"

router = APIRouter(dependencies=[needs(Right.READ)])


@router.get(PATH)
async def show(request: Request, period: str = Period.DAY.value) -> Response:
    """All plugins within the reader's reach over a period; an unknown one is the last 24 hours."""
    chosen = Period(period) if period in set(Period) else Period.DAY
    recent: RecentFigures = request.app.state.recent_figures
    hours = await recent.of(LONGEST)
    overview = await overview_of(request)
    zone = Visitor.of(request).formats.zone
    shown = figures_page(overview.plugins, hours, caller(request), chosen, datetime.now(UTC), zone)
    context = {
        "shown": shown,
        "periods": list(Period),
        "export": f"{API}/figures.csv?hours={24 * DAYS[chosen]}",
        "overview": overview,
    }
    return await page(request, "figures/page.html", context)
