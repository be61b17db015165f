"""`/docs`: the HTTP API in Swagger UI, served from here: nothing is loaded from another network.

Swagger UI (Apache-2.0) was chosen because users of FastAPI know it, and because it runs under the content
security policy of all other pages, without inline scripts.
"""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from taskmanager_gateway.web.shell.render import fragment

router = APIRouter()


@router.get("/docs")
async def show_reference(request: Request) -> Response:
    """Open to everyone, like the OpenAPI document that it shows: neither contains data of jobs or people."""
    return fragment(request, "reference.html", {})
