"""A plugin's throughput, by the hour."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Right
from taskmanager.model.hourly_figures import FIGURES_KEPT, HOUR, Figures, HourlyFigures, hour_of, total
from taskmanager.model.jobs import PluginName, Record
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.plugin_scope import allow
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.api.responses import json_answer, problems
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.problems import INVALID_REQUEST, STORE_UNAVAILABLE
from taskmanager_gateway.http.views import API
from taskmanager_gateway.services import services_of

router = APIRouter(prefix=API, tags=["Plugins and runners"], dependencies=[needs(Right.READ)])


class FiguresQuery(Record):
    """How many hours back."""

    hours: Annotated[int, Field(ge=1, le=FIGURES_KEPT // HOUR)] = 24


class FiguresView(Record):
    """Ends of jobs; each end counts, including that of a job which is retried later.

    Files, bytes and times are those of jobs that became DONE. The median and the 95th percentile are
    estimated within a power of two, and null if no job became DONE; those of waiting times also if the jobs
    were done before these were counted. `errors` are the failed jobs by kind, as far as that was counted.
    """

    done: int
    failed: int
    cancelled: int
    files: int
    bytes: int
    waiting_seconds: float
    running_seconds: float
    longest_seconds: float
    median_seconds: float | None
    p95_seconds: float | None
    median_waiting_seconds: float | None
    p95_waiting_seconds: float | None
    errors: dict[str, int] = Field(examples=[{"refused": 3, "files": 1}])

    @classmethod
    def of(cls, figures: Figures) -> "FiguresView":
        """The public form."""
        same = {name: getattr(figures, name) for name in cls.model_fields if name in Figures.model_fields}
        return cls(
            **same,
            median_seconds=figures.duration(0.5),
            p95_seconds=figures.duration(0.95),
            median_waiting_seconds=figures.wait(0.5),
            p95_waiting_seconds=figures.wait(0.95),
        )


class HourView(FiguresView):
    """One hour."""

    hour: datetime


class PluginFiguresView(Record):
    """The last hours of a plugin, including the current one, and their total."""

    plugin: str
    since: datetime
    total: FiguresView
    hours: list[HourView]


@router.get(
    "/plugins/{name}/figures",
    summary="Get the hourly figures of a plugin",
    response_model=PluginFiguresView,
    responses=problems(INVALID_REQUEST, STORE_UNAVAILABLE),
)
async def show_figures(
    request: Request, name: PluginName, query: Annotated[FiguresQuery, Query()], who: Caller
) -> Response:
    """Ended jobs, files, bytes and times in each of the last `hours` (UTC); kept for 40 days."""
    allow(who, name)
    services = services_of(request)
    since = hour_of(services.clock.now()) - (query.hours - 1) * HOUR
    found = await from_store(services.reader.hourly(since, name))
    return json_answer(view_of(name, since, query.hours, {one.hour: one for one in found}))


def view_of(
    plugin: str, since: datetime, hours: int, found: dict[datetime, HourlyFigures]
) -> PluginFiguresView:
    """The figures of all hours, including those in which no job ended."""
    moments = [since + number * HOUR for number in range(hours)]
    each = [found.get(hour, Figures()) for hour in moments]
    shown = [
        HourView(hour=hour, **FiguresView.of(one).model_dump())
        for hour, one in zip(moments, each, strict=True)
    ]
    return PluginFiguresView(plugin=plugin, since=since, total=FiguresView.of(total(each)), hours=shown)
