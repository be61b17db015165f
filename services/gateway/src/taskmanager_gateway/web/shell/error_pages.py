"""Errors as a page, as a message in the open pop-up, or as a problem document for programs."""

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.errors import BrokerUnavailableError, StoreUnavailableError, UnreadableDocumentError
from taskmanager_gateway.api.error_handlers import problem_of
from taskmanager_gateway.http.problems import Problem, ProblemError
from taskmanager_gateway.web.shell.render import fragment, page

FRAGMENT = "fragments/problem.html"
PAGE = "problem.html"


def install_failures(app: FastAPI) -> None:
    """Answer every expected error in the form the client understands."""
    for kind in (
        ProblemError,
        StoreUnavailableError,
        UnreadableDocumentError,
        BrokerUnavailableError,
        RequestValidationError,
        HTTPException,
        Exception,
    ):
        app.add_exception_handler(kind, _answer)


async def _answer(request: Request, error: Exception) -> Response:
    return await shown(request, problem_of(request, error))


async def shown(request: Request, problem: Problem) -> Response:
    """The problem as a message for htmx, as a page for browsers, as a problem document for other clients."""
    if request.headers.get("hx-request") == "true":
        answer = fragment(request, FRAGMENT, {"problem": problem}, status=problem.kind.status)
    elif "text/html" in request.headers.get("accept", ""):
        answer = await page(request, PAGE, {"problem": problem}, status=problem.kind.status)
    else:
        return problem.response()
    for name, value in problem.response().headers.items():
        if name not in {"content-type", "content-length"}:
            answer.headers[name] = value
    return answer
