"""Rules, events and messages for tests."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from taskmanager.channels.settings import NotificationSettings, parse
from taskmanager.model.jobs import Attribution
from taskmanager.model.notifications.deliveries import Delivery
from taskmanager.model.notifications.events import Event, EventKind
from taskmanager.model.notifications.rules import Rule

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
SECRET = "whispered between two machines"


def rule(**fields: Any) -> Rule:
    """At once, everything about failed jobs, by the webhook."""
    given = {"id": "rule-1", "name": "Failures", "kinds": (EventKind.JOB_FAILED,), "channel": "hook"}
    return Rule(**{**given, "changed": Attribution(by="ada", at=NOW), **fields})


def event(number: int = 1, **fields: Any) -> Event:
    """A failed job."""
    given = {
        "id": f"failed job-{number}",
        "kind": EventKind.JOB_FAILED,
        "at": NOW,
        "plugin": "jp2",
        "path": f"/jobs/job-{number}",
        "facts": {"title": f"Atlas {number}", "error": "no space left"},
    }
    return Event(**{**given, **fields})


def delivery(*events: Event, **fields: Any) -> Delivery:
    """A message about these events, or about one."""
    given = {"id": "2f1c", "rule": "rule-1", "events": events or (event(),), "created": NOW, "next_try": NOW}
    return Delivery(**{**given, **fields})


def channels(folder: Path, **tables: dict[str, Any]) -> NotificationSettings:
    """Settings with these channels; each secret's file is made."""
    for name in ("secret", "token", "password"):
        (folder / name).write_text(SECRET)
    return parse({"pages": "https://tasks.example.org/", "channels": tables}, "notifications.toml")
