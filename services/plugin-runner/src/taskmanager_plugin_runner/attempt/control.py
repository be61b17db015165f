"""Makes one attempt do what the scheduler wants: suspend, resume or end. Decides nothing by itself.

The desired state comes with every answer to a heartbeat, so repeating it changes nothing. Suspending affects
only the plugin's own work (PROCESSING) and depends on what its manifest declares. A cancel also ends the
copying of the input; it cannot be revoked.

A cancelled job has the `grace_seconds` of its manifest, in two halves: first it is asked to end at its next
checkpoint, halfway through all its processes get SIGTERM, and at the end SIGKILL. A job that exceeds a limit
ends in the same way, but as failed.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from taskmanager.model.control import DesiredState
from taskmanager.model.jobs import CancelMethod, JobError
from taskmanager.model.manifest import PauseSupport, PluginManifest
from taskmanager_plugin_runner.attempt.outcomes import CancelledByOrderError
from taskmanager_plugin_runner.messaging.reports import Reports
from taskmanager_plugin_runner.slot.process import SlotProcess
from taskmanager_plugin_runner.slot_protocol import SlotStep

CONTROLLED = frozenset({SlotStep.STAGE_IN, SlotStep.RUN})
"""The steps that a cancel ends; the others are short and must complete what they begin."""
AT_CHECKPOINT = "to be suspended at its next checkpoint"


class AttemptControl:
    """What one attempt is to do, and what it has been seen to do."""

    def __init__(
        self, manifest: PluginManifest, slot: SlotProcess, reports: Reports, note: Callable[[str], None]
    ) -> None:
        """`note` writes a line to the job's log."""
        self._pause, self._half_seconds = manifest.pause, manifest.grace_seconds / 2
        self._slot, self._reports, self._note = slot, reports, note
        self._desired: DesiredState | None = None
        self._step: SlotStep | None = None
        self._told: DesiredState | None = None
        self._moving = asyncio.Event()
        self._moving.set()
        self._escalation: asyncio.Task[None] | None = None
        self.method = CancelMethod.COOPERATIVE
        """How forceful a method was needed to end the attempt."""
        self.exceeded: JobError | None = None
        """The limit that the attempt has exceeded and fails for, unless a cancel comes first."""

    @property
    def cancelling(self) -> bool:
        """Whether the attempt is being cancelled."""
        return self._desired is DesiredState.CANCEL

    @property
    def ending(self) -> bool:
        """Whether the attempt is to end because of a cancel or a limit."""
        return self.cancelling or self.exceeded is not None

    @property
    def watched(self) -> bool:
        """Whether the attempt's limits apply now: its plugin is running and is not being ended."""
        return self._step is SlotStep.RUN and not self.ending

    @property
    def suspended(self) -> bool:
        """Whether the attempt has been reported to the scheduler as suspended."""
        return not self._moving.is_set()

    def want(self, desired: DesiredState | None) -> None:
        """Set what the scheduler wants from now on; None: run."""
        if (
            desired is self._desired
            or self.cancelling
            or (self.ending and desired is not DesiredState.CANCEL)
        ):
            return
        self._desired = desired
        self._obey()

    def exceed(self, error: JobError) -> None:
        """Handle an exceeded limit: end as for a cancel, but as failed. Only the first call counts."""
        if self.watched:
            self.exceeded = error
            self._note(error.message)
            self._end("ended")

    def known(self, step: SlotStep) -> DesiredState | None:
        """The state the slot must know before it begins `step`, lest it pass the first checkpoint."""
        if (
            step is SlotStep.RUN
            and self._pause is PauseSupport.CHECKPOINT
            and self._desired is DesiredState.SUSPEND
        ):
            self._told = self._desired
            self._note(AT_CHECKPOINT)
        return self._told

    @contextmanager
    def during(self, step: SlotStep) -> Iterator[None]:
        """Covers the time in which the slot works on `step`, whose order was sent with `known`."""
        self._step = step
        self._obey()
        try:
            yield
        finally:
            self._step = None
            if self._escalation is not None:
                self._escalation.cancel()
            if self._pause is PauseSupport.SIGNAL and self.suspended:
                self._slot.resume()  # the job no longer runs; the slot must get its next order

    async def let_go_on(self) -> None:
        """Wait while the attempt counts as suspended: it may have finished its work just as it was suspended.

        Raises CancelledByOrderError if it is then to be cancelled.
        """
        if self.suspended:
            await self._moving.wait()
            self.require_going_on(SlotStep.RUN)

    def release(self) -> None:
        """Stop waiting: the attempt is being ended by other means."""
        self._moving.set()

    def require_going_on(self, step: SlotStep) -> None:
        """Raise CancelledByOrderError if the attempt is being cancelled and a cancel ends `step`."""
        if self.cancelling and step in CONTROLLED:
            raise CancelledByOrderError

    def require_unforced(self) -> None:
        """Raise CancelledByOrderError after a signal or an exceeded limit: the answer no longer counts."""
        if self.method is not CancelMethod.COOPERATIVE or self.exceeded is not None:
            raise CancelledByOrderError

    def on_suspended(self, *, suspended: bool) -> None:
        """The attempt has been suspended or resumed; every change is reported to the scheduler."""
        if suspended == self.suspended or self.ending:
            return
        if suspended:
            self._moving.clear()
            self._reports.suspended()
        else:
            self._moving.set()
            self._reports.resumed()
        self._note("suspended" if suspended else "goes on")

    def _obey(self) -> None:
        if self.cancelling:
            self._end("cancelled")
        elif self._step is SlotStep.RUN:
            self._stand_or_go_on(stand=self._desired is DesiredState.SUSPEND)
        elif self._desired is None:
            self.on_suspended(suspended=False)

    def _stand_or_go_on(self, *, stand: bool) -> None:
        match self._pause:
            case PauseSupport.CHECKPOINT if self._desired is not self._told:
                self._told = self._desired
                self._slot.tell(self._desired)  # and reports itself when it is suspended
                self._note(AT_CHECKPOINT if stand else "may go on")
            case PauseSupport.SIGNAL if stand != self.suspended:
                self._slot.suspend() if stand else self._slot.resume()
                self.on_suspended(suspended=stand)
            case PauseSupport.NONE if stand:
                self._note("cannot be suspended: goes on to its end")

    def _end(self, what: str) -> None:
        self._moving.set()
        if self._escalation is not None or self._step not in CONTROLLED:
            return
        half = f"{self._half_seconds:g} s"
        self._note(f"to be {what} at its next checkpoint; SIGTERM after {half}, SIGKILL {half} later")
        self._slot.tell(DesiredState.CANCEL)
        self._slot.resume()  # a stopped process must receive it too
        self._escalation = asyncio.create_task(self._escalate(), name=f"cancel on slot {self._slot.number}")

    async def _escalate(self) -> None:
        """Runs until the slot has answered or is dead, see `during`."""
        await asyncio.sleep(self._half_seconds)
        self.method = CancelMethod.SIGTERM
        self._note("SIGTERM to all its processes")
        self._slot.terminate()
        await asyncio.sleep(self._half_seconds)
        self.method = CancelMethod.SIGKILL
        self._note("SIGKILL to all its processes")
        self._slot.kill()
