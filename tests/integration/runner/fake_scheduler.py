"""A fake scheduler for tests of the runner: the real transitions over a dictionary, behind the real broker.

It keeps everything it received, and can be set to be silent, to refuse, or to revoke an attempt.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from taskmanager.errors import BrokerUnavailableError
from taskmanager.messages import (
    AttemptDesiredState,
    AttemptReference,
    Claim,
    FilesRecorded,
    Grant,
    Heartbeat,
    Hello,
    Logged,
    Notice,
    Reply,
    RunnerEvents,
    RunnerOrders,
    RunnerReplies,
    Submissions,
    Submit,
    Ticket,
    decode_inbox,
)
from taskmanager.messages.topology import Topology
from taskmanager.model.control import JobAction
from taskmanager.model.jobs import Attribution, FileRecord, Job, JobSpec
from taskmanager.model.reasons.history import NOT_HEARD
from taskmanager.model.states import Status
from taskmanager.ports.broker import Delivery
from taskmanager.rabbit import Broker, declare_plugin
from taskmanager_scheduler.jobs.desired_state import desired_state
from taskmanager_scheduler.jobs.effects import AnswerRunner, NudgeRunner, SendTicket
from taskmanager_scheduler.jobs.events import (
    OperatorRequest,
    Orphaned,
    PluginGate,
    Renewed,
    Sender,
    TransitionContext,
)
from taskmanager_scheduler.jobs.transitions import transition
from taskmanager_testing.waiting import eventually_async

LEASE_SECONDS = 60.0


class FakeScheduler:
    """Receives runners' messages and answers them."""

    def __init__(self, url: str, topology: Topology) -> None:
        self.jobs: dict[str, Job] = {}
        self.heard: list[Any] = []
        self.statuses: dict[str, list[Status]] = {}
        self.mute: Callable[[Any], bool] = lambda _: False
        """Events it pretends not to have received."""
        self.paused = False
        self.draining = False
        self.hand_back_seconds: float | None = None
        self.lease_seconds = LEASE_SECONDS
        self.kill: set[str] = set()
        self._topology = topology
        self._publishing, self._consuming = Broker(url, "desk publish"), Broker(url, "desk consume")
        self._publisher = self._publishing.publisher()
        self._inbox = self._consuming.subscribe(topology.inbox, self._deliver, prefetch=1000)
        self._work_task: asyncio.Task[None] | None = None
        self._queue: asyncio.Queue[Delivery] = asyncio.Queue()

    @asynccontextmanager
    async def open(self, plugin: str) -> AsyncIterator["FakeScheduler"]:
        """Work until the block ends."""
        stop = asyncio.Event()
        tasks = [asyncio.create_task(part.run(stop)) for part in (self._publishing, self._consuming)]
        self._work_task = asyncio.create_task(self._work())
        await self.until(lambda: self._publisher.ready and self._inbox.ready)
        channel = await self._publishing.channel()
        self._plugin = plugin
        await declare_plugin(channel, self._topology, plugin)
        channel.close()
        try:
            yield self
        finally:
            stop.set()
            self._work_task.cancel()
            await asyncio.gather(*tasks, self._work_task, return_exceptions=True)

    async def until(self, true: Callable[[], object], seconds: float = 30) -> None:
        """Wait until a condition is true."""

        async def look() -> bool:
            if self._work_task is not None and self._work_task.done():
                self._work_task.result()
            return bool(true())

        try:
            await eventually_async(look, within_seconds=seconds)
        except AssertionError:
            tail = "\n".join(repr(event)[:300] for event in self.heard[-12:])
            message = f"not true within {seconds} s; jobs {self.statuses}; heard last:\n{tail}"
            raise AssertionError(message) from None

    async def submit(self, plugin: str, parameters: Mapping[str, Any] | None = None, **fields: Any) -> str:
        """A job as the gateway submits it; returns its id."""
        spec = JobSpec(plugin=plugin, parameters=dict(parameters or {}), **fields)
        job = str(uuid4())
        submit = Submit(job=job, client="test", submitted_at=datetime.now(UTC), spec=spec)
        body = Submissions(submissions=(submit,)).encode()
        await self._publisher.publish(self._topology.submit, self._topology.submissions_key, body)
        return job

    def status(self, job: str) -> Status | None:
        """The status of a job."""
        return self.jobs[job].status if job in self.jobs else None

    def is_processing(self, job: str) -> bool:
        """Whether its plugin is working."""
        return self.status(job) is Status.PROCESSING

    async def ended(self, job: str, seconds: float = 30) -> Job:
        """The job once it is final."""
        await self.until(lambda: job in self.jobs and self.jobs[job].status.final, seconds)
        return self.jobs[job]

    def log_of(self, job: str) -> list[str]:
        """The lines of a job's log."""
        blocks = [event for event in self.heard if isinstance(event, Logged) and event.job == job]
        return [line.text for block in blocks for line in block.lines]

    def files_of(self, job: str, attempt: int) -> dict[int, FileRecord]:
        """What an attempt reported about files, by their numbers."""
        blocks = [one for one in self.events(FilesRecorded, job) if one.attempt == attempt]
        return {number: file for block in blocks for number, file in enumerate(block.files, block.first)}

    def events(self, kind: type[Any], job: str | None = None) -> list[Any]:
        """The events received of one kind."""
        found = (event for event in self.heard if isinstance(event, kind))
        return [event for event in found if job is None or event.job == job]

    def _deliver(self, delivery: Delivery) -> None:
        self._queue.put_nowait(delivery)

    async def _work(self) -> None:
        while True:
            delivery = await self._queue.get()
            try:
                await self._on_message(decode_inbox(delivery.body))
            except BrokerUnavailableError:
                continue  # not acknowledged: it comes again once the broker is back
            self._inbox.ack(delivery)

    async def _on_message(self, message: Any) -> None:
        if isinstance(message, Submissions):
            for submit in message.submissions:
                await self._send_tickets(self._move(submit.job, submit, "", ""))
        elif isinstance(message, RunnerEvents):
            await self._on_events(message)

    async def _on_events(self, message: RunnerEvents) -> None:
        replies: list[Reply] = []
        for event in message.events:
            self.heard.append(event)
            if self.mute(event):
                continue
            if isinstance(event, Hello):
                await self._requeue_lost(event, message)
            if isinstance(event, Hello | Heartbeat):
                replies.append(self._orders(event, message))
            elif not isinstance(event, Logged | FilesRecorded):
                replies += await self._react(event, message)
        if replies:
            key = self._topology.runner_key(message.plugin, message.runner)
            body = RunnerReplies(instance=message.instance, replies=tuple(replies)).encode()
            await self._publisher.publish(self._topology.answers, key, body)

    async def _react(self, event: Any, message: RunnerEvents) -> list[Reply]:
        effects = self._move(event.job, event, message.runner, message.instance)
        await self._send_tickets(effects)
        replies = [effect.reply for effect in effects if isinstance(effect, AnswerRunner)]
        lease = {"lease_seconds": self.lease_seconds}
        return [reply.model_copy(update=lease) if isinstance(reply, Grant) else reply for reply in replies]

    async def intervene(self, job: str, action: JobAction) -> None:
        """Apply an operator's command; its runner is told to ask for orders."""
        note = Attribution(by="operator", at=datetime.now(UTC))
        effects = self._move(job, OperatorRequest(action, note), "", "")
        await self._send_tickets(effects)
        for effect in effects:
            if isinstance(effect, NudgeRunner):
                key = self._topology.runner_key(effect.plugin, effect.runner)
                await self._publisher.publish(self._topology.answers, key, Notice().encode())

    async def drain(self, *, wanted: bool = True, hand_back_seconds: float | None = None) -> None:
        """Drain the runner `r1` or end its drain; it is told to ask for orders."""
        self.draining, self.hand_back_seconds = wanted, hand_back_seconds
        await self._publisher.publish(
            self._topology.answers, self._topology.runner_key(self._plugin, "r1"), Notice().encode()
        )

    async def ticket(self, plugin: str, job: str, dispatch: int, priority: int = 5) -> None:
        """Put a ticket into a plugin's queue."""
        body = Ticket(job=job, dispatch=dispatch).encode()
        await self._publisher.publish(self._topology.dispatch, plugin, body, priority=priority)

    async def _send_tickets(self, effects: Sequence[Any]) -> None:
        for effect in effects:
            if isinstance(effect, SendTicket):
                await self.ticket(effect.plugin, effect.job, effect.dispatch, effect.priority)

    async def _requeue_lost(self, hello: Hello, message: RunnerEvents) -> None:
        named = {(reference.job, reference.attempt) for reference in hello.running}
        for job in list(self.jobs.values()):
            mine = job.owner == message.runner and job.status.running
            if mine and (job.id, job.attempt) not in named and job.claim_id not in hello.claims:
                await self._react_to(job.id, Orphaned(crashed=False, why=NOT_HEARD()), message)

    async def _react_to(self, job: str, event: Any, message: RunnerEvents) -> None:
        await self._send_tickets(self._move(job, event, message.runner, message.instance))

    def _orders(self, event: Hello | Heartbeat, message: RunnerEvents) -> RunnerOrders:
        renewed: list[AttemptReference] = []
        kill: list[AttemptReference] = []
        for reference in event.running:
            before = self.jobs.get(reference.job)
            self._move(reference.job, Renewed(reference.attempt), message.runner, message.instance)
            ours = self.jobs.get(reference.job) is not before and reference.job not in self.kill
            (renewed if ours else kill).append(AttemptReference(job=reference.job, attempt=reference.attempt))
        return RunnerOrders(
            paused=self.paused,
            draining=self.draining,
            hand_back_seconds=self.hand_back_seconds,
            lease_seconds=self.lease_seconds,
            renewed=tuple(renewed),
            kill=tuple(kill),
            wishes=tuple(self._desired(renewed)),
        )

    def _desired(self, attempts: list[AttemptReference]) -> Iterator[AttemptDesiredState]:
        for attempt in attempts:
            if state := desired_state(self.jobs[attempt.job], None):
                yield AttemptDesiredState(job=attempt.job, attempt=attempt.attempt, wish=state)

    def _move(self, job: str, event: Any, runner: str, instance: str) -> tuple[Any, ...]:
        gate = PluginGate(paused=self.paused, running=0, limit=None)
        at = TransitionContext(datetime.now(UTC), Sender(runner, instance, ""), gate, None)
        step = transition(self.jobs.get(job), event, at)
        if step.job is not None:
            self.jobs[job] = step.job
            seen = self.statuses.setdefault(job, [])
            if not seen or seen[-1] is not step.job.status:
                seen.append(step.job.status)
        return step.effects

    def claims_of(self, job: str) -> list[Claim]:
        """The claims received for a job."""
        return self.events(Claim, job)
