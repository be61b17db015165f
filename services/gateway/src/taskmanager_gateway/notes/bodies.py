"""The body of a request that leaves a note."""

from taskmanager.model.user_content.notes import NoteText
from taskmanager_gateway.http.command_bodies import ReasonBody


class NoteBody(ReasonBody):
    """The text; the reason is for the audit alone."""

    text: NoteText
