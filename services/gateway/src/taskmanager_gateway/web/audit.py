"""The audit as its page shows it: what each entry was about, to be said in the reader's language. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator

from taskmanager.jobs import PluginName, Record, ShortText
from taskmanager.queries import AuditQuery
from taskmanager.registry import AuditEntry
from taskmanager_gateway.orders import readable

Text = Annotated[ShortText, AfterValidator(readable)]


class AuditWish(Record):
    """Which entries, the newest first."""

    plugin: PluginName | None = None
    job: Text | None = None
    runner: Text | None = None
    subject: Text | None = None
    cursor: Text | None = None

    @property
    def filtered(self) -> bool:
        """Whether something is kept out."""
        return any((self.plugin, self.job, self.runner, self.subject))

    @property
    def query(self) -> AuditQuery:
        """What is asked of the store."""
        return AuditQuery.model_validate(self.model_dump())


@dataclass(frozen=True, slots=True)
class Deed:
    """What was asked for: its kind, for which templates have a sentence, and what the sentence names."""

    kind: str
    values: dict[str, str] = field(default_factory=dict)
    until: datetime | None = None
    operation: str | None = None
    """The operation over many jobs it belongs to."""


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One row."""

    entry: AuditEntry
    deed: Deed


_OPERATION = re.compile(r"^(?P<what>.+), operation (?P<operation>\S+)$")
_REACH = r"(?P<plugins>all plugins|no plugin|plugins .+?)"
_DEEDS: Sequence[tuple[str, re.Pattern[str]]] = [
    (kind, re.compile(f"^{pattern}$"))
    for kind, pattern in (
        ("cancel", "cancel"),
        ("hold", "hold"),
        ("release", "release"),
        ("next", "next"),
        ("retry", "retry"),
        ("priority", r"priority (?P<level>\d+)"),
        ("priority-set", "priority"),
        ("stop-operation", r"stop operation (?P<operation>\S+)"),
        ("stop", r"stop(, (?P<mode>suspend|finish))?( until (?P<until>\S+))?"),
        ("restart", "restart"),
        ("refuse", "refuse"),
        ("accept", "accept"),
        ("limit-none", "limit none"),
        ("limit", r"limit (?P<limit>\d+)"),
        ("drain-handed-back", r"drain, jobs handed back after (?P<seconds>\S+) s"),
        ("drain", "drain"),
        ("resume", "resume"),
        ("forget", "forget"),
        ("message", r"message to Goobi, (?P<type>\w+)"),
        ("replay", r"replay report (?P<report>\S+)"),
        ("replay-all", r"replay undelivered reports of (?P<names>.+)"),
        ("add-user", rf"add user, (?P<role>\w+), {_REACH}"),
        (
            "change-user",
            rf"change user(, (?P<role>viewer|operator|admin))?(, {_REACH})?(, (?P<able>disable|enable))?",
        ),
        ("one-time-password", "set one-time password"),
        ("password", "set password"),
        ("rehash", "hash password anew"),
        ("end-sessions", "end sessions"),
        ("end-session", "end session"),
        ("log-in", "log in"),
        ("remove-user", "remove user"),
        ("add-token", rf"add token, (?P<scopes>[a-z ]+), {_REACH}(, until (?P<until>\S+))?"),
        ("revoke-token", "revoke token"),
    )
]
"""How the scheduler writes what was asked for; what it wrote years ago and nobody knows is shown as it is."""


def audit_lines(entries: Iterable[AuditEntry]) -> list[AuditLine]:
    """The rows of a page."""
    return [AuditLine(entry, deed_of(entry.action)) for entry in entries]


def deed_of(action: str) -> Deed:
    """What the words of the audit mean; kind `other` if nobody knows."""
    within = _OPERATION.match(action)
    what = within["what"] if within else action
    for kind, pattern in _DEEDS:
        if found := pattern.match(what):
            values = {name: value for name, value in found.groupdict().items() if value is not None}
            operation = within["operation"] if within else values.pop("operation", None)
            return Deed(kind, values, _moment(values.pop("until", None)), operation)
    return Deed("other", {"action": action})


def _moment(text: str | None) -> datetime | None:
    """The moment the scheduler wrote; None for what is none or has no zone."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else None
