"""Presets: templates and parameters of jobs, kept under names."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.messages import SavePreset
from taskmanager.model.access import Principal, Right
from taskmanager.model.user_content.presets import PresetName
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.api.commands import REASON_BODY, command_answer, command_answers
from taskmanager_gateway.api.responses import json_answer, json_request, problems
from taskmanager_gateway.commands.service import Author, CommandDone, CommandPending
from taskmanager_gateway.http.command_bodies import ReasonBody, read_order
from taskmanager_gateway.http.examples import PRESET, RENAME_PRESET
from taskmanager_gateway.http.problems import (
    FORBIDDEN,
    INVALID_PARAMETERS,
    NOT_AUTHENTICATED,
    STORE_UNAVAILABLE,
    UNKNOWN_PLUGIN,
    UNKNOWN_PRESET,
    UNKNOWN_TEMPLATE,
    ProblemError,
)
from taskmanager_gateway.http.views import API
from taskmanager_gateway.presets.views import (
    PresetBody,
    PresetCommandView,
    PresetListView,
    PresetView,
    RenameBody,
)
from taskmanager_gateway.services import services_of

BODY_BYTES = 1024 * 1024
Name = Annotated[PresetName, Path(description="The name of the preset.")]
Which = Annotated[
    bool | None,
    Query(description="Whether a shared one is meant; without it, one's own comes before a shared one."),
]
Shared = Annotated[bool, Query(description="Whether a shared one is meant.")]

router = APIRouter(
    prefix=API,
    tags=["Submitting"],
    dependencies=[needs(Right.READ, change=Right.SUBMIT)],
    responses=problems(NOT_AUTHENTICATED, FORBIDDEN),
)


@router.get(
    "/presets",
    summary="List presets",
    response_model=PresetListView,
    responses=problems(STORE_UNAVAILABLE),
)
async def list_presets(request: Request, who: Caller) -> Response:
    """Your own presets and the shared ones, for the plugins that you may use."""
    found = await services_of(request).presets.all(who)
    return json_answer(PresetListView.model_construct(presets=[PresetView.of(one) for one in found]))


@router.get(
    "/presets/{name}",
    summary="Get a preset",
    response_model=PresetView,
    responses=problems(UNKNOWN_PRESET, STORE_UNAVAILABLE),
)
async def show_preset(request: Request, name: Name, who: Caller, shared: Which = None) -> Response:
    """One preset."""
    return json_answer(PresetView.of(await services_of(request).presets.find(name, who, shared=shared)))


@router.put(
    "/presets/{name}",
    summary="Save a preset",
    response_model=PresetCommandView,
    responses=command_answers(UNKNOWN_PLUGIN, UNKNOWN_TEMPLATE, INVALID_PARAMETERS, STORE_UNAVAILABLE),
    openapi_extra=json_request("PresetBody", PRESET),
)
async def save_preset(request: Request, name: Name, who: Caller) -> Response:
    """Keep a template and parameters under a name. The plugin must accept them as it is today.

    They are checked again whenever a job is submitted with `preset`.
    """
    body = await read_order(request, PresetBody, BODY_BYTES)
    fields = body.model_dump(include={"plugin", "template", "parameters", "replace"})
    order = SavePreset(name=name, owner=None if body.shared else who.name, **fields)
    result = await services_of(request).presets.save(order, Author(who, body.reason))
    return await _answer(request, result, name, who, shared=body.shared)


@router.post(
    "/presets/{name}/rename",
    summary="Rename a preset",
    response_model=PresetCommandView,
    responses=command_answers(UNKNOWN_PRESET, STORE_UNAVAILABLE),
    openapi_extra=json_request("RenameBody", RENAME_PRESET),
)
async def rename_preset(request: Request, name: Name, who: Caller) -> Response:
    """Give a preset another name, which must be free."""
    body = await read_order(request, RenameBody)
    author = Author(who, body.reason)
    presets = services_of(request).presets
    result = await presets.rename(name, body.name, shared=body.shared, author=author)
    return await _answer(request, result, body.name, who, shared=body.shared)


@router.delete(
    "/presets/{name}",
    summary="Delete a preset",
    response_model=PresetCommandView,
    responses=command_answers(UNKNOWN_PRESET, STORE_UNAVAILABLE),
    openapi_extra=REASON_BODY,
)
async def remove_preset(request: Request, name: Name, who: Caller, *, shared: Shared = False) -> Response:
    """Forget a preset. Jobs that were submitted with it keep what they have."""
    body = await read_order(request, ReasonBody)
    author = Author(who, body.reason)
    result = await services_of(request).presets.remove(name, shared=shared, author=author)
    return await command_answer(result, "limit=50", PresetCommandView)


async def _answer(
    request: Request, result: CommandDone | CommandPending, name: str, who: Principal, *, shared: bool
) -> Response:
    async def shown() -> PresetView | None:
        try:
            return PresetView.of(await services_of(request).presets.find(name, who, shared=shared))
        except ProblemError:
            return None  # it has been removed again

    return await command_answer(result, "limit=50", PresetCommandView, preset=shown)
