"""`/reference/components`: what the pages are made of, in both colours, for those who judge their looks.

A test compares photographs of it with those that were accepted.
"""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Right
from taskmanager.model.states import Status
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.web.bars import bars
from taskmanager_gateway.web.shell.render import page

router = APIRouter(dependencies=[needs(Right.READ)])

DONE = (3, 8, 12, 9, 0, 4, 16, 11)
FAILED = (0, 1, 0, 0, 0, 2, 0, 1)
"""Of the hours of a chart; any numbers would do."""


@router.get("/reference/components")
async def show_components(request: Request) -> Response:
    """Samples only: nothing of what is stored."""
    context = {"statuses": list(Status), "drawn": bars(DONE, FAILED, height=40.0)}
    return await page(request, "components.html", context)
