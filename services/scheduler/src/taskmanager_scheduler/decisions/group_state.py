"""Turns a group of inbox messages into a decision.

Pure: the store calls it inside its transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from taskmanager.messages import (
    Claim,
    Command,
    FilesRecorded,
    Heartbeat,
    Hello,
    Inbound,
    Logged,
    LogInsSeen,
    ReplicasReported,
    RunnerEvent,
    RunnerEvents,
    SessionsUsed,
    Submissions,
    Submit,
    TokensUsed,
)
from taskmanager.model.control import Settlement
from taskmanager.model.jobs import Job
from taskmanager.model.notifications.deliveries import Notice
from taskmanager.model.notifications.rules import Rule
from taskmanager.model.operations import Operation
from taskmanager.model.registry import AuditEntry, InstalledPlugin, LogBlock, RunnerState, StoredFile
from taskmanager.model.replicas import ReplicaSet
from taskmanager.model.reports import Replay, Report, Withdrawal
from taskmanager.model.states import Tab
from taskmanager.model.user_content.notes import Note
from taskmanager.model.user_content.presets import Preset
from taskmanager.ports.store import Snapshot
from taskmanager_scheduler.commands.access import log_in_entry
from taskmanager_scheduler.commands.access_state import AccessGroupState
from taskmanager_scheduler.commands.execution import execute
from taskmanager_scheduler.decisions.attempt_records import log_block, stored_files
from taskmanager_scheduler.decisions.decision import Decision, change_of
from taskmanager_scheduler.decisions.hourly_figures import figures_of
from taskmanager_scheduler.decisions.runner_registration import on_heartbeat, on_hello
from taskmanager_scheduler.decisions.statistics import deltas
from taskmanager_scheduler.jobs.chains import chains_in, turns_come
from taskmanager_scheduler.jobs.circuit_breaker import after_end
from taskmanager_scheduler.jobs.effects import Effect, NudgePlugin, StoreReport, WithdrawReports
from taskmanager_scheduler.jobs.events import (
    NO_GATE,
    NO_RETRY,
    NOBODY,
    Event,
    LinkDone,
    PluginGate,
    Sender,
    TransitionContext,
)
from taskmanager_scheduler.jobs.transitions import transition
from taskmanager_scheduler.replicas.reports import changed_replicas, on_report


@dataclass(slots=True)
class GroupState:
    """The working state while one group is decided on, based on one snapshot."""

    snapshot: Snapshot
    now: datetime
    jobs: dict[str, Job] = field(default_factory=dict)
    touched: dict[str, Job | None] = field(default_factory=dict)
    running: dict[str, int] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    replays: list[Replay] = field(default_factory=list)
    settlements: list[tuple[str, Settlement]] = field(default_factory=list)
    withdrawals: list[Withdrawal] = field(default_factory=list)
    logs: list[LogBlock] = field(default_factory=list)
    files: list[StoredFile] = field(default_factory=list)
    plugins: dict[str, InstalledPlugin] = field(default_factory=dict)
    runners: dict[str, RunnerState] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    audit: list[AuditEntry] = field(default_factory=list)
    operations: dict[str, Operation] = field(default_factory=dict)
    holders: dict[str, str] = field(default_factory=dict)
    installed: dict[str, InstalledPlugin] = field(default_factory=dict)
    replicas: dict[str, ReplicaSet] = field(default_factory=dict)
    forgotten_replicas: set[str] = field(default_factory=set)
    presets: dict[str, Preset] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    rules: dict[str, Rule] = field(default_factory=dict)
    removed_rules: set[str] = field(default_factory=set)
    notices: list[Notice] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    removed_notes: list[str] = field(default_factory=list)
    register: AccessGroupState = field(init=False)

    def __post_init__(self) -> None:
        """Start from what was loaded."""
        self.jobs = dict(self.snapshot.jobs)
        self.holders = dict(self.snapshot.holders)
        self.installed = dict(self.snapshot.plugins)
        self.operations = dict(self.snapshot.operations)
        self.replicas = dict(self.snapshot.replicas)
        self.presets = dict(self.snapshot.presets)
        self.register = AccessGroupState(self.snapshot.access)

    def take(self, message: Inbound) -> None:
        """Fold one message into the state."""
        match message:
            case Submissions() | Submit():
                chains = chains_in(message.submissions)
                for submit in message.submissions:
                    self._take_submission(submit, chains.get(submit.chain, (submit,)))
            case Command():
                execute(self, message)
            case LogInsSeen():
                self.audit += [log_in_entry(seen, self.now) for seen in message.seen]
            case TokensUsed():
                self.register.note_uses(message.uses, self.now)
            case SessionsUsed():
                self.register.note_sessions(message.uses, self.now)
            case RunnerEvents():
                sender = Sender(message.runner, message.instance, message.plugin)
                for event in message.events:
                    self._take_event(event, message, sender)
            case ReplicasReported():
                on_report(self, message)

    def _take_submission(self, submit: Submit, alike: Sequence[Submit]) -> None:
        """Fold one submission; `alike` are those of its chain, which is a duplicate if one of its jobs is."""
        if submit.job in self.snapshot.unreadable:
            return  # it is stored, but its state cannot be read
        held = (self.holders.get(one.spec.unique) for one in alike if one.spec.unique)
        holder = next((job for job in held if job is not None and job not in submit.chain), None)
        self.move(submit.job, submit, holder=holder)

    def _take_event(self, event: RunnerEvent, envelope: RunnerEvents, sender: Sender) -> None:
        match event:
            case Hello():
                on_hello(self, event, envelope, sender)
            case Heartbeat():
                on_heartbeat(self, event, envelope, sender)
            case Logged():
                if not self._foreign(event.job, sender):
                    self.logs.append(log_block(event))
            case FilesRecorded():
                self.files += stored_files(self._job_for(event.job, sender), event, self.now)
            case _:
                self.move(event.job, event, sender=sender, plugin=envelope.plugin)

    def _foreign(self, job_id: str, sender: Sender) -> bool:
        """Whether a runner refers to another plugin's job; it may be posing as that job's runner."""
        job = self.jobs.get(job_id)
        return sender is not NOBODY and job is not None and job.plugin != sender.plugin

    def _job_for(self, job_id: str, sender: Sender) -> Job | None:
        """The job, unless it belongs to a plugin other than the sender's."""
        return None if self._foreign(job_id, sender) else self.jobs.get(job_id)

    def move(
        self,
        job_id: str,
        event: Event,
        *,
        sender: Sender = NOBODY,
        plugin: str = "",
        holder: str | None = None,
    ) -> None:
        """Send one event through `transition` and store the result."""
        before = self._job_for(job_id, sender)
        if sender is not NOBODY and job_id not in self.jobs and not isinstance(event, Claim):
            self.unknown.add(job_id)
        gate = self._gate(plugin) if isinstance(event, Claim) else NO_GATE
        installed = self.installed.get(plugin)
        retry = installed.manifest.retry if installed else NO_RETRY
        step = transition(before, event, TransitionContext(self.now, sender, gate, holder, retry))
        for effect in step.effects:
            match effect:
                case StoreReport():
                    self.reports.append(effect.report)
                case WithdrawReports():
                    self.withdrawals.append(effect.withdrawal)
                case _:
                    self.effects.append(effect)
        if step.job is not None and step.job is not before:
            self._keep(before, step.job)

    def _keep(self, before: Job | None, after: Job) -> None:
        plugin = self.installed.get(after.plugin)
        if plugin is not None and (counted := after_end(plugin, before, after, self.now)) is not plugin:
            self.change_plugin(counted)
            if counted.stop is not plugin.stop:
                self.effects.append(NudgePlugin(plugin.name))
        self.touched.setdefault(after.id, before)
        self.jobs[after.id] = after
        if after.status.running != (before is not None and before.status.running):
            change = 1 if after.status.running else -1
            self.running[after.plugin] = self.running.get(after.plugin, 0) + change
        if after.spec.unique:
            if after.tab is Tab.QUEUE:
                self.holders[after.spec.unique] = after.id
            elif self.holders.get(after.spec.unique) == after.id:
                del self.holders[after.spec.unique]
        if after.chain:
            for job in turns_come(before, after, self.jobs):
                self.move(job, LinkDone())

    def _gate(self, plugin: str) -> PluginGate:
        installed = self.installed.get(plugin)
        stored = self.snapshot.statistics.get((plugin, Tab.QUEUE))
        running = (stored.running if stored else 0) + self.running.get(plugin, 0)
        return PluginGate(
            paused=installed.paused if installed else plugin in self.snapshot.unreadable_plugins,
            running=running,
            limit=installed.limit if installed else None,
        )

    def change_plugin(self, plugin: InstalledPlugin) -> None:
        """Store the new state of a plugin; however often it changes in a group, it is written once."""
        loaded = self.snapshot.plugins.get(plugin.name)
        changed = plugin.model_copy(update={"rev": (loaded.rev if loaded else 0) + 1})
        self.installed[plugin.name] = self.plugins[plugin.name] = changed

    def change_operation(self, operation: Operation) -> None:
        """Store the new state of an operation."""
        self.operations[operation.id] = operation

    def change_replicas(self, one: ReplicaSet) -> None:
        """Store the new state of a set of replicas; it is written once."""
        loaded = self.snapshot.replicas.get(one.key)
        self.replicas[one.key] = one.model_copy(update={"rev": (loaded.rev if loaded else 0) + 1})
        self.forgotten_replicas.discard(one.key)

    def change_preset(self, one: Preset) -> None:
        """Store the new state of a preset; it is written once."""
        loaded = self.snapshot.presets.get(one.key)
        self.presets[one.key] = one.model_copy(update={"rev": (loaded.rev if loaded else 0) + 1})

    def forget_preset(self, key: str) -> None:
        """Remove a preset."""
        del self.presets[key]

    def decision(self) -> Decision:
        """Everything collected so far, as one decision."""
        pairs = [(before, self.jobs[job_id]) for job_id, before in self.touched.items()]
        logged = {block.job for block in self.logs}
        operations = [
            (before, after)
            for key, after in self.operations.items()
            if after is not (before := self.snapshot.operations.get(key))
        ]
        replicas = [one for key, one in self.replicas.items() if one is not self.snapshot.replicas.get(key)]
        return Decision(
            jobs=pairs,
            statistics=deltas(pairs),
            figures=figures_of(pairs),
            plugins=list(self.plugins.values()),
            runners=list(self.runners.values()),
            forgotten_runners=sorted(self.forgotten),
            reports=self.reports,
            replays=self.replays,
            settlements=self.settlements,
            withdrawals=self.withdrawals,
            logs=self.logs,
            files=self.files,
            audit=self.audit,
            operations=operations,
            access=self.register.plan(),
            replicas=replicas,
            forgotten_replicas=sorted(self.forgotten_replicas),
            presets=[one for key, one in self.presets.items() if one is not self.snapshot.presets.get(key)],
            forgotten_presets=sorted(self.snapshot.presets.keys() - self.presets.keys()),
            rules=list(self.rules.values()),
            removed_rules=sorted(self.removed_rules),
            notices=self.notices,
            notes=self.notes,
            removed_notes=self.removed_notes,
            effects=self.effects,
            changes=[
                *(change_of(before, after, logged=after.id in logged) for before, after in pairs),
                *(
                    change_of(self.jobs[one], self.jobs[one], logged=True)
                    for one in logged
                    if one in self.jobs and one not in self.touched
                ),
            ],
            changed_plugins=sorted({*self.plugins, *changed_replicas(self.snapshot.replicas, replicas)}),
            changed_operations=[one.id for _, one in operations],
            unknown=sorted(self.unknown - self.snapshot.unreadable),
        )


def decide(messages: Sequence[Inbound], snapshot: Snapshot, now: datetime) -> Decision:
    """Fold all messages over the snapshot."""
    group = GroupState(snapshot, now)
    for message in messages:
        group.take(message)
    return group.decision()
