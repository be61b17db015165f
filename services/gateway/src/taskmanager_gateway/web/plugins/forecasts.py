"""When the queue of a plugin will be done, or the jobs of one project in it: read apart from the list."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.errors import StoreUnavailableError
from taskmanager.model.access import Right
from taskmanager.model.hourly_figures import HourlyFigures
from taskmanager.model.jobs import Record, ShortText
from taskmanager.model.queries import JobQuery, Sort, SortOrder
from taskmanager.model.states import RUNNING, Status, Tab
from taskmanager.process.logs import get_logger
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.plugin_scope import allow
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.http.deadlines import LOOKUP_TIME, from_store
from taskmanager_gateway.plugins.views import PluginState, PluginView
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.plugins.forecast import PERIODS, Work, forecast
from taskmanager_gateway.web.plugins.known_files import KnownFiles
from taskmanager_gateway.web.shell.render import fragment, web_of

router = APIRouter(dependencies=[needs(Right.READ)])

log = get_logger(__name__)


class ForecastAddress(Record):
    """Of which jobs: those of a project, or all that wait or run."""

    project: ShortText | None = None


@router.get("/ui/plugins/{name}/forecast")
async def show(
    request: Request, name: str, asked: Annotated[ForecastAddress, Query()], who: Caller
) -> Response:
    """The expected end, and the rates it can be compared with."""
    allow(who, name)
    plugin = (await web_of(request).overviews.read()).plugin(name)
    if plugin is None:
        return fragment(request, "plugin/forecast.html", {"forecast": None})
    jobs: int | None = _in_the_queue(plugin)
    if asked.project is not None:
        jobs = await _up_to_the_last(request, name, asked.project)
    places = plugin.slots if plugin.limit is None else min(plugin.slots, plugin.limit)
    work = Work(jobs, places, stopped=plugin.state is not PluginState.RUNNING)
    counts: KnownFiles = request.app.state.known_files
    context = {
        "forecast": forecast(work, await _hours(request, name), services_of(request).clock.now()),
        "project": asked.project,
        "sums": plugin.tabs[Tab.QUEUE],
        "known": await counts.of(name, Tab.QUEUE, plugin.tabs[Tab.QUEUE]),
        "paused": plugin.statuses[Status.PAUSED],
    }
    return fragment(request, "plugin/forecast.html", context)


def _in_the_queue(plugin: PluginView) -> int:
    """The jobs that wait or run; those that are paused end when somebody releases them."""
    return plugin.statuses[Status.STARTED] + sum(plugin.statuses[status] for status in RUNNING)


async def _up_to_the_last(request: Request, name: str, project: str) -> int | None:
    """How many jobs start up to the last one of the project that waits; None: too many to count in time."""
    reader = services_of(request).reader
    query = JobQuery(
        plugin=name,
        tab=Tab.QUEUE,
        status=Status.STARTED,
        project=project,
        sort=Sort.TURN,
        order=SortOrder.DESC,
        limit=1,
    )
    try:
        found = (await from_store(reader.jobs(query), LOOKUP_TIME)).jobs
        if not found:
            return 0
        position = await from_store(reader.position(found[0]), LOOKUP_TIME)
    except StoreUnavailableError as error:
        log.debug("project_not_counted", plugin=name, error=str(error))
        return None
    return None if position.capped else position.ahead + 1


async def _hours(request: Request, name: str) -> Sequence[HourlyFigures]:
    services = services_of(request)
    return await from_store(services.reader.hourly(services.clock.now() - PERIODS[-1], name))
