"""The home page: all plugins at a glance."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.access import Right
from taskmanager_gateway.access.needs import needs
from taskmanager_gateway.web.render import asker, page, web_of

router = APIRouter(dependencies=[needs(Right.READ)])


@router.get("/")
async def home(request: Request) -> Response:
    """All plugins within the reader's reach."""
    overview = await web_of(request).overviews.read()
    plugins = [plugin for plugin in overview.plugins if asker(request).sees(plugin.manifest.name)]
    return await page(request, "home.html", {"plugins": plugins, "overview": overview})
