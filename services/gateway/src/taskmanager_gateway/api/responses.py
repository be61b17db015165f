"""How routes answer and how that is described in the OpenAPI document."""

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
    Kind,
)
from taskmanager_gateway.http.views import json_bytes

OUTCOME_HEADER = "Taskmanager-Outcome"
READ_ONE_BY_ONE = (UNKNOWN_JOB, UNKNOWN_OPERATION, UNKNOWN_REPORT)
"""What a route that reads one document may answer; then that document may also be unreadable."""

Answers = dict[int | str, dict[str, Any]]
"""Answers by status, as FastAPI takes them."""


class RawRoute(APIRoute):
    """A documented route whose function gets the request alone: no parameter is parsed for it.

    Of its dependencies it looks at what it `needs` and at nothing else. FastAPI's own way of calling a
    function costs a tenth of a submission.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Call the function."""
        endpoint: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        needed = [one.dependency for one in self.dependencies if isinstance(one.dependency, Requirement)]

        async def handle(request: Request) -> Response:
            for need in needed:
                await need(request)
            return await endpoint(request)

        return handle


def json_answer(model: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A model as JSON, written once and not checked again."""
    return Response(json_bytes(model), status, headers, "application/json")


def page_links(request: Request, next_cursor: str | None) -> dict[str, str]:
    """Where this page of a list is and, if there is one, the next."""
    links = {"self": str(request.url.replace(scheme="", netloc=""))}
    if next_cursor:
        after = request.url.include_query_params(cursor=next_cursor)
        links["next"] = str(after.replace(scheme="", netloc=""))
    return links


def problems(*kinds: Kind) -> Answers:
    """The error answers of a route for the OpenAPI document."""
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
    """The body of a route that reads it itself, for the OpenAPI document."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}, "example": example}}
    return {"requestBody": {"required": required, "content": content}}
