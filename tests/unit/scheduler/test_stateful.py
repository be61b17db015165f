"""Anything may happen in any order: the scheduler's fold over the store in memory, driven by Hypothesis.

Two runners that may be restarted, lose answers and send everything twice or in another order; operators who
change their minds; time that passes. The invariants of ARCHITECTURE.md are checked after every group.
"""

from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from taskmanager.messages import (
    Advanced,
    AttemptReference,
    Cancelled,
    Claim,
    Command,
    Commit,
    Failed,
    Finished,
    Grant,
    HandedBack,
    Heartbeat,
    Hello,
    Inbound,
    JobCommand,
    PluginCommand,
    Progressed,
    Resumed,
    RunnerEvent,
    RunnerEvents,
    Submissions,
    Submit,
    Suspended,
    Unclaimed,
)
from taskmanager.model.control import JobAction, PluginAction, StopMode
from taskmanager.model.jobs import CancelMethod, Job, JobError, JobSpec
from taskmanager.model.manifest import PluginManifest, RetryPolicy
from taskmanager.model.states import Status, Tab
from taskmanager.ports.store import Needs, Snapshot
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.decisions.group_state import GroupState, decide
from taskmanager_scheduler.decisions.needs import needs_of
from taskmanager_scheduler.jobs.effects import AnswerRunner, SendTicket
from taskmanager_scheduler.jobs.events import LeaseEnded
from taskmanager_scheduler.jobs.moves import ticket_for
from taskmanager_testing.clock import SetClock
from taskmanager_testing.store import MemoryStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PLUGIN = "noop"
MANIFEST = PluginManifest(name=PLUGIN, title="Noop", job_type="NOOP", retry=RetryPolicy(attempts=2))
T = TypeVar("T")


@dataclass
class Runner:
    """What one runner knows: its attempts with the last `seq` it used, and what it has sent."""

    name: str
    life: int = 0
    attempts: dict[tuple[str, int], int] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)
    sent: list[RunnerEvents] = field(default_factory=list)

    def say(self, *events: RunnerEvent) -> None:
        instance = f"{self.name}-{self.life}"
        self.sent.append(RunnerEvents(plugin=PLUGIN, runner=self.name, instance=instance, events=events))

    @property
    def running(self) -> tuple[AttemptReference, ...]:
        return tuple(AttemptReference(job=job, attempt=attempt) for job, attempt in self.attempts)

    def hello(self) -> None:
        common = {"manifest": MANIFEST, "host": "h", "version": "1", "started_at": NOW}
        self.say(
            Hello.model_validate(
                {**common, "slots": 2, "transfers": 1, "running": self.running, "claims": tuple(self.claims)}
            )
        )


def done(work: Coroutine[Any, Any, T]) -> T:
    """The store in memory answers at once."""
    try:
        work.send(None)
    except StopIteration as answer:
        value: T = answer.value
        return value
    raise AssertionError("the store in memory had to wait")


class SchedulerMachine(RuleBasedStateMachine):
    """Everything that can reach the inbox."""

    @initialize()
    def begin(self) -> None:
        self.clock = SetClock(NOW)
        self.store = MemoryStore(self.clock)
        self.runners = [Runner("r1"), Runner("r2")]
        self.tickets: list[SendTicket] = []
        self.submitted: list[Submit] = []
        self.inbox: list[Inbound] = []
        self.dispatch_of: dict[str, tuple[str, int]] = {}
        self.started: dict[tuple[str, int], int] = {}
        self.numbers = 0
        for runner in self.runners:
            runner.hello()
            self.inbox += runner.sent
            runner.sent = []
        self.feed(len(self.inbox))

    # --- clients and operators

    @rule(priority=st.integers(0, 10), unique=st.sampled_from([None, None, "k"]))
    def submit(self, priority: int, unique: str | None) -> None:
        spec = JobSpec(plugin=PLUGIN, priority=priority, unique=unique, destination="/data/1")
        job = f"job-{len(self.submitted)}"
        self.submitted.append(Submit(job=job, client="c", submitted_at=self.clock.now(), spec=spec))
        self.inbox.append(self.submitted[-1])

    @rule(length=st.integers(2, 3), unique=st.sampled_from([None, None, "k"]))
    def submit_chain(self, length: int, unique: str | None) -> None:
        """Jobs that start one after the other; the first may turn out to be a duplicate."""
        first = len(self.submitted)
        chain = tuple(f"job-{first + number}" for number in range(length))
        for number, job in enumerate(chain):
            spec = JobSpec(plugin=PLUGIN, destination="/data/1", unique=None if number else unique)
            at = self.clock.now()
            self.submitted.append(Submit(job=job, client="c", submitted_at=at, spec=spec, chain=chain))
        self.inbox.append(Submissions(submissions=tuple(self.submitted[first:])))

    @precondition(lambda self: self.submitted)
    @rule(which=st.integers(0, 99))
    def submit_again(self, which: int) -> None:
        self.inbox.append(self.submitted[which % len(self.submitted)])

    @precondition(lambda self: self.submitted)
    @rule(which=st.integers(0, 99), action=st.sampled_from(JobAction), priority=st.integers(0, 10))
    def change_job(self, which: int, action: JobAction, priority: int) -> None:
        job = self.submitted[which % len(self.submitted)].job
        wanted = priority if action is JobAction.PRIORITY else None
        self.command(JobCommand(job=job, action=action, priority=wanted))

    @rule(
        action=st.sampled_from([PluginAction.STOP, PluginAction.RESTART, PluginAction.LIMIT]),
        mode=st.sampled_from(StopMode),
        limit=st.sampled_from([None, 1, 2]),
    )
    def change_plugin(self, action: PluginAction, mode: StopMode, limit: int | None) -> None:
        wanted = limit if action is PluginAction.LIMIT else None
        self.command(PluginCommand(plugin=PLUGIN, action=action, mode=mode, max_running=wanted))

    def command(self, order: JobCommand | PluginCommand) -> None:
        self.numbers += 1
        identifier = f"c-{self.numbers}"
        at = self.clock.now()
        self.inbox.append(Command(id=identifier, gateway="g", actor="anna", at=at, order=order))

    # --- runners

    @precondition(lambda self: self.tickets)
    @rule(which=st.integers(0, 1), ticket=st.integers(0, 99), keep=st.booleans())
    def take_ticket(self, which: int, ticket: int, *, keep: bool) -> None:
        """Claim a job; a ticket that is kept is a doubled one."""
        number = ticket % len(self.tickets)
        taken = self.tickets[number]
        if not keep:
            del self.tickets[number]
        self.numbers += 1
        claim = Claim(job=taken.job, dispatch=taken.dispatch, claim_id=f"claim-{self.numbers}")
        self.dispatch_of[claim.claim_id] = (taken.job, taken.dispatch)
        self.runners[which].claims[claim.claim_id] = claim
        self.runners[which].say(claim)

    @precondition(lambda self: any(runner.attempts for runner in self.runners))
    @rule(which=st.integers(0, 99), what=st.integers(0, 8), skip=st.booleans())
    def work(self, which: int, what: int, *, skip: bool) -> None:
        """A runner says something of an attempt, sensible or not."""
        everything = [(one, attempt) for one in self.runners for attempt in one.attempts]
        runner, (job, attempt) = everything[which % len(everything)]
        runner.attempts[job, attempt] += 2 if skip else 1
        common: dict[str, Any] = {"job": job, "attempt": attempt, "seq": runner.attempts[job, attempt]}
        error = JobError(message="no", kind="x", temporary=skip)
        events: list[RunnerEvent] = [
            Advanced(**common, status=Status.PROCESSING),
            Advanced(**common, status=Status.UPLOAD),
            Progressed.model_validate({**common, "progress": {"percent": 50}}),
            Commit(**common),
            Finished(**common, files=2, bytes=20),
            Failed(**common, error=error, crashed=not skip),
            Suspended(**common),
            Resumed(**common),
            Cancelled(**common, method=CancelMethod.SIGTERM),
        ]
        runner.say(events[what])

    @precondition(lambda self: any(runner.attempts for runner in self.runners))
    @rule(which=st.integers(0, 99), what=st.sampled_from(["hand back", "return", "forget"]))
    def let_go(self, which: int, what: str) -> None:
        everything = [(one, attempt) for one in self.runners for attempt in one.attempts]
        runner, (job, attempt) = everything[which % len(everything)]
        del runner.attempts[job, attempt]
        if what == "hand back":
            runner.say(HandedBack(job=job, attempt=attempt))
        dispatch = next(
            (of[1] for of, begun in self.started.items() if of[0] == job and begun == attempt), None
        )
        if what == "return" and dispatch is not None:
            turn = self.store.jobs[job].turn
            runner.say(Unclaimed(job=job, attempt=attempt, turn=turn))
            self.inbox += runner.sent  # the ticket goes back once the inbox has it
            runner.sent = []
            self.tickets.append(SendTicket(PLUGIN, job, dispatch, turn, owed=True))
            del self.started[job, dispatch]

    @rule(which=st.integers(0, 1))
    def beat(self, which: int) -> None:
        runner = self.runners[which]
        busy = len(runner.attempts)
        runner.say(Heartbeat(slots=2, busy=busy, running=runner.running, claims=tuple(runner.claims)))

    @rule(which=st.integers(0, 1), restarted=st.booleans())
    def greet(self, which: int, *, restarted: bool) -> None:
        runner = self.runners[which]
        if restarted:
            runner.life += 1
            runner.attempts, runner.claims = {}, {}
        runner.hello()

    # --- messages

    @precondition(lambda self: any(runner.sent for runner in self.runners))
    @rule(which=st.integers(0, 99), fate=st.sampled_from(["once", "once", "twice", "lost", "later"]))
    def transport(self, which: int, fate: str) -> None:
        """What a runner sent comes to the inbox; `later`: something it sent after it comes first."""
        senders = [runner for runner in self.runners if runner.sent]
        runner = senders[which % len(senders)]
        message = runner.sent.pop(1 if fate == "later" and len(runner.sent) > 1 else 0)
        self.inbox += [message] * {"twice": 2, "lost": 0}.get(fate, 1)

    @precondition(lambda self: self.inbox)
    @rule(count=st.sampled_from([1, 1, 1, 2, 6]), again=st.sampled_from([False, False, True]))
    def feed(self, count: int, *, again: bool = False) -> None:
        """One group is stored and carried out; `again`: the scheduler died before it acknowledged."""
        group = self.inbox[:count]
        if not again:
            del self.inbox[:count]
        before, paused = dict(self.store.jobs), self.paused()
        outcome = done(
            self.store.apply(needs_of(group), lambda snapshot: decide(group, snapshot, self.clock.now()))
        )
        self.check_jobs(before, group)
        self.check_grants(outcome, group, before, paused=paused)
        self.carry_out(outcome)

    @rule()
    def all_goes_well(self) -> None:
        """Everything said so far arrives, one message a group."""
        for runner in self.runners:
            self.inbox += runner.sent
            runner.sent = []
        while self.inbox:
            self.feed(1)

    @precondition(lambda self: self.tickets)
    @rule(which=st.integers(0, 1))
    def start_a_job(self, which: int) -> None:
        """A ticket, its claim, the grant and the first word, without a fault between."""
        self.take_ticket(which, len(self.tickets) - 1, keep=False)
        self.all_goes_well()
        for (job, attempt), seq in self.runners[which].attempts.items():
            if seq == 0:
                self.runners[which].attempts[job, attempt] = 1
                common: dict[str, Any] = {"job": job, "attempt": attempt, "seq": 1}
                self.runners[which].say(Advanced(**common, status=Status.PROCESSING))

    # --- what the scheduler finds by itself

    @rule(seconds=st.sampled_from([1, 30, 61, 600]))
    def time_passes(self, seconds: int) -> None:
        self.clock.moment += timedelta(seconds=seconds)

    @rule()
    def end_leases(self) -> None:
        now, before = self.clock.now(), dict(self.store.jobs)

        def ended(snapshot: Snapshot) -> Decision:
            fold = GroupState(snapshot, now)
            for job in sorted(snapshot.jobs):
                fold.move(job, LeaseEnded())
            return fold.decision()

        outcome = done(self.store.apply(Needs(leases_before=now), ended))
        self.check_jobs(before, ())
        self.carry_out(outcome)

    @rule()
    def make_tickets_again(self) -> None:
        late = self.clock.now() + timedelta(milliseconds=1)
        waiting = done(self.store.waiting(PLUGIN, before=late, after=None, limit=100))
        self.tickets += [ticket_for(job) for job in waiting]

    @precondition(lambda self: self.tickets)
    @rule()
    def purge(self) -> None:
        self.tickets.clear()

    def carry_out(self, outcome: Decision) -> None:
        for effect in outcome.effects:
            if isinstance(effect, SendTicket):
                self.tickets.append(effect)
            elif isinstance(effect, AnswerRunner) and isinstance(effect.reply, Grant):
                self.take_grant(effect, effect.reply)

    def take_grant(self, answer: AnswerRunner, grant: Grant) -> None:
        """An answer to an earlier life of the runner, or one nobody waits for, changes nothing there."""
        [runner] = [one for one in self.runners if one.name == answer.runner]
        if answer.instance == f"{runner.name}-{runner.life}" and grant.claim_id in runner.claims:
            del runner.claims[grant.claim_id]
            runner.attempts[grant.job, grant.attempt] = 0

    # --- what must hold

    def paused(self) -> bool:
        installed = self.store.installed.get(PLUGIN)
        return installed.paused if installed else False

    def check_jobs(self, before: dict[str, Job], group: Sequence[Inbound]) -> None:
        retried = {order.job for order in job_orders(group) if order.action is JobAction.RETRY}
        released = {order.job for order in job_orders(group) if order.action is JobAction.RELEASE}
        for job in self.store.jobs.values():
            was = before.get(job.id)
            if was is None or was == job:
                continue
            assert job.rev > was.rev
            assert job.attempt >= was.attempt, "I3"
            assert job.dispatch >= was.dispatch, "I3"
            assert job.attempt > was.attempt or job.seq >= was.seq or job.owner is None, "I3"
            assert was.status is not Status.DONE, "I4"
            assert not was.status.final or job.id in retried, "I4, I10"
            if was.follows is not None and job.follows is None:
                done_before = self.store.jobs[was.follows].status is Status.DONE
                assert done_before or job.id in released, "it started before its turn in the chain"
        for name, attempt in old_attempts(before, group):
            assert len(group) > 1 or self.store.jobs[name] == before[name], f"I5: attempt {attempt}"

    def check_grants(
        self, outcome: Decision, group: Sequence[Inbound], before: dict[str, Job], *, paused: bool
    ) -> None:
        for effect in outcome.effects:
            if isinstance(effect, AnswerRunner) and isinstance(effect.reply, Grant):
                started = self.dispatch_of[effect.reply.claim_id]
                assert started[0] == effect.reply.job
                first = self.started.setdefault(started, effect.reply.attempt)
                assert first == effect.reply.attempt, "I6: one dispatch, two attempts"
        restarts = any(order.action is PluginAction.RESTART for order in plugin_orders(group))
        if paused and not restarts:
            grown = [job.id for job in self.store.jobs.values() if grew(before.get(job.id), job)]
            assert not grown, "I9: started although the plugin is stopped"

    @invariant()
    def statistics_equal_a_recount(self) -> None:
        if not hasattr(self, "store"):
            return
        jobs = self.store.jobs.values()
        recount = Counter((job.tab, job.status) for job in jobs)
        counted = {
            (one.tab, status): number
            for one in self.store.statistics.values()
            for status, number in one.statuses.items()
            if number
        }
        assert counted == dict(recount), "I8"
        ended = [job for job in jobs if job.tab is Tab.DONE]
        stored = self.store.statistics.get((PLUGIN, Tab.DONE))
        assert (stored.files if stored else 0) == sum(job.files for job in ended), "I8"

    @invariant()
    def an_owner_means_a_lease(self) -> None:
        for job in self.store.jobs.values() if hasattr(self, "store") else ():
            assert (job.owner is None) == (job.lease is None)
            assert not job.status.running or job.owner is not None
            assert job.owner is None or job.status.running or job.status is Status.PAUSED

    @invariant()
    def who_follows_has_not_begun(self) -> None:
        for job in self.store.jobs.values() if hasattr(self, "store") else ():
            if job.follows is not None:
                assert (job.attempt, job.owner, job.ticket_due) == (0, None, None)
                assert job.status in {Status.PAUSED, Status.CANCELLED}
                ahead = self.store.jobs[job.follows]
                assert job.status.final or ahead.status is not Status.DONE, "its turn has come"

    @invariant()
    def a_unique_key_has_one_active_job(self) -> None:
        if hasattr(self, "store"):
            active = [job for job in self.store.jobs.values() if job.spec.unique and job.tab is Tab.QUEUE]
            assert len(active) <= 1, "I15"

    def teardown(self) -> None:
        """Once faults stop every job reaches an end, or waits for an operator or for another job (I1)."""
        if not hasattr(self, "store"):
            return
        self.inbox += [message for runner in self.runners for message in runner.sent]
        for runner in self.runners:
            runner.sent = []
        self.command(PluginCommand(plugin=PLUGIN, action=PluginAction.RESTART))
        self.command(PluginCommand(plugin=PLUGIN, action=PluginAction.LIMIT, max_running=None))
        self.drain()
        for _ in range(40):
            if all(map(self.is_settled, self.store.jobs.values())):
                break
            self.clock.moment += timedelta(hours=1)
            self.end_leases()
            self.make_tickets_again()
            self.run_everything()
        assert {one.job for one in self.submitted} == self.store.jobs.keys(), "I1"
        assert all(map(self.is_settled, self.store.jobs.values())), "I1"

    def is_settled(self, job: Job) -> bool:
        """Whether it waits for nothing that comes by itself."""
        before = self.store.jobs[job.follows] if job.follows is not None else None
        return job.status.final or job.held is not None or (before is not None and self.is_settled(before))

    def drain(self) -> None:
        while self.inbox:
            self.feed(6)

    def run_everything(self) -> None:
        """A fresh runner that does all it is given."""
        worker = self.runners[0]
        worker.attempts, worker.claims = {}, {}
        worker.life += 1
        worker.hello()
        tickets, self.tickets = self.tickets, []
        for ticket in tickets:
            self.tickets.append(ticket)
            self.take_ticket(0, len(self.tickets) - 1, keep=False)
        self.deliver(worker)
        for job, attempt in list(worker.attempts):
            common: dict[str, Any] = {"job": job, "attempt": attempt}
            worker.say(Advanced(**common, seq=1, status=Status.PROCESSING), Commit(**common, seq=2))
            worker.say(Finished(**common, seq=3, files=1, bytes=1))
        self.deliver(worker)

    def deliver(self, runner: Runner) -> None:
        self.inbox += runner.sent
        runner.sent = []
        self.drain()


def job_orders(group: Sequence[Inbound]) -> list[JobCommand]:
    orders = [message.order for message in group if isinstance(message, Command)]
    return [order for order in orders if isinstance(order, JobCommand)]


def plugin_orders(group: Sequence[Inbound]) -> list[PluginCommand]:
    orders = [message.order for message in group if isinstance(message, Command)]
    return [order for order in orders if isinstance(order, PluginCommand)]


def grew(was: Job | None, job: Job) -> bool:
    return job.attempt > (was.attempt if was else 0)


def old_attempts(before: dict[str, Job], group: Sequence[Inbound]) -> list[tuple[str, int]]:
    """What is said of attempts that are over, except by heartbeats and hellos, which are lists."""
    events = [event for message in group if isinstance(message, RunnerEvents) for event in message.events]
    return [
        (event.job, event.attempt)
        for event in events
        if isinstance(event, AttemptReference)
        and event.job in before
        and event.attempt < before[event.job].attempt
    ]


TestScheduler = SchedulerMachine.TestCase
TestScheduler.settings = settings(
    max_examples=150,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
