"""The notes on a thing: a part of its page that loads by itself, with the form for another one."""

from typing import Annotated

from fastapi import APIRouter, Form, Query
from pydantic import BeforeValidator
from starlette.requests import Request
from starlette.responses import Response

from taskmanager.model.access import Right
from taskmanager.model.jobs import Record
from taskmanager.model.user_content.notes import NOTE_LIMIT, NoteKey, NoteOn, NoteText
from taskmanager_gateway.access.auth_context import Caller
from taskmanager_gateway.access.requirements import needs
from taskmanager_gateway.commands.service import Author
from taskmanager_gateway.services import services_of
from taskmanager_gateway.web.shell.command_answers import command_answer
from taskmanager_gateway.web.shell.forms import ReasonForm
from taskmanager_gateway.web.shell.render import fragment, text

CHANGED = ("tm-notes",)

router = APIRouter(dependencies=[needs(Right.READ, change=Right.OPERATE)])


class NotesAddress(Record):
    """What the notes are on."""

    on: NoteOn
    key: NoteKey


def _line_breaks(value: object) -> object:
    """A browser sends each line break as two characters."""
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


class NoteForm(ReasonForm):
    """A new note."""

    on: NoteOn
    key: NoteKey
    text: Annotated[NoteText, BeforeValidator(_line_breaks)]


@router.get("/ui/notes")
async def show(request: Request, asked: Annotated[NotesAddress, Query()], who: Caller) -> Response:
    """The notes, and the form for who may leave one."""
    found = await services_of(request).notes.all(asked.on, asked.key, who)
    context = {"notes": found, "asked": asked, "limit": NOTE_LIMIT, "may": who.may(Right.OPERATE)}
    return fragment(request, "notes/list.html", context)


@router.post("/ui/notes")
async def add(request: Request, form: Annotated[NoteForm, Form()], who: Caller) -> Response:
    """Leave a note."""
    result = await services_of(request).notes.add(form.on, form.key, form.text, Author(who, form.reason))
    told = text(request, "The note was saved.")
    return command_answer(request, result, told, events=CHANGED, close=False)


@router.post("/ui/notes/{note}/remove")
async def remove(request: Request, note: str, form: Annotated[ReasonForm, Form()], who: Caller) -> Response:
    """Remove a note."""
    result = await services_of(request).notes.remove(note, Author(who, form.reason))
    told = text(request, "The note was removed.")
    return command_answer(request, result, told, events=CHANGED, close=False)
