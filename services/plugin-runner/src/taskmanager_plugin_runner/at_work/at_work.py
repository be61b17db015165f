"""What a runner has at work: attempts, and bunches of short jobs. Begins them, and counts how they end.

Knows neither tickets nor the scheduler's orders.
"""

from collections.abc import Callable, Sequence
from functools import partial

from taskmanager.messages import AttemptReference, HandedBack
from taskmanager_plugin_runner.at_work.bunch import Bunch
from taskmanager_plugin_runner.at_work.slot_keeper import SlotKeeper, Work
from taskmanager_plugin_runner.attempt.attempt import Attempt, Begun
from taskmanager_plugin_runner.attempt.outcomes import AttemptOutcome
from taskmanager_plugin_runner.attempt.services import AttemptServices
from taskmanager_plugin_runner.clock import elapsed_seconds
from taskmanager_plugin_runner.messaging.granted import Granted
from taskmanager_plugin_runner.messaging.horizon import Horizon
from taskmanager_plugin_runner.messaging.leases import Reference
from taskmanager_plugin_runner.metrics import of_outcome
from taskmanager_plugin_runner.slot.process import SlotProcess


class AtWork:
    """Implements `claims.Starter` and `bunch.BunchOwner`."""

    def __init__(
        self, processes: Sequence[SlotProcess], plugin: str, services: AttemptServices, horizon: Horizon
    ) -> None:
        """`processes` are those of the slots; `plugin` is the metrics label."""
        self._plugin, self._services, self._horizon = plugin, services, horizon
        self.slots = SlotKeeper(processes, services.places.count, plugin, self._run)
        self.attempts: dict[Reference, Attempt] = {}
        """All attempts that are not over."""
        self._bunches: dict[Reference, Bunch] = {}
        self.on_cut: Callable[[Sequence[Granted], Sequence[Granted]], object] = lambda *_: None
        """Called when a bunch is over: with the jobs of it that began, and those that did not."""
        self.on_over: Callable[[], object] = lambda: None
        """Called when a job, or a bunch, is over."""

    @property
    def all(self) -> tuple[Attempt | Bunch, ...]:
        """All that work, each on a slot of its own."""
        return (*self.attempts.values(), *self._bunches.values())

    @property
    def references(self) -> tuple[AttemptReference, ...]:
        """One job of each."""
        return tuple(one.reference for one in self.all)

    def cut(self) -> None:
        """Begin nothing more of any bunch."""
        for bunch in tuple(self._bunches.values()):
            bunch.cut()

    # --- the beginning

    @property
    def fitting(self) -> int:
        """See `Starter`."""
        return self._horizon.fitting(elapsed_seconds())

    def start(self, slot: int, granted: Granted) -> None:
        """See `Starter`."""
        if self.slots.can_take(slot):
            self.slots.give(slot, self._attempt(granted, self.slots[slot]))
        else:  # it has just died
            self._services.outbox.put(HandedBack(job=granted.grant.job, attempt=granted.grant.attempt))

    def start_bunch(self, slot: int, granted: Sequence[Granted]) -> None:
        """See `Starter`."""
        if self.slots.can_take(slot):
            bunch = Bunch(granted, self.slots[slot], self._services, self)
            self._bunches[bunch.key] = bunch
            bunch.begin()
            self.slots.give(slot, bunch)
        else:
            self.on_cut((), granted)

    def _attempt(self, granted: Granted, slot: SlotProcess, begun: Begun | None = None) -> Attempt:
        attempt = Attempt(granted.grant, slot, self._services, begun)
        self.attempts[attempt.key] = attempt
        self._services.leases.granted(attempt.key, granted.asked_at, granted.grant.lease_seconds)
        return attempt

    # --- the course

    async def _run(self, work: Work) -> None:
        attempt = await work.run() if isinstance(work, Bunch) else work
        if attempt is not None:
            await attempt.run(partial(self._over, attempt))

    def _over(self, attempt: Attempt, outcome: AttemptOutcome) -> None:
        now = elapsed_seconds()
        self._count(outcome, now - attempt.began)
        self.attempts.pop(attempt.key, None)
        self._services.leases.ended(attempt.key)
        self._horizon.ended(now - attempt.began, now)
        if attempt.worked_seconds is not None:
            self._horizon.worked(attempt.worked_seconds)
        self.on_over()

    def on_success(self, seconds: float) -> None:
        """See `BunchOwner`."""
        self._count(AttemptOutcome.FINISHED, seconds)

    def take_over(self, granted: Granted, slot: SlotProcess, begun: Begun) -> Attempt:
        """See `BunchOwner`."""
        return self._attempt(granted, slot, begun)

    def over(self, bunch: Bunch, begun: Sequence[Granted], unbegun: Sequence[Granted]) -> None:
        """See `BunchOwner`."""
        del self._bunches[bunch.key]
        now = elapsed_seconds()
        if not bunch.took_long:
            self._horizon.bunch_ended(len(begun), len(begun) + len(unbegun), now)
        if bunch.successes:
            self._horizon.ended(bunch.mean_seconds, now, bunch.successes)
            self._horizon.worked(bunch.mean_seconds)
        self.on_cut(begun, unbegun)
        self.on_over()

    def _count(self, outcome: AttemptOutcome, seconds: float) -> None:
        jobs, job_seconds = of_outcome(self._plugin, outcome)
        jobs.inc()
        job_seconds.observe(seconds)
