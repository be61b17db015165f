"""The menu alone, for open pages to renew its counts."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Right
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.web.shell.menu_items import plugin_items
from taskmanager_gateway.web.shell.render import caller, fragment, overview_of

router = APIRouter(dependencies=[needs(Right.READ)])


@router.get("/ui/menu")
async def menu(request: Request, here: Annotated[str, Query(max_length=500)] = "/") -> Response:
    """The menu's items; `here` is the path of the page they are on."""
    overview = await overview_of(request)
    context = {
        "menu": plugin_items(overview.plugins, caller(request)),
        "dead_letters": overview.dead_letters,
        "here": here,
    }
    return fragment(request, "menu.html", context)
