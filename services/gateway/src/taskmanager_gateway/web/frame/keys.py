"""The pop-up that says which keys there are."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Right
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.web.shell.render import fragment

router = APIRouter(dependencies=[needs(Right.READ)])


@router.get("/ui/keys")
async def show(request: Request) -> Response:
    """All keys; whether single ones count is kept in the browser."""
    return fragment(request, "palette/keys.html", {})
