"""What people may be told about: events, each with an id of its own, so that none is told twice."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from taskmanager.model.jobs import PluginName, Record, ShortText


class EventKind(StrEnum):
    """What happened."""

    JOB_FAILED = "job_failed"
    ERROR_GROUP = "error_group"
    """The first job of a group of errors, then the tenth, the hundredth, and so on."""
    PLUGIN_STOPPED = "plugin_stopped"
    RUNNER_DRAINED = "runner_drained"
    NO_RUNNER = "no_runner"
    """Jobs of a plugin wait, and none of its runners is alive."""
    QUEUE_OLD = "queue_old"
    """The longest waiting job of a plugin has waited for longer than the rule says."""
    OPERATION_ENDED = "operation_ended"
    GOOBI_SILENT = "goobi_silent"
    """What a Goobi is to be told has waited for a quarter of an hour."""
    SCHEDULER_AWAY = "scheduler_away"
    """Told when a scheduler is back: nothing else is there to notice it."""
    TEST = "test"
    """Somebody asked for a test of the rule."""


CHOSEN = tuple(kind for kind in EventKind if kind is not EventKind.TEST)
"""What a rule can be about."""


class Event(Record):
    """One thing that happened.

    Attributes:
        id: the same whenever the same thing is noticed.
        path: of the page that shows it, without scheme and host.
        facts: what its text names, by kind (`taskmanager_scheduler.notifications.words`).
        minutes: of a queue that is too old: the threshold of the rules that it is for.
    """

    id: str
    kind: EventKind
    at: datetime
    plugin: PluginName | None = None
    project: ShortText | None = None
    path: str = "/"
    facts: dict[str, ShortText] = Field(default_factory=dict)
    minutes: int | None = None
