"""Jobs in error in groups: one row for what is probably one cause, over all plugins or of one."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Right
from taskmanager.model.jobs import PluginName, Record
from taskmanager.model.queries import GROUPED_LIMIT
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.plugin_scope import allow
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.errors.error_rows import error_rows
from taskmanager_gateway.web.shell.render import overview_of, page

PATH = "/errors"

router = APIRouter(dependencies=[needs(Right.READ)])


class ErrorsAddress(Record):
    """Whose jobs; None: of all plugins within the reader's reach."""

    plugin: PluginName | None = None


@router.get(PATH)
async def show(request: Request, asked: Annotated[ErrorsAddress, Query()], who: Caller) -> Response:
    """The groups, the largest first."""
    overview = await overview_of(request)
    seen = [one for one in overview.plugins if who.may(Right.READ, one.manifest.name)]
    if asked.plugin is not None:
        allow(who, asked.plugin)
    names = [one.manifest.name for one in seen] if asked.plugin is None else [asked.plugin]
    groups = await from_store(services_of(request).reader.error_groups(names)) if names else ()
    context = {
        "rows": error_rows(groups, seen, who),
        "plugin": asked.plugin,
        "plugins": seen,
        "most": GROUPED_LIMIT,
        "overview": overview,
    }
    return await page(request, "errors/page.html", context)
