"""The texts of messages, in the language of a rule. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from taskmanager.channels.settings import NotificationSettings
from taskmanager.model.notifications.deliveries import Delivery
from taskmanager.model.notifications.events import Event, EventKind
from taskmanager.model.notifications.rules import Rule

LISTED_MOST = 50
"""How many events a message to people lists; it says how many more there are."""

_TEXTS: Mapping[str, Mapping[EventKind, str]] = {
    "en": {
        EventKind.JOB_FAILED: "{plugin}: the job {title} failed: {error}",
        EventKind.ERROR_GROUP: "{plugins}: {jobs} jobs have the error {error}",
        EventKind.PLUGIN_STOPPED: "{plugin} was stopped by {by}. {reason}",
        EventKind.RUNNER_DRAINED: "{plugin}: the runner {runner} takes no more jobs, asked by {by}. {reason}",
        EventKind.NO_RUNNER: "{plugin}: {jobs} jobs wait, and no runner is alive",
        EventKind.QUEUE_OLD: "{plugin}: a job has been waiting for more than {minutes} minutes",
        EventKind.OPERATION_ENDED: "The operation of {by} ({action}) has ended: {done} changed, {failed} not",
        EventKind.GOOBI_SILENT: "Goobi {installation} cannot be told: {reports} reports wait",
        EventKind.SCHEDULER_AWAY: "The scheduler was away from {since} to {until}",
        EventKind.TEST: "This is a test, asked for by {by}",
    },
    "de": {
        EventKind.JOB_FAILED: "{plugin}: Der Job {title} ist gescheitert: {error}",
        EventKind.ERROR_GROUP: "{plugins}: {jobs} Jobs haben den Fehler {error}",
        EventKind.PLUGIN_STOPPED: "{plugin} wurde von {by} angehalten. {reason}",
        EventKind.RUNNER_DRAINED: "{plugin}: Der Runner {runner} nimmt keine Jobs mehr, laut {by}. {reason}",
        EventKind.NO_RUNNER: "{plugin}: {jobs} Jobs warten, und kein Runner lebt",
        EventKind.QUEUE_OLD: "{plugin}: Ein Job wartet seit mehr als {minutes} Minuten",
        EventKind.OPERATION_ENDED: "Operation von {by} ({action}) beendet: {done} geändert, {failed} nicht",
        EventKind.GOOBI_SILENT: "Goobi {installation} ist nicht zu erreichen: {reports} Meldungen warten",
        EventKind.SCHEDULER_AWAY: "Der Scheduler war weg von {since} bis {until}",
        EventKind.TEST: "Dies ist ein Test, veranlasst von {by}",
    },
}
_SEVERAL = {"en": "{count} events", "de": "{count} Ereignisse"}
_MORE = {"en": "and {count} more", "de": "und {count} weitere"}
_RULE = {"en": "Sent by the rule {name}", "de": "Gesendet von der Regel {name}"}


@dataclass(frozen=True, slots=True)
class Line:
    """One event as a message tells it."""

    event: Event
    text: str
    link: str | None


@dataclass(frozen=True, slots=True)
class Text:
    """What a message says: a subject in one line, all its events, and its end."""

    subject: str
    lines: Sequence[Line]
    end: Sequence[str]

    @property
    def listed(self) -> Sequence[Line]:
        """Those that are told to people; the end says how many more there are."""
        return self.lines[:LISTED_MOST]

    @property
    def plain(self) -> str:
        """All of it as plain text."""
        told = [part for line in self.listed for part in (line.text, line.link, "") if part is not None]
        return "\n".join([*told, *self.end]).strip() + "\n"


class _Facts(dict[str, str]):
    """What an event does not say is left out."""

    def __missing__(self, name: str) -> str:
        return ""


def sentence(event: Event, language: str) -> str:
    """The event in one line; what it quotes is not formatted again."""
    facts = _Facts({name: " ".join(value.split()) for name, value in event.facts.items()})
    facts.setdefault("plugin", event.plugin or "")
    return _TEXTS[language][event.kind].format_map(facts).strip()


def text_of(delivery: Delivery, rule: Rule, settings: NotificationSettings) -> Text:
    """The text of a message; times are those of the rule's zone."""
    zone = ZoneInfo(rule.zone)
    lines = [
        Line(
            event,
            f"{event.at.astimezone(zone):%Y-%m-%d %H:%M} {sentence(event, rule.language)}",
            settings.link(event.path),
        )
        for event in delivery.events
    ]
    count = len(delivery.events)
    first = sentence(delivery.events[0], rule.language)
    subject = first if count == 1 else f"{_SEVERAL[rule.language].format(count=count)}: {rule.name}"
    more = [_MORE[rule.language].format(count=count - LISTED_MOST)] if count > LISTED_MOST else []
    link = settings.link(f"/notifications/{rule.id}")
    end = [*more, _RULE[rule.language].format(name=rule.name), *([link] if link else [])]
    return Text(subject=_one_line(f"[TaskManager] {subject}"), lines=lines, end=end)


def _one_line(subject: str) -> str:
    """A subject cannot become a header of its own."""
    return " ".join("".join(character if character.isprintable() else " " for character in subject).split())[
        :200
    ]
