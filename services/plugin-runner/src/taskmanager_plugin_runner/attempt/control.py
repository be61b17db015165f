"""Makes one attempt do as the scheduler wishes: stand still, go on, or end. Decides nothing by itself.

Wishes come with every answer to a heartbeat, so a repeated one changes nothing. Suspending concerns only the
plugin's own work (PROCESSING) and goes by what its manifest declares. A cancel also ends the copying of the
input; it cannot be taken back.

A cancelled job has `grace_seconds` of its manifest in two halves: in the first it is asked to end at its next
checkpoint, at the half SIGTERM goes to all its processes, at the end SIGKILL. One that has passed a limit
ends the same way, but as failed.
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
"""The steps that a cancel ends; the others are short, and end what was begun."""
AT_CHECKPOINT = "to be suspended at its next checkpoint"


class AttemptControl:
    """What one attempt is to do, and what it was seen to do."""

    def __init__(
        self, manifest: PluginManifest, slot: SlotProcess, reports: Reports, note: Callable[[str], None]
    ) -> None:
        """`note` writes a line into the job's log."""
        self._pause, self._half_seconds = manifest.pause, manifest.grace_seconds / 2
        self._slot, self._reports, self._note = slot, reports, note
        self._wish: DesiredState | None = None
        self._step: SlotStep | None = None
        self._told: DesiredState | None = None
        self._moving = asyncio.Event()
        self._moving.set()
        self._escalation: asyncio.Task[None] | None = None
        self.method = CancelMethod.COOPERATIVE
        """How far it had to go to end the attempt."""
        self.exceeded: JobError | None = None
        """The limit the attempt has passed and for which it ends, unless a cancel comes first."""

    @property
    def cancelling(self) -> bool:
        """Whether the attempt is to end."""
        return self._wish is DesiredState.CANCEL

    @property
    def ending(self) -> bool:
        """Whether it ends for a cancel or a limit."""
        return self.cancelling or self.exceeded is not None

    @property
    def watched(self) -> bool:
        """Whether the limits of the attempt count now: its plugin is at work and not being ended."""
        return self._step is SlotStep.RUN and not self.ending

    @property
    def standing(self) -> bool:
        """Whether the scheduler was told that the attempt stands still."""
        return not self._moving.is_set()

    def want(self, wish: DesiredState | None) -> None:
        """What the scheduler wishes from now on; None: run."""
        if wish is self._wish or self.cancelling or (self.ending and wish is not DesiredState.CANCEL):
            return
        self._wish = wish
        self._obey()

    def exceed(self, error: JobError) -> None:
        """It has passed a limit: end it as for a cancel, but as failed. Only the first call counts."""
        if self.watched:
            self.exceeded = error
            self._note(error.message)
            self._end("ended")

    def known(self, step: SlotStep) -> DesiredState | None:
        """The wish that the slot must know before it begins `step`, lest it passes the first checkpoint."""
        if (
            step is SlotStep.RUN
            and self._pause is PauseSupport.CHECKPOINT
            and self._wish is DesiredState.SUSPEND
        ):
            self._told = self._wish
            self._note(AT_CHECKPOINT)
        return self._told

    @contextmanager
    def during(self, step: SlotStep) -> Iterator[None]:
        """The slot is at work on `step`, whose order was sent with `known`."""
        self._step = step
        self._obey()
        try:
            yield
        finally:
            self._step = None
            if self._escalation is not None:
                self._escalation.cancel()
            if self._pause is PauseSupport.SIGNAL and self.standing:
                self._slot.resume()  # nothing of the job runs any more; the slot must hear its next order

    async def let_go_on(self) -> None:
        """Wait as long as the attempt is said to stand: it ended its work just when it was suspended.

        Raises CancelledByOrderError if it is to be cancelled then.
        """
        if self.standing:
            await self._moving.wait()
            self.require_going_on(SlotStep.RUN)

    def release(self) -> None:
        """The attempt is ended by other means: wait for nothing any more."""
        self._moving.set()

    def require_going_on(self, step: SlotStep) -> None:
        """Raises CancelledByOrderError if the attempt is to end and `step` is one that can be spared."""
        if self.cancelling and step in CONTROLLED:
            raise CancelledByOrderError

    def require_unforced(self) -> None:
        """Raises CancelledByOrderError after a signal to the job or a limit: no answer of it counts."""
        if self.method is not CancelMethod.COOPERATIVE or self.exceeded is not None:
            raise CancelledByOrderError

    def on_standing(self, *, standing: bool) -> None:
        """The attempt stands still, or goes on; the scheduler hears of every change."""
        if standing == self.standing or self.ending:
            return
        if standing:
            self._moving.clear()
            self._reports.suspended()
        else:
            self._moving.set()
            self._reports.resumed()
        self._note("suspended" if standing else "goes on")

    def _obey(self) -> None:
        if self.cancelling:
            self._end("cancelled")
        elif self._step is SlotStep.RUN:
            self._stand_or_go_on(stand=self._wish is DesiredState.SUSPEND)
        elif self._wish is None:
            self.on_standing(standing=False)

    def _stand_or_go_on(self, *, stand: bool) -> None:
        match self._pause:
            case PauseSupport.CHECKPOINT if self._wish is not self._told:
                self._told = self._wish
                self._slot.tell(self._wish)  # and says itself when it stands
                self._note(AT_CHECKPOINT if stand else "may go on")
            case PauseSupport.SIGNAL if stand != self.standing:
                self._slot.suspend() if stand else self._slot.resume()
                self.on_standing(standing=stand)
            case PauseSupport.NONE if stand:
                self._note("cannot be suspended: goes on to its end")

    def _end(self, what: str) -> None:
        self._moving.set()
        if self._escalation is not None or self._step not in CONTROLLED:
            return
        half = f"{self._half_seconds:g} s"
        self._note(f"to be {what} at its next checkpoint; SIGTERM after {half}, SIGKILL {half} later")
        self._slot.tell(DesiredState.CANCEL)
        self._slot.resume()  # one that was stopped has to hear it
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
