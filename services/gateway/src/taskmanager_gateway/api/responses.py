"""How routes answer, and how their answers are described in the OpenAPI document."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from taskmanager_gateway.access.requirements import Requirement
from taskmanager_gateway.http.problems import (
    MEDIA_TYPE,
    UNKNOWN_JOB,
    UNKNOWN_OPERATION,
    UNKNOWN_REPORT,
    UNREADABLE,
    ProblemKind,
)
from taskmanager_gateway.http.views import json_bytes

OUTCOME_HEADER = "Taskmanager-Outcome"
READ_ONE_BY_ONE = (UNKNOWN_JOB, UNKNOWN_OPERATION, UNKNOWN_REPORT)
"""Problems of routes that read one document; those may also find that document unreadable."""

Answers = dict[int | str, dict[str, Any]]
"""Responses by status, as FastAPI takes them."""


class RawRoute(APIRoute):
    """A documented route whose function gets only the request: no parameter is parsed for it.

    Of its dependencies only those made by `needs` are called. FastAPI's own way of calling a function takes a
    tenth of a submission's time.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """A handler that checks what the route needs and calls its function."""
        endpoint: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        needed = [one.dependency for one in self.dependencies if isinstance(one.dependency, Requirement)]

        async def handle(request: Request) -> Response:
            for need in needed:
                await need(request)
            return await endpoint(request)

        return handle


def json_answer(model: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Answer with a model as JSON, serialised once and not validated again."""
    return Response(json_bytes(model), status, headers, "application/json")


def page_links(request: Request, next_cursor: str | None) -> dict[str, str]:
    """Links to this page of a list and, if there is one, to the next."""
    links = {"self": str(request.url.replace(scheme="", netloc=""))}
    if next_cursor:
        after = request.url.include_query_params(cursor=next_cursor)
        links["next"] = str(after.replace(scheme="", netloc=""))
    return links


def problems(*kinds: ProblemKind) -> Answers:
    """The error responses of a route for the OpenAPI document."""
    schema = {"$ref": "#/components/schemas/ProblemDocument"}
    described: Answers = {}
    one = any(kind in READ_ONE_BY_ONE for kind in kinds)
    for kind in (*kinds, UNREADABLE) if one else kinds:
        before = described.get(kind.status, {}).get("description")
        text = f"{kind.title} (`{kind.name}`)"
        described[kind.status] = {
            "description": f"{before}. {text}" if before else text,
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
    return described


def json_request(schema: str, example: dict[str, Any], *, required: bool = True) -> dict[str, Any]:
    """The request body, for the OpenAPI document, of a route that reads it itself."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}, "example": example}}
    return {"requestBody": {"required": required, "content": content}}
