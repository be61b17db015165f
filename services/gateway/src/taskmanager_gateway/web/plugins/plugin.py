"""The page of a plugin, and the parts of it that are renewed while it is open."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from taskmanager.model.access import Principal, Right
from taskmanager.model.jobs import Record
from taskmanager.model.states import Status, Tab
from taskmanager.model.waiting import WaitingCode
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.plugin_scope import allow
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.jobs.columns import page_columns
from taskmanager_gateway.jobs.finder import is_job_id
from taskmanager_gateway.plugins.views import PluginView
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.jobs.rows import common_reason
from taskmanager_gateway.web.plugins.bulk_choice import BULK_ACTIONS, chooses
from taskmanager_gateway.web.plugins.known_files import KnownFiles
from taskmanager_gateway.web.plugins.known_projects import KnownProjects
from taskmanager_gateway.web.plugins.listing import PAGE_SIZES, PluginListAddress
from taskmanager_gateway.web.plugins.plugin_head import head_of
from taskmanager_gateway.web.plugins.plugin_reading import PluginReading, read_page
from taskmanager_gateway.web.shell.render import fragment, overview_of, page

router = APIRouter(dependencies=[needs(Right.READ)])


class RowsForm(Record):
    """Ids separated by blanks: the visible jobs, and those of them that may have changed."""

    shown: str = ""
    changed: str = ""
    tab: Tab = Tab.QUEUE
    in_turn: bool = False
    common: WaitingCode | Literal[""] = ""
    """Why most of them wait, which is said above the list and not repeated."""
    csrf: str = ""


@router.get("/plugins/{name}")
async def show(request: Request, name: str, who: Caller) -> Response:
    """The page of a plugin; the query string selects the jobs."""
    listing, ignored = PluginListAddress.read(request.query_params)
    if listing.q is not None and is_job_id(listing.q):
        allow(who, name)
        return RedirectResponse(f"/jobs/{listing.q}", 303)
    context = await _listed(request, name, who, listing)
    tab: Tab = context["tab"]
    more = {
        "ignored": ignored,
        "statuses": [status for status in Status if status.tab is tab],
        "bulk_actions": BULK_ACTIONS[tab],
    }
    return await page(request, "plugin/page.html", {**context, **more})


@router.get("/ui/plugins/{name}/projects")
async def projects(request: Request, name: str, who: Caller) -> Response:
    """The projects that the filter offers."""
    allow(who, name)
    known: KnownProjects = request.app.state.known_projects
    return fragment(request, "plugin/projects.html", {"projects": await known.of(name)})


@router.get("/ui/plugins/{name}/list")
async def renewed_list(request: Request, name: str, who: Caller) -> Response:
    """The list as it is now, for an open page that follows it."""
    listing, _ = PluginListAddress.read(request.query_params)
    return fragment(request, "plugin/list.html", await _listed(request, name, who, listing))


async def _listed(request: Request, name: str, who: Principal, listing: PluginListAddress) -> dict[str, Any]:
    """What the list shows, and what surrounds it."""
    allow(who, name)
    overview = await overview_of(request)
    shown, figures = await read_page(services_of(request), overview, name, who, listing)
    known = await _known(request, overview.plugin(name), shown.listing.tab)
    return {
        "overview": overview,
        "head": head_of(name, shown.listing, overview.plugin(name), who, figures, known),
        "shown": shown,
        "common": common_reason(shown.rows),
        "sizes": PAGE_SIZES,
        "tab": shown.listing.tab,
        "columns": page_columns(shown.listing.tab),
        "chooses": chooses(who, name, shown.listing.tab),
    }


@router.get("/ui/plugins/{name}/head")
async def renewed_head(request: Request, name: str, who: Caller) -> Response:
    """What surrounds the list: state, tabs, totals, and the commands for the plugin."""
    allow(who, name)
    listing, _ = PluginListAddress.read(request.query_params)
    overview = await overview_of(request)
    reading = PluginReading(services_of(request), overview, name, who)
    figures = await reading.figures() if listing.tab is Tab.DONE else None
    known = await _known(request, overview.plugin(name), listing.tab)
    head = head_of(name, listing, overview.plugin(name), who, figures, known)
    return fragment(request, "plugin/renewed.html", {"head": head})


async def _known(request: Request, plugin: PluginView | None, tab: Tab) -> int | None:
    """Of how many jobs of the tab the files are known."""
    counts: KnownFiles = request.app.state.known_files
    return None if plugin is None else await counts.of(plugin.manifest.name, tab, plugin.tabs[tab])


@router.post("/ui/plugins/{name}/rows")
async def renewed_rows(
    request: Request, name: str, form: Annotated[RowsForm, Form()], who: Caller
) -> Response:
    """Current rows for an open list. Only reads; it is a POST since the ids are too many for a URL."""
    allow(who, name)
    overview = await overview_of(request)
    reading = PluginReading(services_of(request), overview, name, who)
    shown, changed = form.shown.split()[: max(PAGE_SIZES)], form.changed.split()[: max(PAGE_SIZES)]
    rows, places = await reading.rows(shown, changed, form.tab, in_turn=form.in_turn)
    known = {row.job.id for row in rows}
    gone = [job for job in changed if job not in known]
    context = {
        "rows": rows,
        "common": form.common or None,
        "gone": gone,
        "places": places,
        "tab": form.tab,
        "columns": page_columns(form.tab),
        "chooses": chooses(who, name, form.tab),
    }
    return fragment(request, "plugin/rows.html", context)
