"""What the forms of pop-ups have in common."""

from taskmanager.model.jobs import Record
from taskmanager_gateway.http.command_bodies import Reason


class ReasonForm(Record):
    """Why; and the proof that a page of this log-in sent it, which is checked before."""

    reason: Reason = ""
    csrf: str = ""
