"""What Goobi is told: operators' messages, reports and their delivery, the installations."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.messages import SendMessage
from taskmanager.model.access import Principal, Right
from taskmanager.model.jobs import InstallationName, Record, ShortText
from taskmanager.model.queries import PAGE_LIMIT
from taskmanager.model.reports import ReportQuery, ReportState
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.api.commands import REASON_BODY, command_answer, command_answers
from taskmanager_gateway.api.responses import json_answer, json_request, problems
from taskmanager_gateway.commands.service import Author
from taskmanager_gateway.http.command_bodies import ReasonBody, read_order
from taskmanager_gateway.http.deadlines import from_store
from taskmanager_gateway.http.examples import MESSAGE, REPLAY
from taskmanager_gateway.http.problems import (
    INVALID_CURSOR,
    INVALID_REQUEST,
    STORE_UNAVAILABLE,
    UNKNOWN_JOB,
    UNKNOWN_REPORT,
)
from taskmanager_gateway.http.views import API
from taskmanager_gateway.reports.bodies import MessageBody, ReplayBody
from taskmanager_gateway.reports.views import (
    InstallationListView,
    ReplayView,
    ReportCommandView,
    ReportListView,
    ReportView,
)
from taskmanager_gateway.services import services_of

MESSAGE_BODY_LIMIT_BYTES = 64 * 1024

router = APIRouter(prefix=API, tags=["Goobi"], dependencies=[needs(Right.READ, change=Right.OPERATE)])

State = Literal["pending", "delivered", "given_up", "undelivered", "withdrawn"]
"""`undelivered` is a synonym of `given_up`."""


class ReportFilter(Record):
    """One page of reports, the newest first."""

    state: State | None = None
    installation: InstallationName | None = None
    cursor: ShortText | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE_LIMIT)] = 50


class PageFilter(Record):
    """One page."""

    cursor: ShortText | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE_LIMIT)] = 50


@router.post(
    "/jobs/{job_id}/messages",
    summary="Write a message to the process log",
    response_model=ReportCommandView,
    responses=command_answers(UNKNOWN_JOB),
    openapi_extra=json_request("MessageBody", MESSAGE),
)
async def send_message(request: Request, job_id: str, who: Caller) -> Response:
    """Send a message to Goobi's users: it appears in the log of the job's process, under your name.

    It is stored at once and delivered in order with the job's other reports, however long Goobi is
    unavailable.
    """
    body = await read_order(request, MessageBody, MESSAGE_BODY_LIMIT_BYTES)
    order = SendMessage(job=job_id, message=body.message)
    result = await services_of(request).commanding.command(order, Author(who, body.reason))
    return await command_answer(
        result, f"job={job_id}", ReportCommandView, report=lambda: _shown(request, result.command)
    )


@router.get(
    "/jobs/{job_id}/reports",
    summary="List the reports about a job",
    response_model=ReportListView,
    responses=problems(INVALID_REQUEST, INVALID_CURSOR, UNKNOWN_JOB, STORE_UNAVAILABLE),
)
async def job_reports(
    request: Request, job_id: str, query: Annotated[PageFilter, Query()], who: Caller
) -> Response:
    """All reports about one job, including operators' messages, the newest first."""
    await services_of(request).finder.find(job_id, who)
    return await _list(request, ReportQuery(job=job_id, cursor=query.cursor, limit=query.limit), who)


@router.get(
    "/reports",
    summary="List reports to Goobi",
    response_model=ReportListView,
    responses=problems(INVALID_REQUEST, INVALID_CURSOR, STORE_UNAVAILABLE),
)
async def list_reports(request: Request, query: Annotated[ReportFilter, Query()], who: Caller) -> Response:
    """One page of reports, the newest first; `state=undelivered` selects those that were given up."""
    state = None if query.state is None else _STATES[query.state]
    names = None
    if query.installation is not None:
        names = services_of(request).reports.names(query.installation)
    wanted = ReportQuery(state=state, installations=names, cursor=query.cursor, limit=query.limit)
    return await _list(request, wanted, who)


@router.get(
    "/reports/{report}",
    summary="Get a report",
    response_model=ReportView,
    responses=problems(UNKNOWN_REPORT, STORE_UNAVAILABLE),
)
async def show_report(request: Request, report: str, who: Caller) -> Response:
    """A report in its current state."""
    return json_answer(ReportView.of(await services_of(request).reports.find(report, who)))


@router.post(
    "/reports/replay",
    summary="Deliver all undelivered reports again",
    response_model=ReplayView,
    responses=command_answers(),
    openapi_extra=json_request("ReplayBody", REPLAY),
)
async def replay_all(request: Request, who: Caller) -> Response:
    """Make all reports to one installation that were given up, the oldest 10,000 of them, pending again."""
    body = await read_order(request, ReplayBody)
    result = await services_of(request).reports.replay_all(body.installation, Author(who, body.reason))
    return await command_answer(result, "limit=50", ReplayView)


@router.post(
    "/reports/{report}/replay",
    summary="Deliver a report again",
    response_model=ReportCommandView,
    responses=command_answers(UNKNOWN_REPORT),
    openapi_extra=REASON_BODY,
)
async def replay(request: Request, report: str, who: Caller) -> Response:
    """Deliver one report that was given up, or that waits for its next attempt, from now on."""
    body = await read_order(request, ReasonBody)
    result = await services_of(request).reports.replay(report, Author(who, body.reason))
    return await command_answer(result, "limit=50", ReportCommandView, report=lambda: _shown(request, report))


@router.get(
    "/goobi",
    summary="List Goobi installations",
    response_model=InstallationListView,
    responses=problems(STORE_UNAVAILABLE),
)
async def list_installations(request: Request, who: Caller) -> Response:
    """Every configured installation: what it has not been told yet, and how it last answered."""
    views = list(await services_of(request).reports.installations(who))
    return json_answer(InstallationListView.model_construct(installations=views))


_STATES: dict[State, ReportState] = {
    "pending": ReportState.PENDING,
    "delivered": ReportState.DELIVERED,
    "given_up": ReportState.GIVEN_UP,
    "undelivered": ReportState.GIVEN_UP,
    "withdrawn": ReportState.WITHDRAWN,
}


async def _list(request: Request, query: ReportQuery, who: Principal) -> Response:
    page = await services_of(request).reports.page(query, who)
    links = {"self": _address(request)}
    if page.next_cursor:
        links["next"] = _address(request, page.next_cursor)
    views = [ReportView.of(report) for report in page.reports]
    return json_answer(
        ReportListView.model_construct(reports=views, next_cursor=page.next_cursor, links=links)
    )


async def _shown(request: Request, report: str) -> ReportView | None:
    found = await from_store(services_of(request).reader.report(report))
    return ReportView.of(found) if found is not None else None


def _address(request: Request, cursor: str | None = None) -> str:
    url = request.url.include_query_params(cursor=cursor) if cursor else request.url
    return str(url.replace(scheme="", netloc=""))
