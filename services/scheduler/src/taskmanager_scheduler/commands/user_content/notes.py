"""Operators' commands for notes: leave one, remove one."""

from datetime import datetime
from typing import Protocol

from taskmanager.messages import AddNote, Command, RemoveNote
from taskmanager.model.reasons import actions_taken
from taskmanager.model.user_content.notes import Note, NoteOn
from taskmanager.ports.store import Needs
from taskmanager_scheduler.commands.handler import CommandHandler, Subject
from taskmanager_scheduler.jobs.effects import CommandAnswer


class NoteSpace(Protocol):
    """What such a command may read and change: the group it is part of."""

    now: datetime
    notes: list[Note]
    removed_notes: list[str]


def _add(space: NoteSpace, command: Command, order: AddNote) -> CommandAnswer:
    """A redelivered command makes the same note."""
    made = Note(id=command.id, on=order.on, key=order.key, text=order.text, by=command.actor, at=space.now)
    space.notes.append(made)
    return "done", None


def _remove(space: NoteSpace, command: Command, order: RemoveNote) -> CommandAnswer:
    del command
    space.removed_notes.append(order.note)
    return "done", None


def _subject(_: object, order: AddNote | RemoveNote) -> Subject:
    return Subject(job=order.key if order.on is NoteOn.JOB else None, plugin=order.plugin)


ADD_NOTE: CommandHandler[NoteSpace, AddNote] = CommandHandler(
    needs=lambda *_: Needs(),
    subject=_subject,
    describe=lambda order: actions_taken.ADD_NOTE(on=order.on.value, key=order.key, text=order.text),
    execute=_add,
)
REMOVE_NOTE: CommandHandler[NoteSpace, RemoveNote] = CommandHandler(
    needs=lambda *_: Needs(),
    subject=_subject,
    describe=lambda order: actions_taken.REMOVE_NOTE(on=order.on.value, key=order.key),
    execute=_remove,
)
