"""The runner: connects slots, claims, attempts and the scheduler's answers. Decides no job's state."""

import asyncio
from datetime import timedelta

from taskmanager.errors import InvalidMessageError
from taskmanager.messages import (
    CommitVerdict,
    Grant,
    HandedBack,
    Notice,
    Refusal,
    Reply,
    RunnerOrders,
    RunnerReplies,
    decode_control,
)
from taskmanager.ports.broker import Delivery, Lanes
from taskmanager.process.lifecycle import every
from taskmanager.process.logs import get_logger
from taskmanager_plugin_runner.at_work.at_work import AtWork
from taskmanager_plugin_runner.at_work.draining import Draining
from taskmanager_plugin_runner.attempt.limit_watch import LOOK
from taskmanager_plugin_runner.attempt.outcomes import AttemptOutcome
from taskmanager_plugin_runner.attempt.services import AttemptServices
from taskmanager_plugin_runner.attempt.transfer_limit import TransferLimit
from taskmanager_plugin_runner.clock import elapsed_seconds
from taskmanager_plugin_runner.messaging.claims import Claims, Patience
from taskmanager_plugin_runner.messaging.heartbeats import Heartbeats, RunnerIdentity
from taskmanager_plugin_runner.messaging.horizon import Horizon
from taskmanager_plugin_runner.messaging.leases import Leases, reference
from taskmanager_plugin_runner.messaging.outbox import Outbox
from taskmanager_plugin_runner.metrics import BUSY
from taskmanager_plugin_runner.pipeline.capacity import Capacity
from taskmanager_plugin_runner.pipeline.places import Places
from taskmanager_plugin_runner.settings import RunnerSettings
from taskmanager_plugin_runner.slot.process import SlotProcess
from taskmanager_plugin_runner.slot_protocol import SlotOptions
from taskmanager_plugin_runner.system.control_groups import Groups
from taskmanager_plugin_runner.system.processes import processors_of

WATCH = timedelta(seconds=1)
LOOK_AHEAD = timedelta(milliseconds=250)
KILL_SECONDS = 5.0
"""How long before the end of its lease an attempt with outside effects is killed."""
UNDO_LIMIT = timedelta(seconds=5)
"""Time after the drain for killing attempts and restoring folders."""
FLUSH_LIMIT = timedelta(seconds=5)

log = get_logger(__name__)


class Runner:
    """Runs the jobs of one plugin."""

    def __init__(
        self,
        identity: RunnerIdentity,
        settings: RunnerSettings,
        options: SlotOptions,
        outbox: Outbox,
        lanes: Lanes,
        groups: Groups | None = None,
    ) -> None:
        """`options` are for the slot processes, which `groups` contain if the system provides any."""
        self._identity, self._settings, self._outbox = identity, settings, outbox
        self._plugin = identity.manifest.name
        self._leases = Leases(settings.heartbeat)
        self._places = Places(identity.slots)
        processors = [processors_of(place, identity.manifest.processors) for place in range(identity.slots)]
        self._services = AttemptServices(
            outbox,
            self._leases,
            TransferLimit(identity.transfers, self._plugin),
            identity.manifest,
            self._places,
            processors=processors.__getitem__,
        )
        processes = [
            SlotProcess(
                number,
                options.on_processors(number, identity.manifest.processors).as_user(settings.user_of(number)),
                groups.slot(number) if groups is not None else None,
            )
            for number in range(settings.slot_processes(identity.slots))
        ]
        if settings.fetch_ahead and len(processes) == identity.slots:
            log.warning("nothing_is_brought_ahead", mend="name two TASKMANAGER_SLOT_USERS for each slot")
        self._idle = asyncio.Event()
        self._horizon = Horizon(identity.slots, settings.claims_ahead, settings.claim_ahead)
        self._at_work = AtWork(processes, self._plugin, self._services, self._horizon)
        self._slots, self._attempts = self._at_work.slots, self._at_work.attempts
        BUSY.labels(self._plugin).set_function(lambda: min(identity.slots, len(self._at_work.all)))
        self._capacity = Capacity(self._places, self._services.pace, lambda: self._at_work.all)
        self._claims = Claims(
            lanes,
            outbox,
            self._at_work,
            self._capacity,
            Patience(answer=settings.claim_timeout, slot=settings.claim_ahead),
            self._plugin,
        )
        self._at_work.on_cut, self._at_work.on_over = self._claims.over, self._look_on
        self._claims.on_too_far = self._look_less_far
        self._places.on_left = self._review
        self._heartbeats = Heartbeats(
            identity, outbox, self._leases, settings.heartbeat, lambda: self._at_work.references, self._claims
        )
        self._draining = Draining(self._plugin, self._attempts.values)
        self._stopping = False
        self._ordered = False

    # --- what is asked of the runner

    def hello(self) -> None:
        """Both connections are open: say who we are and repeat the questions that have no answer."""
        self._heartbeats.hello()
        self._claims.repeat()

    def check(self) -> str | None:
        """What prevents the runner from taking jobs, or None."""
        if not self._ordered:
            return "no orders from the scheduler yet"
        dead = self._slots.dead
        return f"{dead} of {self._identity.slots} slots are not running" if dead else None

    def on_control(self, delivery: Delivery) -> None:
        """Handle a message of the private queue."""
        try:
            message = decode_control(delivery.body)
        except InvalidMessageError as error:
            log.warning("control_message_dropped", error=str(error))
            return
        match message:
            case RunnerReplies():
                if message.instance == self._identity.instance:
                    with self._claims.gathering():
                        for reply in message.replies:
                            self._on_reply(reply)
            case Notice():
                self._freeze()
                self._places.freeze()
                self._heartbeats.beat()

    # --- its course

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`, then drain: let jobs end for a while, hand back the rest, and report it all."""
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            tending = [group.create_task(one) for one in self._slots.tend(self._claims)]
            group.create_task(self._heartbeats.run(over))
            group.create_task(every(WATCH, self._kill_before_lease_ends, over))
            group.create_task(every(LOOK_AHEAD, self._look_further_ahead, over))
            group.create_task(every(LOOK, self._look_after_limits, over))
            await stop.wait()
            await self._drain()
            over.set()
            for task in tending:
                task.cancel()
        await self._slots.stop(UNDO_LIMIT)
        if not await self._outbox.flush(FLUSH_LIMIT):
            log.warning("events_unsent_at_end")

    async def _drain(self) -> None:
        self._stopping = True
        self._freeze()
        self._claims.end()
        self._hand_back_ahead()
        self._draining.hand_back_suspended()
        await self._until_idle(self._settings.drain)
        self._draining.hand_back()
        await self._until_idle(UNDO_LIMIT)
        for job, number in self._attempts:
            log.warning("handed_back_untidied", job=job, attempt=number)
            self._outbox.put(HandedBack(job=job, attempt=number))

    async def _until_idle(self, limit: timedelta) -> None:
        if self._attempts and limit:
            log.info("waiting_for_jobs", attempts=len(self._attempts), seconds=limit.total_seconds())
            self._idle.clear()
            try:
                async with asyncio.timeout(limit.total_seconds()):
                    await self._idle.wait()
            except TimeoutError:
                log.info("still_running", attempts=len(self._attempts))

    # --- what the scheduler says

    def _freeze(self) -> None:
        """Begin nothing that has not begun until the next orders: they may say so."""
        self._claims.freeze()
        self._at_work.cut()

    def _on_reply(self, reply: Reply) -> None:
        match reply:
            case Grant():
                self._claims.on_grant(reply)
            case Refusal():
                if reply.reason == "paused":
                    self._freeze()
                self._claims.on_refusal(reply)
                if reply.reason == "paused":
                    self._places.freeze()
                    self._heartbeats.beat()
            case CommitVerdict():
                attempt = self._attempts.get(reference(reply))
                if attempt is not None:
                    attempt.on_verdict(allowed=reply.allowed)
            case RunnerOrders():
                self._on_orders(reply)

    def _on_orders(self, orders: RunnerOrders) -> None:
        self._ordered = True
        self._leases.renewed(map(reference, orders.renewed), orders.lease_seconds)
        wanted = not (orders.paused or orders.draining or self._stopping)
        if orders.kill or orders.wishes or not wanted:
            self._freeze()
        for name in map(reference, orders.kill):
            attempt = self._attempts.get(name)
            if attempt is not None:
                log.warning("attempt_taken_away", job=name[0], attempt=name[1])
                attempt.interrupt(AttemptOutcome.SUPERSEDED)
        desired = {reference(one): one.wish for one in orders.wishes}
        self._claims.recall(returned=desired, lost=set(map(reference, orders.kill)))
        for name, attempt in self._attempts.items():
            attempt.want(desired.get(name))
            attempt.keep()
        self._draining.apply(orders)
        if not wanted:
            self._hand_back_ahead()  # nothing begins any more, even if its input is there already
        self._claims.admit(wanted=wanted)
        self._places.thaw()

    def _hand_back_ahead(self, but: int = 0) -> None:
        """Hand back, as not failed, the jobs that are ahead, except for the first so many."""
        for key in self._places.ahead[but:]:
            self._attempts[key].interrupt(AttemptOutcome.HANDED_BACK)

    async def _kill_before_lease_ends(self) -> None:
        """End attempts that must not overlap with another one before another runner may get their job.

        These are jobs with outside effects, and those placing their results: once its lease has expired, the
        job may also be cancelled, and then nothing of it may appear in the process folder.
        """
        for attempt in self._attempts.values():
            alone = self._identity.manifest.outside_effects or attempt.placing
            if alone and self._leases.seconds_left(attempt.key) < KILL_SECONDS:
                attempt.interrupt(AttemptOutcome.HANDED_BACK)

    def _look_less_far(self) -> None:
        self._horizon.too_far(elapsed_seconds())
        self._look_ahead()

    async def _look_further_ahead(self) -> None:
        self._look_ahead()
        self._review()
        standing = sum(attempt.suspended for attempt in self._attempts.values())
        self._hand_back_ahead(but=self._identity.slots - standing)

    def _look_on(self) -> None:
        """A job, or a bunch of them, is over."""
        if self._claims.room:
            self._look_ahead(most=self._claims.room)
        self._review()
        if not self._attempts:
            self._idle.set()

    def _review(self) -> None:
        """More jobs or fewer may be begun, unless each slot has one at a time."""
        if self._services.pace.worth:
            self._claims.review()
            self._slots.want(more=self._capacity.now + self._capacity.ahead > self._claims.free_slots)

    def _look_ahead(self, most: int | None = None) -> None:
        """Claim as far ahead as jobs are short; `most`: only less far than that."""
        now = elapsed_seconds()
        oldest = now - min((attempt.began for attempt in self._attempts.values()), default=now)
        room = self._horizon.room(oldest, now)
        self._outbox.tickets_a_message = self._horizon.tickets_a_message
        if most is None or room < most:
            self._claims.look_ahead(room)

    async def _look_after_limits(self) -> None:
        for attempt in list(self._attempts.values()):
            await attempt.look()
