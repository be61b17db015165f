"""The audit: who asked for what, when, why, and what became of it."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Right
from taskmanager_gateway.access.needs import needs
from taskmanager_gateway.access.proof import Asker
from taskmanager_gateway.auditing import audit_page
from taskmanager_gateway.parts import parts_of
from taskmanager_gateway.web.audit import AuditWish, audit_lines
from taskmanager_gateway.web.menu import plugin_items
from taskmanager_gateway.web.render import page, web_of
from taskmanager_gateway.web.wishes import address, read_wish

PATH = "/audit"

router = APIRouter(dependencies=[needs(Right.READ)])


@router.get(PATH)
async def show(request: Request, who: Asker) -> Response:
    """One page; its address says of what."""
    wish, ignored = read_wish(AuditWish, request.query_params)
    found = await audit_page(parts_of(request).reader, wish.query, who)
    overview = await web_of(request).overviews.read()
    context = {
        "wish": wish,
        "ignored": ignored,
        "lines": audit_lines(found.entries),
        "older": address(PATH, wish, cursor=found.next_cursor) if found.next_cursor else None,
        "newest": address(PATH, wish, cursor=None) if wish.cursor else None,
        "plugins": plugin_items(overview.plugins, who),
        "overview": overview,
    }
    return await page(request, "audit/page.html", context)
