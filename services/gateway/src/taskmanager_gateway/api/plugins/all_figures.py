"""What all plugins got done, by the hour: the figures of one plugin, for each within the caller's reach."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Principal, Right
from taskmanager.model.hourly_figures import HOUR, HourlyFigures, hour_of
from taskmanager.model.jobs import Record
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.api.plugins.figures import FiguresQuery, FiguresView, PluginFiguresView, view_of
from taskmanager_gateway.api.responses import json_answer, problems
from taskmanager_gateway.csv_lines import BYTE_ORDER_MARK, lines
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.problems import INVALID_REQUEST, STORE_UNAVAILABLE
from taskmanager_gateway.http.views import API
from taskmanager_gateway.services import services_of

router = APIRouter(prefix=API, tags=["Plugins and runners"], dependencies=[needs(Right.READ)])

COLUMNS = tuple(name for name in FiguresView.model_fields if name != "errors")
_CSV: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file", "content": {"text/csv": {"schema": {"type": "string"}}}}
}


class AllFiguresView(Record):
    """The last hours of each plugin in which one of its jobs ended, by name."""

    since: datetime
    plugins: list[PluginFiguresView]


@router.get(
    "/figures",
    summary="Get the hourly figures of all plugins",
    response_model=AllFiguresView,
    responses=problems(INVALID_REQUEST, STORE_UNAVAILABLE),
)
async def show_all_figures(
    request: Request, query: Annotated[FiguresQuery, Query()], who: Caller
) -> Response:
    """As for one plugin, for each of those you may see that had a job end in the last `hours`."""
    since, found = await _read(request, query.hours, who)
    views = [
        view_of(name, since, query.hours, {one.hour: one for one in found if one.plugin == name})
        for name in sorted({one.plugin for one in found})
    ]
    return json_answer(AllFiguresView(since=since, plugins=views))


@router.get(
    "/figures.csv",
    summary="Export the hourly figures of all plugins as CSV",
    response_class=Response,
    responses=_CSV | problems(INVALID_REQUEST, STORE_UNAVAILABLE),
)
async def export_figures(request: Request, query: Annotated[FiguresQuery, Query()], who: Caller) -> Response:
    """A line for each plugin and hour in which one of its jobs ended; UTF-8, times in UTC."""
    since, found = await _read(request, query.hours, who)
    views = [(one, FiguresView.of(one)) for one in found]
    cells = [[one.plugin, one.hour, *(getattr(view, name) for name in COLUMNS)] for one, view in views]
    content = BYTE_ORDER_MARK.encode() + lines([["plugin", "hour", *COLUMNS], *cells])
    name = f"figures-{since:%Y%m%d-%H}-{query.hours}h.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


async def _read(request: Request, hours: int, who: Principal) -> tuple[datetime, Sequence[HourlyFigures]]:
    services = services_of(request)
    since = hour_of(services.clock.now()) - (hours - 1) * HOUR
    found = await from_store(services.reader.hourly(since))
    return since, [one for one in found if who.may(Right.READ, one.plugin)]
