"""Short jobs that one slot runs one after the other: told in one message, and reported in one.

What is reported of each is the same as if it had been alone. A job that is no plain success, or takes long, is
the last one of its bunch, and goes on as an `Attempt`. What has not begun by then is given back to the claims.
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

    def on_cut(self, bunch: "Bunch", begun: Sequence[Granted], unbegun: Sequence[Granted]) -> None:
        """The bunch is over, apart from the job that was taken over."""


class Bunch:
    """A bunch of jobs on one slot."""

    def __init__(
        self, granted: Sequence[Granted], slot: SlotProcess, services: AttemptServices, owner: BunchOwner
    ) -> None:
        """There must be a free place. Nothing happens before `begin`."""
        self._granted, self._slot, self._services, self._owner = granted, slot, services, owner
        self._key = granted[0].key
        self._place = services.places.take_free(self._key, slot.number)
        self._since = elapsed_seconds()
        self._notes: list[Note] = []
        self._ended = 0
        self._last: SlotAnswer | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.over: asyncio.Future[Attempt | None] = asyncio.get_running_loop().create_future()
        """The job that goes on alone once nothing else is left, or None."""

    @property
    def reference(self) -> AttemptReference:
        """One of its jobs."""
        return self._granted[0].reference

    def time_left(self, now: float) -> float | None:
        """See `capacity.AtWork`: nobody knows, but it is short."""

    def begin(self) -> None:
        """Tell the slot; raises JobKilledError."""
        grants = [one.grant for one in self._granted]
        limits = self._services.manifest.limits_for(grants[0].spec.template)
        self._slot.limit_memory(limits.memory_limit_bytes)
        until = self._since + LONGEST.total_seconds()
        self._slot.begin_bunch(grants, self._services.processors(self._place), until, self)
        failpoint(Failpoint.RUNNER_IN_PROCESSING)
        self._timer = asyncio.get_running_loop().call_later(LONGEST.total_seconds(), self.cut)

    # --- the slot's listener

    def on_report(self, event: Note | SlotAnswer) -> None:
        """See `BunchListener`."""
        if not isinstance(event, SlotAnswer):
            self._notes.append(event)
        elif self._ended >= len(self._granted) or self._last is not None:
            self._slot.kill()  # it answers what nobody has asked
        elif event.plain:
            self._succeed(self._granted[self._ended], event)
        else:
            self._last = event

    def cut(self, error: JobKilledError | None = None) -> None:
        """See `BunchListener`; also called when an order may be on its way, or when it takes long."""
        if self._timer is not None:
            self._timer.cancel()
        begun = len(self._granted) - self._slot.withdraw()
        attempt = None
        if self._ended < begun:
            notes, self._notes = tuple(self._notes), []
            how = Begun(self._place, self._since, notes)
            attempt = self._owner.take_over(self._granted[self._ended], self._slot, how)
            self._services.places.pass_on(self._key, attempt.key)
            self._slot.go_on(self._ended, self._last, error)
        else:
            self._slot.end_bunch()
            self._services.places.leave(self._key)
        self.over.set_result(attempt)
        self._owner.on_cut(self, self._granted[:begun], self._granted[begun:])

    def _succeed(self, granted: Granted, answer: SlotAnswer) -> None:
        reports = Reports(granted.grant.job, granted.grant.attempt, self._services.outbox)
        reports.advanced(Status.PROCESSING)
        failpoint(Failpoint.RUNNER_BEFORE_FINISHED)
        reports.finished(answer.files, answer.bytes, self._report_notes(reports))
        self._ended += 1
        self._since += answer.seconds
        self._services.pace.worked(answer.seconds)
        self._owner.on_success(answer.seconds)

    def _report_notes(self, reports: Reports) -> Warnings | None:
        if not self._notes:
            return None
        records = AttemptRecords(reports)
        for note in self._notes:
            records.take(note)
        self._notes = []
        return records.close()
