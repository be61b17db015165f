"""Events that can happen to a job, received or found by the scheduler, and their context: values only."""

from dataclasses import dataclass
from datetime import datetime

from taskmanager.messages import Claim, Commit, RunnerReport, Submit
from taskmanager.model.control import JobAction
from taskmanager.model.jobs import Attribution, Job
from taskmanager.model.manifest import RetryPolicy
from taskmanager.model.reasons import Code, Reason
from taskmanager.model.reports import OperatorMessage
from taskmanager_scheduler.jobs.effects import Effect


@dataclass(frozen=True, slots=True)
class Sender:
    """The runner an event comes from; `instance` is new each time its process starts.

    `plugin` is that of its broker user: to a runner of another plugin a job is unknown.
    """

    runner: str
    instance: str
    plugin: str


NOBODY = Sender("", "", "")
"""The sender of events the scheduler finds itself."""


@dataclass(frozen=True, slots=True)
class PluginGate:
    """Whether a plugin lets another job start."""

    paused: bool
    running: int
    limit: int | None

    @property
    def refusal(self) -> str | None:
        """The reason for a refusal, or None."""
        if self.paused:
            return "paused"
        return "busy" if self.limit is not None and self.running >= self.limit else None


NO_GATE = PluginGate(paused=False, running=0, limit=None)
"""For events that start nothing."""

NO_RETRY = RetryPolicy()
"""Of a plugin that is not installed."""


@dataclass(frozen=True, slots=True)
class Orphaned:
    """The job's runner no longer runs it. `crashed`: because the runner's process ended."""

    crashed: bool
    why: Reason


@dataclass(frozen=True, slots=True)
class Renewed:
    """The owner says that it is still working on the attempt."""

    attempt: int


@dataclass(frozen=True, slots=True)
class LeaseEnded:
    """The lease was not renewed in time."""


@dataclass(frozen=True, slots=True)
class Ticketed:
    """A ticket for this dispatch is in the queue."""

    dispatch: int


@dataclass(frozen=True, slots=True)
class TicketNotSent:
    """A ticket for this dispatch could not be sent."""

    dispatch: int


@dataclass(frozen=True, slots=True)
class BackoffOver:
    """The job's backoff is over: it gets its ticket and its place."""


@dataclass(frozen=True, slots=True)
class LinkDone:
    """The job before it in its chain is done."""


@dataclass(frozen=True, slots=True)
class OperatorRequest:
    """An operator's request concerning a job; `priority` is for the action PRIORITY."""

    action: JobAction
    note: Attribution
    priority: int | None = None

    def told(self, what: Code, **parameters: int | None) -> Reason:
        """The reason code for the history, with the operator and their reason."""
        return what(by=self.note.by, why=self.note.reason or None, **parameters)


@dataclass(frozen=True, slots=True)
class GoobiMessageRequested:
    """An operator's message for Goobi's users; `report` identifies the message permanently."""

    report: str
    message: OperatorMessage
    note: Attribution


Finding = Orphaned | Renewed | LeaseEnded | Ticketed | TicketNotSent | BackoffOver
"""Events that the scheduler finds itself."""

Event = Submit | Claim | Commit | RunnerReport | Finding | LinkDone | OperatorRequest | GoobiMessageRequested


@dataclass(frozen=True, slots=True)
class TransitionContext:
    """The context of an event.

    The time, the sender, the plugin's gate and retry policy, and the holder of the job's unique key.
    """

    now: datetime
    sender: Sender = NOBODY
    gate: PluginGate = NO_GATE
    holder: str | None = None
    retry: RetryPolicy = NO_RETRY


@dataclass(frozen=True, slots=True)
class Transition:
    """The job after an event (None: there is still none) and the effects that follow."""

    job: Job | None
    effects: tuple[Effect, ...] = ()
