"""Notes on jobs, processes and plugins."""

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Principal, Right
from taskmanager.model.jobs import InstallationName, Number, PluginName, Record
from taskmanager.model.user_content.notes import Note, NoteOn, process_key
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.api.commands import REASON_BODY, command_answer, command_answers
from taskmanager_gateway.api.responses import json_answer, json_request, problems
from taskmanager_gateway.commands.service import Author
from taskmanager_gateway.http.command_bodies import ReasonBody, read_order
from taskmanager_gateway.http.problems import STORE_UNAVAILABLE, UNKNOWN_JOB, UNKNOWN_NOTE
from taskmanager_gateway.http.views import API, CommandView
from taskmanager_gateway.notes.bodies import NoteBody
from taskmanager_gateway.services import services_of

router = APIRouter(prefix=API, tags=["Notes"], dependencies=[needs(Right.READ, change=Right.OPERATE)])

BODY = json_request("NoteBody", {"text": "waiting for new disks"})
READ = problems(UNKNOWN_JOB, UNKNOWN_NOTE, STORE_UNAVAILABLE)
CHANGED = command_answers(UNKNOWN_JOB, UNKNOWN_NOTE, STORE_UNAVAILABLE)


class NoteListView(Record):
    """The newest notes on a thing, the newest first."""

    notes: list[Note]


class NoteCommandView(CommandView):
    """The result; `command` is the id of a new note."""

    command: str = Field(description="Id of the command in the audit log, and of the note it made.")


@router.get(
    "/jobs/{job_id}/notes", summary="List the notes on a job", response_model=NoteListView, responses=READ
)
async def notes_on_job(request: Request, job_id: str, who: Caller) -> Response:
    """The newest 20."""
    return await _listed(request, NoteOn.JOB, job_id, who)


@router.post(
    "/jobs/{job_id}/notes",
    summary="Leave a note on a job",
    response_model=NoteCommandView,
    responses=CHANGED,
    openapi_extra=BODY,
)
async def note_job(request: Request, job_id: str, who: Caller) -> Response:
    """Plain text, shown wherever the job is shown in full."""
    return await _added(request, NoteOn.JOB, job_id, who)


@router.get(
    "/plugins/{name}/notes",
    summary="List the notes on a plugin",
    response_model=NoteListView,
    responses=READ,
)
async def notes_on_plugin(request: Request, name: PluginName, who: Caller) -> Response:
    """The newest 20."""
    return await _listed(request, NoteOn.PLUGIN, name, who)


@router.post(
    "/plugins/{name}/notes",
    summary="Leave a note on a plugin",
    response_model=NoteCommandView,
    responses=CHANGED,
    openapi_extra=BODY,
)
async def note_plugin(request: Request, name: PluginName, who: Caller) -> Response:
    """Plain text, shown on the plugin's page."""
    return await _added(request, NoteOn.PLUGIN, name, who)


@router.get(
    "/processes/{process_id}/notes",
    summary="List the notes on a process",
    response_model=NoteListView,
    responses=READ,
)
async def notes_on_process(
    request: Request, process_id: Number, who: Caller, installation: InstallationName | None = None
) -> Response:
    """The newest 20; without `installation`, of a process of the default one."""
    return await _listed(request, NoteOn.PROCESS, _key(request, process_id, installation), who)


@router.post(
    "/processes/{process_id}/notes",
    summary="Leave a note on a process",
    response_model=NoteCommandView,
    responses=CHANGED,
    openapi_extra=BODY,
)
async def note_process(
    request: Request, process_id: Number, who: Caller, installation: InstallationName | None = None
) -> Response:
    """Plain text, shown on the process's page."""
    return await _added(request, NoteOn.PROCESS, _key(request, process_id, installation), who)


@router.delete(
    "/notes/{note}",
    summary="Remove a note",
    response_model=NoteCommandView,
    responses=CHANGED,
    openapi_extra=REASON_BODY,
)
async def remove_note(request: Request, note: str, who: Caller) -> Response:
    """Whoever left it."""
    body = await read_order(request, ReasonBody)
    result = await services_of(request).notes.remove(note, Author(who, body.reason))
    return await command_answer(result, "limit=50", NoteCommandView)


def _key(request: Request, process: int, installation: str | None) -> str:
    return process_key(services_of(request).goobi.name_of(installation), process)


async def _listed(request: Request, on: NoteOn, key: str, who: Principal) -> Response:
    found = await services_of(request).notes.all(on, key, who)
    return json_answer(NoteListView.model_construct(notes=list(found)))


async def _added(request: Request, on: NoteOn, key: str, who: Principal) -> Response:
    body = await read_order(request, NoteBody)
    result = await services_of(request).notes.add(on, key, body.text, Author(who, body.reason))
    return await command_answer(result, "limit=50", NoteCommandView)
