"""Operations over many jobs: start, preview, follow and stop them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.errors import CursorError
from taskmanager.messages import StopOperation
from taskmanager.model.access import Principal, Right
from taskmanager.model.control import JobAction
from taskmanager.model.jobs import Record
from taskmanager.model.operations import OperationQuery
from taskmanager.model.queries import PAGE_LIMIT
from taskmanager.model.states import Tab
from taskmanager_gateway import codes
from taskmanager_gateway.access.auth_context import Caller, auth_context_of
from taskmanager_gateway.access.plugin_scope import allow, kept_within, reaches
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.api.commands import REASON_BODY, command_answer, command_answers
from taskmanager_gateway.api.responses import OUTCOME_HEADER, Answers, json_answer, json_request, problems
from taskmanager_gateway.codes import faults
from taskmanager_gateway.commands.service import Author
from taskmanager_gateway.http.command_bodies import ReasonBody, read_order
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.examples import CANCEL_MANY
from taskmanager_gateway.http.problems import (
    INVALID_CURSOR,
    INVALID_REQUEST,
    KEY_REUSED,
    PLUGINS_UNKNOWN,
    STORE_UNAVAILABLE,
    UNKNOWN_OPERATION,
    UNKNOWN_PLUGIN,
    FieldError,
    ProblemError,
    field_problem,
)
from taskmanager_gateway.http.views import API
from taskmanager_gateway.jobs.views import JobView
from taskmanager_gateway.operations.bodies import BODY_LIMIT_BYTES, FilterBody, OperationBody
from taskmanager_gateway.operations.service import OperationResult
from taskmanager_gateway.operations.views import (
    FailureListView,
    FailureView,
    OperationCommandView,
    OperationListView,
    OperationView,
    PreviewView,
)
from taskmanager_gateway.services import services_of
from taskmanager_gateway.submissions.idempotency import KEY_HEADER, KEY_LENGTH, checked_key

router = APIRouter(prefix=API, tags=["Operations"], dependencies=[needs(Right.READ, change=Right.OPERATE)])

_TAKEN: dict[str, Any] = {
    "description": "The operation was accepted, now or by an earlier request with the same Idempotency-Key",
    "model": OperationView,
    "headers": {
        "Location": {"description": "URL of the operation", "schema": {"type": "string"}},
        OUTCOME_HEADER: {
            "description": "`accepted`, `replayed`, or `pending`: the message broker has stored it, but "
            "the scheduler has not responded yet; do not repeat the request without a key",
            "schema": {"type": "string"},
        },
    },
}
_PREVIEW: dict[str, Any] = {
    "description": "With `dry_run`: what the operation would affect",
    "model": PreviewView,
}
_KEY = {
    "parameters": [
        {
            "name": KEY_HEADER,
            "in": "header",
            "description": "Makes the request safe to repeat: the same key yields the same operation",
            "schema": {"type": "string", "minLength": 1, "maxLength": KEY_LENGTH},
        }
    ]
}


def _start_answers() -> Answers:
    return command_answers(UNKNOWN_PLUGIN, PLUGINS_UNKNOWN, KEY_REUSED) | {202: _TAKEN}


class FailureQuery(Record):
    """Which failures: those after a number."""

    after: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=1, le=PAGE_LIMIT)] = 100


@router.post(
    "/operations",
    summary="Change many jobs",
    status_code=202,
    responses=_start_answers() | problems(STORE_UNAVAILABLE) | {200: _PREVIEW},
    openapi_extra=json_request("OperationBody", CANCEL_MANY) | _KEY,
)
async def start(request: Request, who: Caller) -> Response:
    """Change all jobs that match a filter, however many; `dry_run` counts them and shows examples.

    The scheduler lists the jobs that match at this moment and changes them page by page, each as if by a
    command of its own: follow the progress at `Location`. Jobs that could not be changed are in the
    operation's failures.
    """
    body = await read_order(request, OperationBody, BODY_LIMIT_BYTES)
    body.check()
    if body.dry_run:
        return await _preview(request, body, who)
    return await _start(request, body, who)


@router.post(
    "/plugins/{name}/cancel-jobs",
    summary="Cancel all current jobs of a plugin",
    status_code=202,
    responses=_start_answers(),
    openapi_extra=REASON_BODY | _KEY,
)
async def cancel_jobs(request: Request, name: str, who: Caller) -> Response:
    """Cancel every job that is in the plugin's queue tab now, including running ones, with one operation."""
    allow(who, name)
    await services_of(request).catalogue.find(name, who)
    given = await read_order(request, ReasonBody)
    chosen = FilterBody(plugin=name, tab=Tab.QUEUE)
    body = OperationBody(action=JobAction.CANCEL, filter=chosen, reason=given.reason)
    return await _start(request, body, who)


@router.get(
    "/operations",
    summary="List operations",
    response_model=OperationListView,
    responses=problems(INVALID_REQUEST, INVALID_CURSOR, STORE_UNAVAILABLE),
)
async def list_operations(
    request: Request, query: Annotated[OperationQuery, Query()], who: Caller
) -> Response:
    """The newest first; kept for 90 days after the end. For the next page, send `cursor` = `next_cursor`."""
    if "\0" in (query.cursor or ""):
        raise field_problem(INVALID_REQUEST, [FieldError.of("cursor", faults.NUL())])
    try:
        page = await from_store(services_of(request).reader.operations(query))
    except CursorError as error:
        raise ProblemError(INVALID_CURSOR, codes.problems.STALE_CURSOR()) from error
    links = {"self": _address(request)}
    if page.next_cursor:
        links["next"] = _address(request, page.next_cursor)
    shown = [OperationView.of(operation) for operation in page.operations if reaches(who, operation.filter)]
    return json_answer(
        OperationListView.model_construct(operations=shown, next_cursor=page.next_cursor, links=links)
    )


@router.get(
    "/operations/{operation}",
    summary="Get an operation",
    response_model=OperationView,
    responses=problems(UNKNOWN_OPERATION, STORE_UNAVAILABLE),
)
async def show_operation(request: Request, operation: str, who: Caller) -> Response:
    """An operation and its progress: `done`, `unchanged` and `refused` of `total`."""
    return json_answer(OperationView.of(await services_of(request).operating.find(operation, who)))


@router.get(
    "/operations/{operation}/failures",
    summary="List the failures of an operation",
    response_model=FailureListView,
    responses=problems(INVALID_REQUEST, UNKNOWN_OPERATION, STORE_UNAVAILABLE),
)
async def list_failures(
    request: Request, operation: str, query: Annotated[FailureQuery, Query()], who: Caller
) -> Response:
    """Each job the operation could not change, with the reason."""
    services = services_of(request)
    known = await services.operating.find(operation, who)
    found = await from_store(services.reader.failures(known.id, after=query.after, limit=query.limit + 1))
    shown = list(found[: query.limit])
    view = FailureListView.model_construct(
        operation=known.id,
        refused=known.refused,
        failures=[FailureView.of(failure) for failure in shown],
        after=shown[-1].number if shown else query.after,
        more=len(found) > query.limit,
    )
    return json_answer(view)


@router.post(
    "/operations/{operation}/stop",
    summary="Stop an operation",
    response_model=OperationCommandView,
    responses=command_answers(UNKNOWN_OPERATION),
    openapi_extra=REASON_BODY,
)
async def stop(request: Request, operation: str, who: Caller) -> Response:
    """Stop it: jobs it has not reached yet are left alone, and changes already made are kept."""
    body = await read_order(request, ReasonBody)
    services = services_of(request)
    result = await services.commanding.command(
        StopOperation(operation=operation[:100]), Author(who, body.reason)
    )

    async def shown() -> OperationView:
        return OperationView.of(await services.operating.find(operation, who))

    return await command_answer(result, "limit=50", OperationCommandView, operation=shown)


async def _preview(request: Request, body: OperationBody, who: Principal) -> Response:
    services = services_of(request)
    chosen = kept_within(who, body.filter.at(services.clock.now()))
    if chosen.plugin is not None:
        await services.catalogue.find(chosen.plugin, who)
    found = await from_store(services.reader.preview(chosen))
    examples = [JobView.of(job) for job in found.examples]
    return json_answer(PreviewView.model_construct(count=found.count, exact=found.exact, examples=examples))


async def _start(request: Request, body: OperationBody, who: Principal) -> Response:
    services = services_of(request)
    key = checked_key(request.headers.get(KEY_HEADER))
    order = body.order(auth_context_of(request).client, key, services.clock.now())
    asked = await services.operating.start(order, Author(who, body.reason), keyed=key is not None)
    return _taken(asked)


def _taken(asked: OperationResult) -> Response:
    headers = {"Location": f"{API}/operations/{asked.operation.id}", OUTCOME_HEADER: asked.taken.value}
    return json_answer(OperationView.of(asked.operation), 202, headers)


def _address(request: Request, cursor: str | None = None) -> str:
    url = request.url.include_query_params(cursor=cursor) if cursor else request.url
    return str(url.replace(scheme="", netloc=""))
