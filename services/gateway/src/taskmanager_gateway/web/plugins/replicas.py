"""The runners that orchestrators keep for a plugin: what they do, plus and minus, limits, a restart."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Path
from pydantic import BeforeValidator, model_validator
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.messages import ScalingCommand
from taskmanager.model.access import Principal, Right
from taskmanager.model.jobs import PluginName
from taskmanager.model.replicas import PlaceName, ScalingAction, ScalingMode, check_numbers
from taskmanager.model.replicas.scaling import Count
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.plugin_scope import allow, allow_right
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.codes import problems
from taskmanager_gateway.commands.service import Author
from taskmanager_gateway.http.problems import UNKNOWN_PLACE, ProblemError
from taskmanager_gateway.plugins.replica_reading import read_sets
from taskmanager_gateway.plugins.replica_views import ReplicaSetView
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.shell.command_answers import command_answer
from taskmanager_gateway.web.shell.forms import ReasonForm
from taskmanager_gateway.web.shell.render import fragment, text

router = APIRouter(dependencies=[needs(Right.READ, change=Right.SCALE)])

Place = Annotated[PlaceName, Path()]
EVENTS = ("tm-counts",)


def _blank(value: object) -> object:
    return None if value == "" else value


Number = Annotated[Count | None, BeforeValidator(_blank)]


class ScaleForm(ReasonForm):
    """How many; the numbers of the other mode are left out of the command."""

    mode: ScalingMode = ScalingMode.MANUAL
    desired: Number = None
    min: Number = None
    max: Number = None

    @model_validator(mode="after")
    def _has_the_numbers_of_its_mode(self) -> "ScaleForm":
        check_numbers(self.mode, *self._numbers)
        return self

    @property
    def _numbers(self) -> tuple[int | None, tuple[int | None, int | None]]:
        """`desired`, and `min` and `max`: those of its mode."""
        if self.mode is ScalingMode.MANUAL:
            return self.desired, (None, None)
        return None, (self.min, self.max)

    def order(self, plugin: str, place: str) -> ScalingCommand:
        """The command with the numbers of its mode."""
        desired, (least, most) = self._numbers
        return ScalingCommand(
            plugin=plugin,
            place=place,
            action=ScalingAction.SCALE,
            mode=self.mode,
            desired=desired,
            min=least,
            max=most,
        )


@router.get("/ui/plugins/{name}/replicas")
async def replicas(request: Request, name: PluginName, who: Caller) -> Response:
    """The section of the plugin's page; empty if no orchestrator has the plugin."""
    allow(who, name)
    sets = await _read(request, name)
    return fragment(
        request, "plugin/replicas.html", {"sets": sets, "name": name, "scales": who.may(Right.SCALE, name)}
    )


@router.get("/ui/plugins/{name}/replicas/{place}/{action}")
async def ask(
    request: Request, name: PluginName, place: Place, action: Literal["scale", "renew"], who: Caller
) -> Response:
    """The pop-up for an action."""
    one = await _one(request, name, place, who)
    return fragment(request, "plugin/replicas_ask.html", {"one": one, "action": action})


@router.post("/ui/plugins/{name}/replicas/{place}/scale")
async def scale(
    request: Request, name: PluginName, place: Place, form: Annotated[ScaleForm, Form()], who: Caller
) -> Response:
    """Change how many runners are wanted."""
    order = form.order(name, place)
    if order.mode is ScalingMode.AUTO:
        told = text(request, "The number of runners follows the jobs from now on.")
    else:
        number = str(order.desired)
        told = text(request, "Runners wanted at %(place)s: %(number)s.", place=place, number=number)
    return await _command(request, order, Author(who, form.reason), told)


@router.post("/ui/plugins/{name}/replicas/{place}/renew")
async def renew(
    request: Request, name: PluginName, place: Place, form: Annotated[ReasonForm, Form()], who: Caller
) -> Response:
    """Restart the runners one by one."""
    order = ScalingCommand(plugin=name, place=place, action=ScalingAction.RENEW)
    told = text(request, "The runners are restarted one by one; no job is interrupted.")
    return await _command(request, order, Author(who, form.reason), told)


async def _command(request: Request, order: ScalingCommand, author: Author, told: str) -> Response:
    allow(author.principal, order.plugin)
    result = await services_of(request).commanding.command(order, author)
    return command_answer(request, result, told, events=EVENTS)


async def _read(request: Request, plugin: str) -> list[ReplicaSetView]:
    return await read_sets(services_of(request).reader, plugin)


async def _one(request: Request, name: str, place: str, who: Principal) -> ReplicaSetView:
    """The runners at one place; raises ProblemError if there are none, or if they are out of reach."""
    allow_right(who, Right.SCALE)
    allow(who, name)
    found = next((one for one in await _read(request, name) if one.place == place), None)
    if found is None:
        raise ProblemError(UNKNOWN_PLACE, problems.NO_PLACE(plugin=name, place=place))
    return found
