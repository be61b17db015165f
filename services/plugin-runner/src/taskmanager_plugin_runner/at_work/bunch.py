"""Short jobs that one slot runs one after the other: told in one message, and reported in one.

What is reported of each is the same as if it had been alone. A job that is no plain success, or takes long,
is the last one of its bunch, and goes on as an `Attempt`. What has not begun by then goes back to the claims.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from taskmanager.errors import JobKilledError
from taskmanager.messages import AttemptReference
from taskmanager.model.jobs import Warnings
from taskmanager.model.states import Status
from taskmanager.process.failpoints import Failpoint, failpoint
from taskmanager_plugin_runner.attempt.attempt import Attempt, Begun
from taskmanager_plugin_runner.attempt.services import AttemptServices
from taskmanager_plugin_runner.attempt.slot_events import AttemptRecords
from taskmanager_plugin_runner.clock import elapsed_seconds
from taskmanager_plugin_runner.messaging.granted import Granted
from taskmanager_plugin_runner.messaging.reports import Reports
from taskmanager_plugin_runner.metrics import job_metrics
from taskmanager_plugin_runner.slot.process import SlotProcess
from taskmanager_plugin_runner.slot_protocol import Note, SlotAnswer

LONGEST = timedelta(milliseconds=20)
"""A bunch that has not ended by then is cut: the job at work goes on alone."""


class BunchOwner(Protocol):
    """What a bunch needs of the runner."""

    def on_success(self, seconds: float) -> None:
        """One of its jobs was a success, and took so long; this is reported."""

    def take_over(self, granted: Granted, slot: SlotProcess, begun: Begun) -> Attempt:
        """One of its jobs goes on as an attempt of its own."""

    def over(self, bunch: "Bunch", begun: Sequence[Granted], unbegun: Sequence[Granted], /) -> None:
        """The bunch is over, apart from the job that was taken over."""


class Bunch:
    """A bunch of jobs on one slot."""

    def __init__(
        self, granted: Sequence[Granted], slot: SlotProcess, services: AttemptServices, owner: BunchOwner
    ) -> None:
        """There must be a free place. Nothing happens before `begin`."""
        self._granted, self._slot, self._services, self._owner = granted, slot, services, owner
        self.key = granted[0].key
        """That of its first job."""
        self._place = services.places.take_free(self.key, slot.number)
        self._began = self._since = elapsed_seconds()
        self._notes: list[Note] = []
        self._metrics = job_metrics(services.manifest.name)
        self.successes = 0
        """How many of its jobs were successes."""
        self.took_long = False
        """Whether it was cut for that reason, which is not that of a job: the machine may be busy."""
        self._last: SlotAnswer | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._left: Attempt | None = None
        self._over = asyncio.Event()

    @property
    def reference(self) -> AttemptReference:
        """One of its jobs."""
        return self._granted[0].reference

    def time_left(self, now: float) -> float | None:
        """See `capacity.AtWork`: nobody knows, but it is short."""

    @property
    def mean_seconds(self) -> float:
        """How long its successes took on average."""
        return (self._since - self._began) / self.successes if self.successes else 0.0

    def begin(self) -> None:
        """Tell the slot; raises JobKilledError."""
        grants = [one.grant for one in self._granted]
        limits = self._services.manifest.limits_for(grants[0].spec.template)
        self._slot.limit_memory(limits.memory_limit_bytes)
        until = self._since + LONGEST.total_seconds()
        self._slot.begin_bunch(grants, self._services.processors(self._place), until, self)
        failpoint(Failpoint.RUNNER_IN_PROCESSING)
        self._timer = asyncio.get_running_loop().call_later(LONGEST.total_seconds(), self._too_long)

    async def run(self) -> Attempt | None:
        """Return the job that goes on alone, if there is one, once nothing else of the bunch is left."""
        await self._over.wait()
        if self._left is None:
            await self._slot.rest()
        return self._left

    # --- the slot's listener

    def on_report(self, event: Note | SlotAnswer) -> None:
        """See `BunchListener`."""
        if not isinstance(event, SlotAnswer):
            self._notes.append(event)
        elif self.successes >= len(self._granted) or self._last is not None:
            self._slot.kill()  # it answers what nobody has asked
        elif event.plain:
            self._succeed(self._granted[self.successes], event)
        else:
            self._last = event

    def cut(self, error: JobKilledError | None = None) -> None:
        """See `BunchListener`. Also to be called when an order may be on its way."""
        self._cut(self._slot.withdraw(), error)

    def _too_long(self) -> None:
        """It takes long: if not even its first job has begun, the slot will come to it."""
        self.took_long = True
        self._cut(self._slot.withdraw(but=1))

    def _cut(self, unbegun: int, error: JobKilledError | None = None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        begun = len(self._granted) - unbegun
        if self.successes < begun:
            how = Begun(self._place, self._since, tuple(self._notes))
            self._left = self._owner.take_over(self._granted[self.successes], self._slot, how)
            self._services.places.pass_on(self.key, self._left.key)
            self._slot.go_on(self.successes, self._last, error)
        else:
            self._slot.end_bunch()
            self._services.places.leave(self.key)
        self._over.set()
        self._owner.over(self, self._granted[:begun], self._granted[begun:])

    def _succeed(self, granted: Granted, answer: SlotAnswer) -> None:
        reports = Reports(granted.grant.job, granted.grant.attempt, self._services.outbox)
        reports.advanced(Status.PROCESSING)
        failpoint(Failpoint.RUNNER_BEFORE_FINISHED)
        reports.finished(answer.files, answer.bytes, self._report_notes(reports))
        self.successes += 1
        self._since += answer.seconds
        self._services.pace.worked(answer.seconds)
        self._metrics.phase_over(Status.PROCESSING, answer.seconds, granted.grant.traceparent)
        self._metrics.used(answer.cpu_seconds)
        self._owner.on_success(answer.seconds)

    def _report_notes(self, reports: Reports) -> Warnings | None:
        if not self._notes:
            return None
        records = AttemptRecords(reports)
        for note in self._notes:
            records.take(note)
        self._notes = []
        return records.close()
