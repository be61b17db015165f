"""The audit as the API shows it."""

from datetime import datetime
from typing import Any

from pydantic import Field

from taskmanager.model.jobs import Record
from taskmanager.model.reasons import ReasonValue
from taskmanager.model.registry import AuditEntry
from taskmanager_gateway.codes import english
from taskmanager_gateway.http.views import ReasonView, reason_fields


class AuditEntryView(Record):
    """Who requested what, when and why, and with which outcome; `id` is that of the command.

    `detail` is the sentence of `code`: why it was not done, or how and from where somebody logged in.
    """

    id: str
    at: datetime
    actor: str
    reason: str
    action: str = Field(examples=["priority 9"])
    what: ReasonView = Field(description="`action` as a code with parameters, for programs.")
    job: str | None
    plugin: str | None
    runner: str | None
    subject: str | None
    outcome: str
    code: str | None
    parameters: dict[str, ReasonValue] | None
    detail: str

    @classmethod
    def of(cls, entry: AuditEntry) -> "AuditEntryView":
        """The public form; the values are not validated again."""
        why = entry.told
        asked = {
            "action": english(entry.asked),
            "what": ReasonView.model_construct(**reason_fields(entry.asked)),
        }
        members: dict[str, Any] = reason_fields(why) if why else {"code": None, "parameters": None}
        detail = english(why) if why else ""
        fields: dict[str, Any] = entry.__dict__ | asked | members | {"detail": detail}
        return cls.model_construct(**{name: fields[name] for name in cls.model_fields})


class AuditView(Record):
    """One page of what operators requested, the newest first; `next_cursor` is null on the last."""

    entries: list[AuditEntryView]
    next_cursor: str | None
    links: dict[str, str]
