"""What can happen to a job, from outside or found by the scheduler, and what surrounds it: values only."""

from dataclasses import dataclass, field
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
    """The runner an event comes from; `instance` is new with every start of its process.

    `plugin` is that of its broker user: to a runner of another plugin a job is unknown.
    """

    runner: str
    instance: str
    plugin: str


NOBODY = Sender("", "", "")
"""Events the scheduler finds by itself."""


@dataclass(frozen=True, slots=True)
class PluginGate:
    """Whether a plugin lets another job start."""

    paused: bool
    running: int
    limit: int | None

    @property
    def refusal(self) -> str | None:
        """Why not, or None."""
        if self.paused:
            return "paused"
        return "busy" if self.limit is not None and self.running >= self.limit else None


@dataclass(frozen=True, slots=True)
class Orphaned:
    """The job's runner does not run it any more. `crashed`: because its process ended."""

    crashed: bool
    why: Reason


@dataclass(frozen=True, slots=True)
class Renewed:
    """The owner says that it is still at work on the attempt."""

    attempt: int


@dataclass(frozen=True, slots=True)
class LeaseEnded:
    """Nobody has renewed the lease in time."""


@dataclass(frozen=True, slots=True)
class Ticketed:
    """A ticket for this dispatch is in the queue."""

    dispatch: int


@dataclass(frozen=True, slots=True)
class BackoffOver:
    """The time for which a job backs off is over: it gets its ticket and its place."""


@dataclass(frozen=True, slots=True)
class OperatorRequest:
    """An operator wants something done to a job; `priority` belongs to that action."""

    action: JobAction
    note: Attribution
    priority: int | None = None

    def told(self, what: Code, **parameters: int | None) -> Reason:
        """What the history says of it."""
        return what(by=self.note.by, why=self.note.reason or None, **parameters)


@dataclass(frozen=True, slots=True)
class GoobiMessageRequested:
    """An operator wants Goobi's users to read something; `report` names the message, once and for all."""

    report: str
    message: OperatorMessage
    note: Attribution


Finding = Orphaned | Renewed | LeaseEnded | Ticketed | BackoffOver
"""What the scheduler finds out by itself."""

Event = Submit | Claim | Commit | RunnerReport | Finding | OperatorRequest | GoobiMessageRequested


@dataclass(frozen=True, slots=True)
class TransitionContext:
    """What surrounds an event.

    The time, who sent it, the plugin's gate and retry policy, and who holds the job's unique key.
    """

    now: datetime
    sender: Sender = NOBODY
    gate: PluginGate = PluginGate(paused=False, running=0, limit=None)
    holder: str | None = None
    retry: RetryPolicy = field(default_factory=RetryPolicy)


@dataclass(frozen=True, slots=True)
class Transition:
    """What becomes of the job (None: there is still none) and what is to be done about it."""

    job: Job | None
    effects: tuple[Effect, ...] = ()
