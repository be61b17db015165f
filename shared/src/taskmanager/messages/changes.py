"""From the scheduler to gateways: hints about what changed. Also the scheduler's own tick."""

from typing import Annotated, Literal

from pydantic import Field

from taskmanager.messages.wire import Message
from taskmanager.model.jobs import PluginName, Progress, Record
from taskmanager.model.states import Status, Tab


class Tick(Message):
    """The scheduler's message to itself: all messages before it in the inbox have been processed."""

    type: Literal["tick"] = "tick"
    scheduler: str


class Change(Record):
    """What happened to one job; only a hint, the recipient reads the job again."""

    job: str
    plugin: PluginName
    status: Status
    tab: Tab
    rev: int
    progress: Progress
    was: Status | None = None
    """Its status before the commit; None: the job is new."""
    logged: bool = False


class Arrivals(Record):
    """How many jobs of a plugin came into a tab, from another one or as new ones."""

    plugin: PluginName
    tab: Tab
    jobs: Annotated[int, Field(ge=1)]


class Changes(Message):
    """What one commit changed.

    A page of an operation names only its `jobs`, since there may be a hundred thousand of them, and says in
    `arrived` into which tabs they came. `access`: users, tokens or ended sessions changed; cached ones must
    be read again.
    """

    type: Literal["changes"] = "changes"
    changes: tuple[Change, ...]
    plugins: tuple[PluginName, ...] = ()
    jobs: tuple[str, ...] = ()
    arrived: Annotated[tuple[Arrivals, ...], Field(exclude_if=lambda arrived: not arrived)] = ()
    """Left out where there are none, so that older gateways can read the rest."""
    operations: tuple[str, ...] = ()
    access: bool = False
