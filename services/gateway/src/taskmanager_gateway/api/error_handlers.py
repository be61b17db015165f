"""The problem for each error: the one table between exceptions and HTTP error responses."""

from collections.abc import Callable, Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from taskmanager.errors import BrokerUnavailableError, StoreUnavailableError, UnreadableDocumentError
from taskmanager_gateway.accounts.forbidding import note_refusal
from taskmanager_gateway.codes import problems
from taskmanager_gateway.http.body_limits import BodyRefusedError
from taskmanager_gateway.http.problems import (
    BROKER_UNAVAILABLE,
    FORBIDDEN,
    INTERNAL_ERROR,
    INVALID_REQUEST,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    STORE_UNAVAILABLE,
    UNREADABLE,
    Problem,
    ProblemError,
    ProblemKind,
    validation_problem,
)

STORE_AWAY = Problem(STORE_UNAVAILABLE, problems.STORE_AWAY())

NOT_ALLOWED_STATUS = 405
NOT_FOUND_STATUS = 404


def install_handlers(app: FastAPI) -> None:
    """Answer every expected error with a problem document."""
    for kind in _PROBLEMS:
        app.add_exception_handler(kind, _answer)


async def _answer(request: Request, error: Exception) -> Response:
    return problem_of(request, error).response()


def problem_of(request: Request, error: Exception) -> Problem:
    """The problem for an error; a defect if the error is unexpected."""
    kind = next(kind for kind in _PROBLEMS if isinstance(error, kind))
    problem = _PROBLEMS[kind](request, error)
    if problem.kind.status == FORBIDDEN.status:
        note_refusal(request, problem)
    return problem


def _store_away(_: Request, __: StoreUnavailableError) -> Problem:
    return STORE_AWAY


def _unreadable(_: Request, __: UnreadableDocumentError) -> Problem:
    return Problem(UNREADABLE, problems.UNREADABLE())


def _broker_away(_: Request, __: BrokerUnavailableError) -> Problem:
    return Problem(BROKER_UNAVAILABLE, problems.BROKER_AWAY())


def _defect(_: Request, __: Exception) -> Problem:
    """An internal error; `RequestMetricsMiddleware` logs and counts it."""
    return Problem(INTERNAL_ERROR, problems.DEFECT())


def _wrong_query(_: Request, error: RequestValidationError) -> Problem:
    errors: list[ErrorDetails] = list(error.errors())
    return validation_problem(errors, skip=1).problem


def _allowed_methods(request: Request) -> Iterator[str]:
    """The methods of all the path's routes (RFC 9110, 10.2.1); Starlette names only those of the first."""
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        scope = {**request.scope, "method": method}
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes):
            yield method


def _http(request: Request, error: HTTPException) -> Problem:
    method, path = request.method, request.url.path[:200]
    headers = error.headers or {}
    if error.status_code == NOT_ALLOWED_STATUS:
        allowed = ", ".join(_allowed_methods(request))
        told = problems.NO_SUCH_METHOD(path=path, method=method[:40], allowed=allowed)
        return Problem(METHOD_NOT_ALLOWED, told, headers={"Allow": allowed})
    if error.status_code == NOT_FOUND_STATUS:
        return Problem(NOT_FOUND, problems.NO_SUCH_ADDRESS(path=path), headers=headers)
    kind = ProblemKind(INVALID_REQUEST.name, error.status_code, INVALID_REQUEST.title)
    return Problem(kind, problems.HTTP(text=str(error.detail)), headers=headers)


_PROBLEMS: dict[type[Exception], Callable[[Request, Any], Problem]] = {
    ProblemError: lambda _, error: error.problem,
    StoreUnavailableError: _store_away,
    UnreadableDocumentError: _unreadable,
    BrokerUnavailableError: _broker_away,
    RequestValidationError: _wrong_query,
    BodyRefusedError: lambda _, error: error.problem,
    HTTPException: _http,
    Exception: _defect,
}
"""In order of lookup: the last entry matches every other error."""
