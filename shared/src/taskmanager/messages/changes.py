"""From the scheduler to gateways: hints of what changed. And the scheduler's note to itself."""

from typing import Literal

from taskmanager.messages.wire import Message
from taskmanager.model.jobs import PluginName, Progress, Record
from taskmanager.model.states import Status, Tab


class Tick(Message):
    """The scheduler's note to itself: all messages before it in the inbox have been taken into account."""

    type: Literal["tick"] = "tick"
    scheduler: str


class Change(Record):
    """What became of one job; a hint, the reader reads again."""

    job: str
    plugin: PluginName
    status: Status
    tab: Tab
    rev: int
    progress: Progress
    was: Status | None = None
    """Its status before the commit; None: it is new."""
    logged: bool = False


class Changes(Message):
    """What one commit changed.

    A page of an operation only names its `jobs`: nobody wants to hear of a hundred thousand one by one.
    `access`: users, tokens or ended sessions; whatever was kept of them is to be read again.
    """

    type: Literal["changes"] = "changes"
    changes: tuple[Change, ...]
    plugins: tuple[PluginName, ...] = ()
    jobs: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    access: bool = False
