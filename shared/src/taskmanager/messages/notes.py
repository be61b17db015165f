"""Operators' orders about notes."""

from typing import Literal

from taskmanager.model.jobs import PluginName, Record, ShortText
from taskmanager.model.user_content.notes import NoteKey, NoteOn, NoteText


class AddNote(Record):
    """Leave this note; `plugin` is that of the job, or the one it is on."""

    type: Literal["add_note"] = "add_note"
    on: NoteOn
    key: NoteKey
    text: NoteText
    plugin: PluginName | None = None
    action: Literal["add_note"] = "add_note"


class RemoveNote(Record):
    """Remove a note; the other fields are for the audit."""

    type: Literal["remove_note"] = "remove_note"
    note: ShortText
    on: NoteOn
    key: NoteKey
    plugin: PluginName | None = None
    action: Literal["remove_note"] = "remove_note"


NoteOrder = AddNote | RemoveNote
