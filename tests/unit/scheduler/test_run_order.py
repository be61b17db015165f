"""Jobs start in the order in which they are shown, whatever made their tickets; checked with drawn histories.

The queue is that of RabbitMQ as measured: strictly by priority, then by the order of publishing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from taskmanager.messages import (
    Claim,
    Command,
    Failed,
    Heartbeat,
    Hello,
    Inbound,
    JobCommand,
    RunnerEvents,
    StartOperation,
    Submit,
    decode_tickets,
)
from taskmanager.messages.topology import Topology
from taskmanager.model.control import JobAction
from taskmanager.model.jobs import Job, JobError, JobSpec
from taskmanager.model.manifest import PluginManifest, RetryPolicy
from taskmanager.model.operations import JobFilter
from taskmanager.model.states import Status
from taskmanager_scheduler.background.sweeper import TicketSweep
from taskmanager_scheduler.decisions.group_state import decide
from taskmanager_scheduler.decisions.needs import needs_of
from taskmanager_scheduler.decisions.run_order import RunOrderedStore, place_of
from taskmanager_scheduler.effects.dispatcher import Dispatcher
from taskmanager_scheduler.effects.tickets import note_tickets
from taskmanager_scheduler.operations.steps import Steps
from taskmanager_scheduler.operations.worker import OperationWorker
from taskmanager_testing.clock import SetClock
from taskmanager_testing.publisher import FakePublisher, Published
from taskmanager_testing.store import MemoryStore

TOPOLOGY = Topology()
PAGE = 3
EARLY = 3
"""Fewer than are submitted at most at a time."""
MANIFEST = PluginManifest(
    name="noop", title="Nothing", job_type="NOOP", retry=RetryPolicy(attempts=5, first_wait_seconds=1)
)
JOBS = st.integers(min_value=0, max_value=11)
CHOSEN = st.lists(JOBS, min_size=1, max_size=6, unique=True)
STEPS = st.one_of(
    st.tuples(st.just("submit"), st.lists(st.uuids(), min_size=1, max_size=5)),
    st.tuples(st.sampled_from([JobAction.HOLD, JobAction.RELEASE, JobAction.NEXT, JobAction.CANCEL]), CHOSEN),
    st.tuples(st.sampled_from([JobAction.RETRY, JobAction.PRIORITY]), CHOSEN),
    st.tuples(st.sampled_from(["run", "fail", "fail for now", "lose"]), CHOSEN),
    st.tuples(
        st.sampled_from(["all hold", "all release", "all priority", "all cancel", "all retry"]), st.just([])
    ),
    st.tuples(st.sampled_from(["wait", "purge"]), st.just([])),
)


class World:
    """A scheduler's parts over a store and a queue in memory."""

    def __init__(self) -> None:
        self.clock = SetClock(datetime(2026, 1, 1, tzinfo=UTC))
        self.store = MemoryStore(self.clock)
        self.lineup = RunOrderedStore(self.store)
        self.queue: list[Published] = []
        self.publisher = FakePublisher(self.queue.append)
        self.dispatcher = Dispatcher(self.publisher, TOPOLOGY, self._declare, early_tickets=EARLY)
        self.operations = OperationWorker(
            self.lineup,
            self.dispatcher,
            self.clock,
            Steps(PAGE, lambda: False),
            active_for=timedelta(hours=1),
        )
        self.sweep = TicketSweep(
            self.lineup,
            self.dispatcher,
            self.clock,
            missing_after=timedelta(seconds=1),
            waiting_messages=self._waiting,
        )
        self.ids: list[str] = []

    async def _declare(self, _: str) -> None:
        pass

    async def _waiting(self, _: str) -> int:
        return len(self._tickets())

    def _tickets(self) -> list[Published]:
        return [one for one in self.queue if one.exchange == TOPOLOGY.dispatch]

    async def take(self, *messages: Inbound) -> None:
        """One group of the inbox."""
        now = self.clock.now()
        outcome = await self.lineup.apply(
            needs_of(messages), lambda snapshot: decide(messages, snapshot, now)
        )
        sent = await self.dispatcher.carry_out(outcome)
        await note_tickets(self.lineup, self.clock, outcome.effects, sent)

    async def greet(self) -> None:
        hello = Hello(
            manifest=MANIFEST,
            host="h",
            version="1",
            slots=1,
            transfers=1,
            started_at=self.clock.now(),
            running=(),
        )
        await self.take(self.said(hello))

    def said(self, *events: object) -> RunnerEvents:
        return RunnerEvents.model_validate(
            {"plugin": "noop", "runner": "r1", "instance": "a", "events": events}
        )

    def want_blocks(self, size: int) -> None:
        """As the runner says with whatever it sends."""
        self.dispatcher.block_sizes.heard(self.said().model_copy(update={"tickets_a_message": size}))

    async def submit(self, new: Sequence[UUID]) -> None:
        """As the inbox does: some of their tickets are sent early, the others once they are stored."""
        now, spec = self.clock.now(), JobSpec(plugin="noop")
        found = [Submit(job=str(one), client="c", submitted_at=now, spec=spec) for one in new]
        self.ids += [one.job for one in found]
        self.dispatcher.early.arrived(found)
        await self.take(*found)
        self.dispatcher.early.settled(found)

    async def act(self, step: str, chosen: Sequence[int]) -> None:
        jobs = [self.store.jobs[self.ids[one]] for one in chosen if one < len(self.ids)]
        match step:
            case JobAction():
                await self.take(*(self.command(step, job) for job in jobs))
            case "wait":
                await self.sweeps(timedelta(minutes=5))
            case "purge":
                # with nothing owed: a ticket that comes into a purged queue hides that the others are missing
                await self.sweeps(timedelta(minutes=5))
                self.queue.clear()
                await self.sweeps(timedelta(seconds=10))
            case "run" | "fail" | "fail for now" | "lose":
                await self.run(jobs, step)
            case _:
                await self.all(JobAction(step.removeprefix("all ")))

    async def sweeps(self, passing: timedelta) -> None:
        self.clock.moment += passing
        await self.sweep.run_once()
        await self.sweep.run_once()

    async def run(self, jobs: Sequence[Job], how: str) -> None:
        waiting = [job for job in jobs if job.status is Status.STARTED and job.not_before is None]
        claims = [Claim(job=one.id, dispatch=one.dispatch, claim_id=uuid4().hex) for one in waiting]
        if not claims:
            return
        await self.take(self.said(*claims))
        if how == "lose":
            await self.take(self.said(Heartbeat(busy=0, slots=1, running=())))
        elif how != "run":
            error = JobError(message="bad", kind="Test", temporary=how == "fail for now")
            failed = [
                Failed(job=one.id, attempt=self.store.jobs[one.id].attempt, seq=1, crashed=False, error=error)
                for one in waiting
            ]
            await self.take(self.said(*failed))

    def command(self, action: JobAction, job: Job) -> Command:
        priority = 9 if action is JobAction.PRIORITY else None
        return self.ordered(JobCommand(job=job.id, action=action, priority=priority))

    def ordered(self, order: JobCommand | StartOperation) -> Command:
        return Command(id=uuid4().hex, gateway="g", actor="anna", at=self.clock.now(), order=order)

    async def all(self, action: JobAction) -> None:
        priority = 2 if action is JobAction.PRIORITY else None
        await self.take(
            self.ordered(
                StartOperation(
                    operation=uuid4().hex,
                    action=action,
                    priority=priority,
                    filter=JobFilter(plugin="noop"),
                    fingerprint=uuid4().hex,
                )
            )
        )
        while await self.operations.run_once():
            pass

    def shown(self) -> list[str]:
        """The waiting jobs as lists show them; those that back off have no ticket yet."""
        waiting = [job for job in self.store.jobs.values() if job.status is Status.STARTED]
        return [job.id for job in sorted(waiting, key=place_of) if job.not_before is None]

    def starting(self) -> list[str]:
        """The jobs whose tickets are good, as the broker would hand them out."""
        found: dict[str, None] = {}
        for one in sorted(self._tickets(), key=lambda one: -one.priority):
            for ticket in decode_tickets(one.body).tickets:
                job = self.store.jobs[ticket.job]
                current = job.dispatch == ticket.dispatch
                if job.status is Status.STARTED and current and job.not_before is None:
                    found.setdefault(job.id)
        return list(found)


@settings(deadline=None, max_examples=150)
@given(st.lists(STEPS, min_size=1, max_size=12), st.sampled_from([1, 1, 2, 4]))
def test_run_order_is_shown_order(steps: list[tuple[str, list[int]]], block: int) -> None:
    async def play() -> None:
        world = World()
        await world.greet()
        world.want_blocks(block)
        for step, chosen in steps:
            play_one: Callable[[], Awaitable[None]] = (
                (lambda new=chosen: world.submit(new))  # type: ignore[misc]
                if step == "submit"
                else (lambda name=step, which=chosen: world.act(name, which))  # type: ignore[misc]
            )
            await play_one()
            assert world.starting() == world.shown()

    asyncio.run(play())


def test_jobs_retried_together_start_as_they_are_shown() -> None:
    async def play() -> None:
        world = World()
        await world.greet()
        await world.submit([UUID(int=number) for number in (3, 1, 2, 9, 5)])
        first = world.shown()
        await world.all(JobAction.CANCEL)
        await world.all(JobAction.RETRY)
        assert world.starting() == world.shown() == first

    asyncio.run(play())
