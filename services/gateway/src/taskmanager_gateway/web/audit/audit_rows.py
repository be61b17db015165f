"""The audit as its page shows it: each entry prepared for a sentence in the reader's language. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator

from taskmanager.model.jobs import PluginName, Record, ShortText
from taskmanager.model.queries import AuditQuery
from taskmanager.model.reasons import Reason, ReasonValue, moment_of
from taskmanager.model.reasons.actions_taken import DEEDS
from taskmanager.model.registry import AuditEntry
from taskmanager_gateway.codes import english
from taskmanager_gateway.http.command_bodies import readable

Text = Annotated[ShortText, AfterValidator(readable)]


class AuditListAddress(Record):
    """Which entries; they are sorted newest first."""

    plugin: PluginName | None = None
    job: Text | None = None
    runner: Text | None = None
    subject: Text | None = None
    cursor: Text | None = None

    @property
    def filtered(self) -> bool:
        """Whether anything is filtered out."""
        return any((self.plugin, self.job, self.runner, self.subject))

    @property
    def query(self) -> AuditQuery:
        """The query for the store."""
        return AuditQuery.model_validate(self.model_dump())


@dataclass(frozen=True, slots=True)
class AuditedAction:
    """What was requested: its kind, for which templates have a sentence, and the values of that sentence."""

    kind: str
    values: dict[str, ReasonValue] = field(default_factory=dict)
    until: datetime | None = None
    operation: str | None = None
    """The operation over many jobs that it belongs to."""


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One row of the audit."""

    entry: AuditEntry
    deed: AuditedAction


def audit_lines(entries: Iterable[AuditEntry]) -> list[AuditLine]:
    """The rows of a page."""
    return [AuditLine(entry, audited_action(entry.asked)) for entry in entries]


def audited_action(asked: Reason) -> AuditedAction:
    """The action behind a reason; a reason written by an older or newer version is shown as it is."""
    known = DEEDS.codes.get(asked.code)
    if known is None or known.sentence(asked) is None:
        return AuditedAction("other", {"action": english(asked)})
    kind = asked.code.removeprefix(f"{DEEDS.name}.")
    values = dict(asked.parameters)
    operation, ends = values.pop("operation", None), values.pop("ends", None)
    until = moment_of(ends) if isinstance(ends, str) else None
    return AuditedAction(kind, values, until, operation if isinstance(operation, str) else None)
