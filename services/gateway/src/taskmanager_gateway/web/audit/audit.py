"""The audit: who requested what, when and why, and with which outcome."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Right
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.audit.service import audit_page
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.audit.audit_rows import AuditListAddress, audit_lines
from taskmanager_gateway.web.shell.list_address import address, read_address
from taskmanager_gateway.web.shell.menu_items import plugin_items
from taskmanager_gateway.web.shell.render import overview_of, page

PATH = "/audit"

router = APIRouter(dependencies=[needs(Right.READ)])


@router.get(PATH)
async def show(request: Request, who: Caller) -> Response:
    """One page of entries; the query string selects them."""
    filters, ignored = read_address(AuditListAddress, request.query_params)
    found = await audit_page(services_of(request).reader, filters.query, who)
    overview = await overview_of(request)
    context = {
        "filters": filters,
        "ignored": ignored,
        "lines": audit_lines(found.entries),
        "older": address(PATH, filters, cursor=found.next_cursor) if found.next_cursor else None,
        "newest": address(PATH, filters, cursor=None) if filters.cursor else None,
        "plugins": plugin_items(overview.plugins, who),
        "overview": overview,
    }
    return await page(request, "audit/page.html", context)
