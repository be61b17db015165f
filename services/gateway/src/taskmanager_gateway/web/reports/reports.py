"""Reports to Goobi: the state of each installation, the list of reports, and delivering them again."""

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Right
from taskmanager.model.reports import REPLAY_LIMIT, ReportKind, ReportState
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.plugin_scope import allow_all
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.codes import access, problems
from taskmanager_gateway.commands.service import Author
from taskmanager_gateway.http.problems import NOT_FOUND, ProblemError
from taskmanager_gateway.reports.views import InstallationView
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.reports.report_rows import (
    ReportListAddress,
    installation_lines,
    report_line,
    report_lines,
)
from taskmanager_gateway.web.shell.command_answers import command_answer
from taskmanager_gateway.web.shell.forms import ReasonForm
from taskmanager_gateway.web.shell.list_address import address, read_address
from taskmanager_gateway.web.shell.render import fragment, page, text

PATH = "/reports"
CHANGED = ("tm-reports",)

router = APIRouter(dependencies=[needs(Right.READ, change=Right.OPERATE)])


@router.get(PATH)
async def show(request: Request, who: Caller) -> Response:
    """The page of reports; the query string selects them."""
    context = await _list(request, who)
    return await page(request, "reports/page.html", {**context, **await _installations(request, who)})


@router.get("/ui/reports")
async def rows(request: Request, who: Caller) -> Response:
    """The list alone, for an open page."""
    return fragment(request, "reports/list.html", await _list(request, who))


@router.get("/ui/installations")
async def installations(request: Request, who: Caller) -> Response:
    """The installations alone, for an open page."""
    return fragment(request, "reports/installations.html", await _installations(request, who))


@router.get("/ui/installations/{name}/replay")
async def ask_replay_all(request: Request, name: str, who: Caller) -> Response:
    """The pop-up that says how many reports there are and asks for confirmation."""
    context = {"installation": await _installation(request, name, who), "limit": REPLAY_LIMIT}
    return fragment(request, "reports/replay_all.html", context)


@router.post("/ui/installations/{name}/replay")
async def replay_all(
    request: Request, name: str, form: Annotated[ReasonForm, Form()], who: Caller
) -> Response:
    """Deliver all undelivered reports of an installation again."""
    await _installation(request, name, who)
    result = await services_of(request).reports.replay_all(name, Author(who, form.reason))
    told = text(request, "The reports to %(name)s are delivered again, the oldest first.", name=name)
    return command_answer(request, result, told, events=CHANGED)


@router.get("/ui/reports/{report}")
async def details(request: Request, report: str, who: Caller) -> Response:
    """The pop-up of a report: what Goobi is told, and the state of the delivery."""
    return fragment(request, "reports/details.html", await _report(request, report, who))


@router.get("/ui/reports/{report}/state")
async def state(request: Request, report: str, who: Caller) -> Response:
    """The part of the pop-up that changes."""
    return fragment(request, "reports/state.html", await _report(request, report, who))


@router.post("/ui/reports/{report}/replay")
async def replay(request: Request, report: str, form: Annotated[ReasonForm, Form()], who: Caller) -> Response:
    """Deliver one report again."""
    result = await services_of(request).reports.replay(report, Author(who, form.reason))
    return command_answer(request, result, text(request, "The report is delivered again."), events=CHANGED)


async def _list(request: Request, who: Caller) -> dict[str, object]:
    goobi, use = services_of(request).goobi, services_of(request).reports
    filters, ignored = read_address(ReportListAddress, request.query_params)
    names = use.names(filters.installation) if filters.installation else None
    found = await use.page(filters.query(names), who)
    return {
        "filters": filters,
        "ignored": ignored,
        "lines": report_lines(found.reports, goobi, who),
        "here": address("/ui/reports", filters),
        "older": address(PATH, filters, cursor=found.next_cursor) if found.next_cursor else None,
        "newest": address(PATH, filters, cursor=None) if filters.cursor else None,
        "kinds": list(ReportKind),
        "states": list(ReportState),
        "names": list(goobi.installations),
    }


async def _installations(request: Request, who: Caller) -> dict[str, object]:
    """Nothing for a restricted reader: what an installation is told concerns all plugins."""
    if not who.unrestricted:
        return {"installations": []}
    views = await services_of(request).reports.installations(who)
    return {"installations": installation_lines(views, who)}


async def _installation(request: Request, name: str, who: Caller) -> InstallationView:
    allow_all(who, access.TOLD_TO_INSTALLATION())
    views = await services_of(request).reports.installations(who)
    found = next((view for view in views if view.name == name), None)
    if found is None:
        raise ProblemError(NOT_FOUND, problems.NO_INSTALLATION(name=name[:80]))
    return found


async def _report(request: Request, report: str, who: Caller) -> dict[str, object]:
    found = await services_of(request).reports.find(report, who)
    return {"report": found, "line": report_line(found, services_of(request).goobi, who)}
