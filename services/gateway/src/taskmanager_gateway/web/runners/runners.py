"""Runners: which there are, whether they are alive, what they run; draining, resuming and forgetting them."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.errors import StoreUnavailableError
from taskmanager.messages import RunnerCommand
from taskmanager.model.access import Principal, Right
from taskmanager.model.control import RunnerAction
from taskmanager.model.registry import AtWork
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.plugin_scope import allow_right
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.codes import problems
from taskmanager_gateway.commands.service import Author
from taskmanager_gateway.http.deadlines import LOOKUP_TIME, from_store
from taskmanager_gateway.http.problems import UNKNOWN_RUNNER, ProblemError
from taskmanager_gateway.runners.bodies import LONGEST_GRACE
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.runners.runner_rows import RunnerRow, runner_rows
from taskmanager_gateway.web.shell.command_answers import command_answer
from taskmanager_gateway.web.shell.forms import ReasonForm
from taskmanager_gateway.web.shell.render import fragment, overview_of, page, text

router = APIRouter(dependencies=[needs(Right.READ, change=Right.OPERATE)])

RunnerId = Annotated[str, Path(max_length=80)]
LONGEST_MINUTES = LONGEST_GRACE // timedelta(minutes=1)
JOBS_SHOWN = 500
"""Running jobs shown for all runners: as many as anyone will read."""


class DrainForm(ReasonForm):
    """After how many minutes running jobs are handed back; empty: they may finish."""

    minutes: Annotated[int | None, Field(ge=0, le=LONGEST_MINUTES)] = None


@router.get("/runners")
async def runners(request: Request, who: Caller) -> Response:
    """All runners within reach."""
    return await page(request, "runners/page.html", await _rows(request, who))


@router.get("/ui/runners")
async def table(request: Request, who: Caller) -> Response:
    """The table alone, for an open page."""
    return fragment(request, "runners/table.html", await _rows(request, who))


@router.get("/ui/runners/{runner}/{action}")
async def ask(request: Request, runner: RunnerId, action: RunnerAction, who: Caller) -> Response:
    """The pop-up for an action."""
    row = await _row(request, runner, who)
    return fragment(request, f"runners/{action.value}.html", {"row": row, "longest": LONGEST_MINUTES})


@router.post("/ui/runners/{runner}/drain")
async def drain(
    request: Request, runner: RunnerId, form: Annotated[DrainForm, Form()], who: Caller
) -> Response:
    """Drain the runner: it takes no more jobs."""
    grace = None if form.minutes is None else float(form.minutes * 60)
    order = RunnerCommand(runner=runner, action=RunnerAction.DRAIN, grace_seconds=grace)
    sentence = text(request, "The runner %(runner)s takes no more jobs.", runner=runner)
    return await _command(request, order, Author(who, form.reason), sentence)


@router.post("/ui/runners/{runner}/resume")
async def resume(
    request: Request, runner: RunnerId, form: Annotated[ReasonForm, Form()], who: Caller
) -> Response:
    """End the drain."""
    order = RunnerCommand(runner=runner, action=RunnerAction.RESUME)
    sentence = text(request, "The runner %(runner)s takes jobs again.", runner=runner)
    return await _command(request, order, Author(who, form.reason), sentence)


@router.post("/ui/runners/{runner}/forget")
async def forget(
    request: Request, runner: RunnerId, form: Annotated[ReasonForm, Form()], who: Caller
) -> Response:
    """Remove the runner from the list."""
    order = RunnerCommand(runner=runner, action=RunnerAction.FORGET)
    sentence = text(request, "The runner %(runner)s is forgotten.", runner=runner)
    return await _command(request, order, Author(who, form.reason), sentence)


async def _command(request: Request, order: RunnerCommand, author: Author, sentence: str) -> Response:
    result = await services_of(request).commanding.command(order, author)
    return command_answer(request, result, sentence, events=("tm-counts",))


async def _rows(request: Request, who: Principal) -> dict[str, Any]:
    overview = await overview_of(request)
    titles = overview.titles
    rows = runner_rows(overview.runners, await _at_work(request), titles, who)
    return {"rows": rows, "overview": overview}


async def _at_work(request: Request) -> list[AtWork]:
    """The running jobs; none while the database is unavailable, which the page says."""
    try:
        return list(await from_store(services_of(request).reader.at_work(JOBS_SHOWN), LOOKUP_TIME))
    except StoreUnavailableError:
        return []


async def _row(request: Request, runner: str, who: Principal) -> RunnerRow:
    allow_right(who, Right.OPERATE)
    overview = await overview_of(request, fresh=True)
    known = next((one for one in overview.runners if one.id == runner), None)
    if known is None or not who.sees(known.plugin):
        detail = problems.UNKNOWN_RUNNER(runner=runner)
        raise ProblemError(UNKNOWN_RUNNER, detail)
    titles = overview.titles
    return runner_rows([known], await _at_work(request), titles, who)[0]
