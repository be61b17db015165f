"""What a group of messages refers to, and what therefore has to be loaded. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from taskmanager.messages import (
    Claim,
    Command,
    Failed,
    Finished,
    Heartbeat,
    Hello,
    Inbound,
    ReplicasReported,
    RunnerEvent,
    RunnerEvents,
    Submissions,
    Submit,
)
from taskmanager.model.replicas import set_key
from taskmanager.ports.store import Needs
from taskmanager_scheduler.commands.execution import needs_of_command


def needs_of(messages: Iterable[Inbound]) -> Needs:
    """Everything the messages refer to."""
    named = _Named()
    for message in messages:
        match message:
            case Submissions() | Submit():
                for submit in message.submissions:
                    named.add_submission(submit)
            case Command():
                named.add(needs_of_command(message))
            case RunnerEvents():
                named.add_events(message)
            case ReplicasReported():
                named.replicas.add(set_key(message.plugin, message.place))
                named.runners.update(replica.runner for replica in message.replicas)
    return named.needs()


@dataclass(slots=True)
class _Named:
    jobs: set[str] = field(default_factory=set)
    new: set[str] = field(default_factory=set)
    uniques: set[str] = field(default_factory=set)
    runners: set[str] = field(default_factory=set)
    plugins: set[str] = field(default_factory=set)
    operations: set[str] = field(default_factory=set)
    access: set[str] = field(default_factory=set)
    replicas: set[str] = field(default_factory=set)
    presets: set[str] = field(default_factory=set)

    def add(self, needs: Needs) -> None:
        """Add what one command needs."""
        self.jobs |= needs.jobs
        self.runners |= needs.runners
        self.plugins |= needs.plugins
        self.operations |= needs.operations
        self.access |= needs.access
        self.replicas |= needs.replicas
        self.presets |= needs.presets

    def add_submission(self, submit: Submit) -> None:
        """Add the job, which is most likely new, the one it follows, and its unique key."""
        self.jobs.add(submit.job)
        if submit.follows is not None:
            self.jobs.add(submit.follows)
        self.new.add(submit.job)
        if submit.spec.unique:
            self.uniques.add(submit.spec.unique)

    def add_events(self, message: RunnerEvents) -> None:
        """Add the jobs a runner refers to, and the runner and its plugin where they matter."""
        for event in message.events:
            self.jobs.update(_jobs_of(event))
            if isinstance(event, Claim | Heartbeat | Hello | Failed | Finished):
                self.plugins.add(message.plugin)
            if isinstance(event, Heartbeat | Hello):
                self.runners.add(message.runner)

    def needs(self) -> Needs:
        """Everything collected so far."""
        return Needs(
            jobs=frozenset(self.jobs),
            new=frozenset(self.new),
            uniques=frozenset(self.uniques),
            runners=frozenset(self.runners),
            plugins=frozenset(self.plugins),
            operations=frozenset(self.operations),
            access=frozenset(self.access),
            replicas=frozenset(self.replicas),
            presets=frozenset(self.presets),
        )


def _jobs_of(event: RunnerEvent) -> Iterable[str]:
    if isinstance(event, Heartbeat | Hello):
        return [reference.job for reference in event.running]
    return (event.job,)
