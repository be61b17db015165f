"""Operations over many jobs: the list, one operation, its progress, and stopping it."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.errors import CursorError
from taskmanager.messages import StopOperation
from taskmanager.model.access import Right
from taskmanager.model.jobs import Record, ShortText
from taskmanager.model.operations import OperationPage, OperationQuery
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.codes import problems
from taskmanager_gateway.commands.service import Author
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.problems import INVALID_CURSOR, UNKNOWN_OPERATION, ProblemError
from taskmanager_gateway.operations.views import OperationView
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.operations.operation_rows import FailurePage, OperationRow, operation_rows
from taskmanager_gateway.web.shell.command_answers import command_answer
from taskmanager_gateway.web.shell.forms import ReasonForm
from taskmanager_gateway.web.shell.plugin_overview import Overview
from taskmanager_gateway.web.shell.render import fragment, overview_of, page, text

router = APIRouter(dependencies=[needs(Right.READ, change=Right.OPERATE)])

ROWS, FAILURES = 50, 50
REFUSED_SHOWN = 5
"""Where an operation is followed."""
ENDED_EVENTS = "tm-rows, tm-counts, tm-job, tm-operations"
"""What changes on a page when an operation has ended."""


class OperationListAddress(Record):
    """Which operations, and where the page begins."""

    running: bool | None = None
    cursor: ShortText | None = None


class DetailQuery(Record):
    """Where the list of failures begins."""

    after: Annotated[int, Field(ge=0)] = 0


class ProgressQuery(Record):
    """`awaited`: an operation that is not stored yet is not an error."""

    awaited: bool = False


@router.get("/operations")
async def list_operations(
    request: Request, query: Annotated[OperationListAddress, Query()], who: Caller
) -> Response:
    """The list of operations, the newest first."""
    found = await _read(request, query)
    overview = await overview_of(request)
    context = {
        "rows": operation_rows(found, who),
        "running": query.running,
        "first": query.cursor is None,
        "here": _address(query, query.cursor),
        "older": _address(query, found.next_cursor) if found.next_cursor else None,
        "titles": titles(overview),
        "overview": overview,
    }
    return await page(request, "operations/list.html", context)


@router.get("/operations/{operation}")
async def show(
    request: Request, operation: str, query: Annotated[DetailQuery, Query()], who: Caller
) -> Response:
    """One operation: its purpose, its progress, and the jobs it could not change."""
    services = services_of(request)
    known = await services.operating.find(operation, who)
    failures = await from_store(services.reader.failures(known.id, after=query.after, limit=FAILURES + 1))
    overview = await overview_of(request)
    context = {
        "row": OperationRow.of(known, who),
        "failures": FailurePage.of(list(failures), FAILURES),
        "after": query.after,
        "titles": titles(overview),
        "overview": overview,
    }
    return await page(request, "operations/one.html", context)


@router.get("/ui/operations/{operation}/progress")
async def progress(
    request: Request, operation: str, query: Annotated[ProgressQuery, Query()], who: Caller
) -> Response:
    """The progress alone; when the operation has ended, it makes the rest of the page refresh."""
    try:
        known = await services_of(request).operating.find(operation, who)
    except ProblemError as error:
        if error.problem.kind is not UNKNOWN_OPERATION or not query.awaited:
            raise
        return fragment(request, "operations/one_progress.html", {"operation": None, "id": operation})
    answer = fragment(request, "operations/one_progress.html", {"operation": OperationView.of(known)})
    if known.state.ended:
        answer.headers["HX-Trigger"] = ENDED_EVENTS
    return answer


@router.get("/ui/operations/{operation}/refused")
async def refused(request: Request, operation: str, who: Caller) -> Response:
    """The first jobs that it could not change; empty if there are none, or it is not stored yet."""
    services = services_of(request)
    try:
        known = await services.operating.find(operation, who)
    except ProblemError as error:
        if error.problem.kind is not UNKNOWN_OPERATION:
            raise
        return fragment(request, "operations/refused.html", {"operation": None, "failures": ()})
    reads = services.reader.failures(known.id, limit=REFUSED_SHOWN)
    failures = await from_store(reads) if known.refused else ()
    return fragment(request, "operations/refused.html", {"operation": known, "failures": failures})


@router.get("/ui/operations/{operation}/stop")
async def ask_stop(request: Request, operation: str, who: Caller) -> Response:
    """The pop-up for stopping an operation."""
    known = await services_of(request).operating.find(operation, who)
    return fragment(request, "operations/stop.html", {"row": OperationRow.of(known, who)})


@router.post("/ui/operations/{operation}/stop")
async def stop(
    request: Request, operation: str, form: Annotated[ReasonForm, Form()], who: Caller
) -> Response:
    """Stop the operation: jobs it has not reached yet are left alone."""
    order = StopOperation(operation=operation[:100])
    result = await services_of(request).commanding.command(order, Author(who, form.reason))
    sentence = text(request, "The operation is stopped; what it has done is not undone.")
    return command_answer(request, result, sentence, events=("tm-operations", "tm-rows", "tm-counts"))


def titles(overview: Overview) -> Mapping[str, str]:
    """The titles of plugins by name."""
    return overview.titles


async def _read(request: Request, query: OperationListAddress) -> OperationPage:
    wanted = OperationQuery(running=query.running, cursor=query.cursor, limit=ROWS)
    try:
        return await from_store(services_of(request).reader.operations(wanted))
    except CursorError as error:
        raise ProblemError(INVALID_CURSOR, problems.FIRST_PAGE()) from error


def _address(query: OperationListAddress, cursor: str | None) -> str:
    kept = {} if query.running is None else {"running": str(query.running).lower()}
    if cursor is not None:
        kept["cursor"] = cursor
    return "/operations" + (f"?{urlencode(kept)}" if kept else "")
