"""What the forms of pop-ups have in common."""

from taskmanager.model.jobs import Record
from taskmanager_gateway.http.command_bodies import ReasonText


class ReasonForm(Record):
    """The reason, and the CSRF token of the log-in, which has already been checked."""

    reason: ReasonText = ""
    csrf: str = ""
