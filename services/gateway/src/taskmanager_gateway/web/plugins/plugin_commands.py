"""Operators' commands for a plugin as a whole, with pop-ups."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form
from pydantic import BeforeValidator, Field
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.messages import PluginCommand
from taskmanager.model.access import Principal, Right
from taskmanager.model.control import PluginAction, StopMode
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.plugin_scope import allow
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.codes import faults, problems
from taskmanager_gateway.commands.service import Author
from taskmanager_gateway.http.problems import (
    INVALID_REQUEST,
    UNKNOWN_PLUGIN,
    FieldError,
    ProblemError,
    field_problem,
)
from taskmanager_gateway.plugins.bodies import MOST_RUNNING, StopBody
from taskmanager_gateway.plugins.views import PluginView
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.shell.command_answers import command_answer
from taskmanager_gateway.web.shell.forms import ReasonForm
from taskmanager_gateway.web.shell.render import fragment, overview_of, text, web_of
from taskmanager_gateway.web.shell.visitor import Visitor

router = APIRouter(dependencies=[needs(Right.OPERATE)])

EVENTS = ("tm-counts", "tm-rows")


def _blank(value: object) -> object:
    return None if value == "" else value


class StopForm(ReasonForm):
    """`until` is in the reader's time zone, in the format browsers send."""

    mode: StopMode = StopMode.SUSPEND
    until: str = ""


class LimitForm(ReasonForm):
    """Empty: the limit that the plugin itself declares."""

    max_running: Annotated[Annotated[int, Field(ge=1, le=MOST_RUNNING)] | None, BeforeValidator(_blank)] = (
        None
    )


@router.get("/ui/plugins/{name}/stop")
async def ask_stop(request: Request, name: str, who: Caller) -> Response:
    """The pop-up for a stop: how, why and until when."""
    return await _ask(request, "stop", name, who)


@router.get("/ui/plugins/{name}/limit")
async def ask_limit(request: Request, name: str, who: Caller) -> Response:
    """The pop-up for the limit."""
    return await _ask(request, "limit", name, who)


@router.get("/ui/plugins/{name}/{action}", name="ask_plain")
async def ask_plain(request: Request, name: str, action: PluginAction, who: Caller) -> Response:
    """The pop-up for restart, refuse and accept, which only asks for the reason."""
    return await _ask(request, action.value, name, who)


@router.post("/ui/plugins/{name}/stop")
async def stop(request: Request, name: str, form: Annotated[StopForm, Form()], who: Caller) -> Response:
    """Start no job of the plugin until it is restarted, or until `until`."""
    plugin = await _known(request, name, who)
    body = StopBody(mode=form.mode, reason=form.reason, until=_moment(request, form.until))
    until = body.ends(services_of(request).clock.now())
    order = PluginCommand(plugin=name, action=PluginAction.STOP, mode=form.mode, until=until)
    told = text(request, "%(plugin)s is being stopped.", plugin=plugin.manifest.title)
    return await _command(request, order, Author(who, form.reason), told)


@router.post("/ui/plugins/{name}/limit")
async def limit(request: Request, name: str, form: Annotated[LimitForm, Form()], who: Caller) -> Response:
    """Limit how many jobs run at once on all runners."""
    await _known(request, name, who)
    order = PluginCommand(plugin=name, action=PluginAction.LIMIT, max_running=form.max_running)
    return await _command(request, order, Author(who, form.reason), text(request, "The limit is changed."))


@router.post("/ui/plugins/{name}/restart")
async def restart(request: Request, name: str, form: Annotated[ReasonForm, Form()], who: Caller) -> Response:
    """End the stop."""
    told = text(request, "The plugin takes jobs again.")
    return await _plain(request, PluginAction.RESTART, name, Author(who, form.reason), told)


@router.post("/ui/plugins/{name}/refuse")
async def refuse(request: Request, name: str, form: Annotated[ReasonForm, Form()], who: Caller) -> Response:
    """Refuse new jobs."""
    told = text(request, "New jobs are refused from now on.")
    return await _plain(request, PluginAction.REFUSE, name, Author(who, form.reason), told)


@router.post("/ui/plugins/{name}/accept")
async def accept(request: Request, name: str, form: Annotated[ReasonForm, Form()], who: Caller) -> Response:
    """Accept new jobs again."""
    told = text(request, "New jobs are taken again.")
    return await _plain(request, PluginAction.ACCEPT, name, Author(who, form.reason), told)


async def _plain(request: Request, action: PluginAction, name: str, author: Author, told: str) -> Response:
    await _known(request, name, author.principal)
    return await _command(request, PluginCommand(plugin=name, action=action), author, told)


async def _ask(request: Request, action: str, name: str, who: Principal) -> Response:
    plugin = await _known(request, name, who)
    return fragment(request, "plugin/command_ask.html", {"action": action, "plugin": plugin})


async def _known(request: Request, name: str, who: Principal) -> PluginView:
    """The plugin; raises ProblemError if it does not exist or is out of reach."""
    allow(who, name)
    plugin = (await overview_of(request)).plugin(name)
    if plugin is None:
        raise ProblemError(UNKNOWN_PLUGIN, problems.NO_PLUGIN(plugin=name[:80]))
    return plugin


async def _command(request: Request, order: PluginCommand, author: Author, told: str) -> Response:
    result = await services_of(request).commanding.command(order, author)
    await web_of(request).overviews.read(fresh=True)
    return command_answer(request, result, told, events=EVENTS)


def _moment(request: Request, written: str) -> datetime | None:
    """Parse a time as browsers send it, without a zone; raises ProblemError."""
    if not written:
        return None
    try:
        local = datetime.fromisoformat(written)
    except ValueError as error:
        raise field_problem(INVALID_REQUEST, [FieldError.of("until", faults.NO_MOMENT())]) from error
    return local.replace(tzinfo=local.tzinfo or Visitor.of(request).formats.zone).astimezone(UTC)
