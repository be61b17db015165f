"""Presets on the page of a new job: one is chosen, the form is saved as one, one is renamed or deleted."""

from collections.abc import Mapping, Sequence
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.messages import SavePreset
from taskmanager.model.access import Principal, Right
from taskmanager.model.user_content import presets as model
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.plugin_scope import allow
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.codes import faults
from taskmanager_gateway.commands.service import Author
from taskmanager_gateway.http.problems import INVALID_REQUEST, FieldError, field_problem
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.new_job.job_form import spec_from
from taskmanager_gateway.web.shell.command_answers import command_answer
from taskmanager_gateway.web.shell.render import text

router = APIRouter(dependencies=[needs(Right.SUBMIT)])

FIELDS_MOST = 300
SHARED, OWN = "shared", "own"
Preset = Annotated[str, Query(max_length=200)]
"""Which preset the form is filled with: `own/NAME` or `shared/NAME`; empty: none."""
_NAME: TypeAdapter[str] = TypeAdapter(model.PresetName)


async def presets_of(request: Request, plugin: str, who: Principal) -> Sequence[model.Preset]:
    """The presets for a plugin: one's own first."""
    found = await services_of(request).presets.all(who)
    return sorted((one for one in found if one.plugin == plugin), key=lambda one: (one.shared, one.key))


async def preset_shown(request: Request, which: str, who: Principal) -> model.Preset | None:
    """The preset that an address names; raises ProblemError if it is gone."""
    if not which:
        return None
    kind, _, name = which.partition("/")
    return await services_of(request).presets.find(name, who, shared=kind == SHARED)


async def form_of(request: Request) -> Mapping[str, str]:
    """The fields of a form as texts."""
    form = await request.form(max_files=0, max_fields=FIELDS_MOST)
    return {name: value for name, value in form.items() if isinstance(value, str)}


@router.post("/ui/new-job/{plugin}/preset")
async def save(request: Request, plugin: str, who: Caller) -> Response:
    """Keep template and parameters of the form under a name; one of that name is replaced on request."""
    allow(who, plugin)
    services, form = services_of(request), await form_of(request)
    manifest = (await services.catalogue.find(plugin, who)).installed.manifest
    spec = spec_from(plugin, {**form, "priority": "", "process_id": ""}, manifest.parameters)
    shared = form.get("preset_shared") == "true"
    order = SavePreset(
        name=_name(form, "preset_name"),
        owner=None if shared else who.name,
        plugin=plugin,
        template=spec.template,
        parameters=spec.parameters,
        replace=form.get("preset_replace") == "true",
    )
    result = await services.presets.save(order, Author(who))
    address = _address(plugin, order.name, shared=shared)
    return command_answer(request, result, text(request, "The preset was saved."), leads_to=address)


@router.post("/ui/new-job/{plugin}/preset/rename")
async def rename(request: Request, plugin: str, who: Caller) -> Response:
    """Give the chosen preset another name."""
    form = await form_of(request)
    one = await preset_shown(request, form.get("preset_chosen", ""), who)
    if one is None:
        raise _no_name("preset_chosen")
    name = _name(form, "new_name")
    presets = services_of(request).presets
    result = await presets.rename(one.name, name, shared=one.shared, author=Author(who))
    address = _address(plugin, name, shared=one.shared)
    return command_answer(request, result, text(request, "The preset was renamed."), leads_to=address)


@router.post("/ui/new-job/{plugin}/preset/delete")
async def delete(request: Request, plugin: str, who: Caller) -> Response:
    """Forget the chosen preset."""
    one = await preset_shown(request, (await form_of(request)).get("preset_chosen", ""), who)
    if one is None:
        raise _no_name("preset_chosen")
    result = await services_of(request).presets.remove(one.name, shared=one.shared, author=Author(who))
    told = text(request, "The preset was deleted.")
    return command_answer(request, result, told, leads_to=f"/new-job/{plugin}")


def _name(form: Mapping[str, str], field: str) -> str:
    try:
        return _NAME.validate_python(form.get(field, "").strip())
    except ValidationError:
        raise _no_name(field) from None


def _no_name(field: str) -> Exception:
    return field_problem(INVALID_REQUEST, [FieldError.of(field, faults.NO_NAME())])


def _address(plugin: str, name: str, *, shared: bool) -> str:
    """The form, filled with the preset."""
    which = quote(f"{SHARED if shared else OWN}/{name}", safe="")
    return f"/new-job/{plugin}?preset={which}"
