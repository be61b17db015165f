"""The page of a process of Goobi: all its jobs over all plugins, at an address that Goobi can link to."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from taskmanager.model.access import Principal, Right
from taskmanager.model.jobs import Number
from taskmanager.model.queries import ProcessQuery
from taskmanager.model.user_content.notes import process_key
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.processes.links import process_address
from taskmanager_gateway.processes.reading import SEARCHED
from taskmanager_gateway.processes.views import GoobiPagesView, title_of
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.processes.process_rows import (
    ProcessAddress,
    SearchAddress,
    process_number,
    process_rows,
)
from taskmanager_gateway.web.shell.list_address import read_address
from taskmanager_gateway.web.shell.render import fragment, overview_of, page

PATH = "/processes"

router = APIRouter(dependencies=[needs(Right.READ)])


@router.get(PATH)
async def search(request: Request, who: Caller) -> Response:
    """The search for a process; an id leads to its page."""
    asked, ignored = read_address(SearchAddress, request.query_params)
    services = services_of(request)
    if asked.q is not None and (number := process_number(asked.q)) is not None:
        return RedirectResponse(process_address(number, None, services.goobi), 303)
    found = await services.processes.search(asked.q, who) if asked.q else []
    lines = [
        (one, process_address(one.reference.process_id, one.reference.installation, services.goobi))
        for one in found
    ]
    context = {"asked": asked, "ignored": ignored, "lines": lines, "most": SEARCHED}
    return await page(request, "processes/search.html", context)


@router.get(PATH + "/{process_id}")
async def show(request: Request, process_id: Number, who: Caller) -> Response:
    """The page; the query string may name an installation and a step."""
    return await page(request, "processes/page.html", await _listed(request, process_id, who))


@router.get("/ui" + PATH + "/{process_id}/list")
async def renewed(request: Request, process_id: Number, who: Caller) -> Response:
    """Its list as it is now, for an open page."""
    return fragment(request, "processes/list.html", await _listed(request, process_id, who))


async def _listed(request: Request, process_id: int, who: Principal) -> dict[str, Any]:
    asked, ignored = read_address(ProcessAddress, request.query_params)
    services, overview = services_of(request), await overview_of(request)
    query = ProcessQuery(
        process=process_id,
        installations=services.processes.names(asked.installation),
        step=asked.step,
        cursor=asked.cursor,
    )
    found = await services.processes.page(query, who)
    titles = overview.titles
    waiting = await services.reasons.of_page(found.jobs)
    return {
        "asked": asked,
        "ignored": ignored,
        "process": process_id,
        "title": title_of(found.jobs),
        "note_key": process_key(services.goobi.name_of(asked.installation), process_id),
        "installation": services.goobi.name_of(asked.installation),
        "several": len(services.goobi.installations) > 1,
        "in_goobi": GoobiPagesView.of(found.jobs, services.goobi).process,
        "rows": process_rows(found.jobs, titles, waiting, services.goobi),
        "next_cursor": found.next_cursor,
        "overview": overview,
    }
