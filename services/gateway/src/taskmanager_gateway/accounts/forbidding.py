"""Logs who was not allowed to do what, and counts it: one line and one count for every 403."""

from starlette.requests import Request

from taskmanager.process.logs import get_logger
from taskmanager_gateway.access.auth_context import address_of, auth_context_of
from taskmanager_gateway.http.problems import Problem
from taskmanager_gateway.metrics import FORBIDDEN_REQUESTS

log = get_logger(__name__)


def note_refusal(request: Request, problem: Problem) -> None:
    """Log and count a 403; `missing` is the code of its reason, such as `access.no_operate`.

    There are only as many values as sentences. The route is logged as its pattern, since a path may hold
    something that was typed by mistake.
    """
    missing = problem.told.code
    FORBIDDEN_REQUESTS.labels(missing).inc()
    log.warning(
        "forbidden",
        who=auth_context_of(request).principal.name,
        address=address_of(request),
        method=request.method,
        route=getattr(request.scope.get("route"), "path", "other"),
        missing=missing,
    )
