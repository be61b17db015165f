"""From the gateway to the scheduler: operators' commands; and the scheduler's answer."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from taskmanager.messages.access_commands import AccessOrder
from taskmanager.messages.dead_letters import SettleDeadLetter
from taskmanager.messages.notes import NoteOrder
from taskmanager.messages.notifications import NotificationOrder
from taskmanager.messages.preset_commands import PresetOrder
from taskmanager.messages.replicas import ScalingCommand
from taskmanager.messages.wire import Message
from taskmanager.model.control import JobAction, PluginAction, RunnerAction, StopMode
from taskmanager.model.jobs import InstallationName, PluginName, Priority, Record, ShortText
from taskmanager.model.operations import JobFilter
from taskmanager.model.reasons import PROSE, Reason
from taskmanager.model.reports import OperatorMessage


class JobCommand(Record):
    """Do this to one job; `priority` only with that action."""

    type: Literal["job"] = "job"
    job: str
    action: JobAction
    priority: Priority | None = None


class PluginCommand(Record):
    """Do this to a plugin; `mode` and `until` only with stop, `max_running` only with limit (None: none)."""

    type: Literal["plugin"] = "plugin"
    plugin: PluginName
    action: PluginAction
    mode: StopMode = StopMode.SUSPEND
    until: datetime | None = None
    max_running: Annotated[int, Field(ge=1)] | None = None


class RunnerCommand(Record):
    """Do this to a runner; `grace_seconds` only with drain: after it, jobs still running are handed back."""

    type: Literal["runner"] = "runner"
    runner: ShortText
    action: RunnerAction
    grace_seconds: Annotated[float, Field(ge=0)] | None = None


class StartOperation(Record):
    """Do this to all jobs that match the filter; `priority` only with that action.

    `operation` identifies it: starting the same one twice is one operation. `fingerprint` is that of the
    request.
    """

    type: Literal["start_operation"] = "start_operation"
    operation: str
    action: JobAction
    priority: Priority | None = None
    filter: JobFilter
    fingerprint: str = ""


class StopOperation(Record):
    """Leave alone the jobs the operation has not reached yet."""

    type: Literal["stop_operation"] = "stop_operation"
    operation: str
    action: Literal["stop_operation"] = "stop_operation"


class SendMessage(Record):
    """Write this into the process log of the job's process in Goobi."""

    type: Literal["send_message"] = "send_message"
    job: str
    message: OperatorMessage
    action: Literal["send_message"] = "send_message"


class ReplayReports(Record):
    """Deliver again from now on: one report, or all given-up reports of these installations.

    An installation may have several names: None is the default one.
    """

    type: Literal["replay_reports"] = "replay_reports"
    report: str | None = None
    installations: tuple[InstallationName | None, ...] = ()
    action: Literal["replay_reports"] = "replay_reports"


Order = (
    JobCommand
    | PluginCommand
    | RunnerCommand
    | ScalingCommand
    | StartOperation
    | StopOperation
    | SendMessage
    | ReplayReports
    | SettleDeadLetter
    | NotificationOrder
    | NoteOrder
    | AccessOrder
    | PresetOrder
)
"""Every command there is."""


class Command(Message):
    """What `actor` wants, and why. `id` identifies the command in the audit; `gateway` gets the answer."""

    type: Literal["command"] = "command"
    id: str
    gateway: str
    actor: ShortText
    reason: ShortText = ""
    at: datetime
    order: Annotated[Order, Field(discriminator="type")]


CommandOutcome = Literal["done", "unchanged", "refused", "unknown"]
"""`unchanged`: it was so already. `refused`: `why` gives the reason. `unknown`: there is no such thing."""


class CommandResult(Message):
    """The outcome of a command."""

    type: Literal["command_result"] = "command_result"
    id: str
    outcome: CommandOutcome
    why: Reason | None = None
    detail: str = ""
    """Plain text used in place of `why`: written by an earlier version, or for one."""

    @property
    def told(self) -> Reason:
        """Why it was refused."""
        return self.why or PROSE(text=self.detail)
