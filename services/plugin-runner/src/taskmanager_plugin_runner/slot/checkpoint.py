"""Where the threads of a job are suspended or end, as the runner orders. Part of the slot's process.

Knows no socket: it receives orders through `hear` and reports what happens through `send`.
"""

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

from taskmanager.model.control import DesiredState
from taskmanager_plugin_runner.slot_protocol import SlotControl, SlotEvent, SuspensionNote
from taskmanager_plugin_runner.system.processes import children, die_of


class JobCancelled(BaseException):
    """Ends a cancelled job at its checkpoint. Not an Exception, so `except Exception` does not catch it."""


class Barrier:
    """The desired state for the current order; one per slot. All methods may be called from any thread."""

    def __init__(self, send: Callable[[SlotEvent], None]) -> None:
        """`send` takes what the runner must know."""
        self._send = send
        self._changed = threading.Condition()
        self._order = 0
        self._desired: DesiredState | None = None
        self._suspended = False

    @property
    def cancelling(self) -> bool:
        """Whether the job is to end; takes no lock, for use in a signal handler."""
        return self._desired is DesiredState.CANCEL

    @property
    def suspending(self) -> bool:
        """Whether the job is to be suspended."""
        return self._desired is DesiredState.SUSPEND

    def begin(self, order: int) -> None:
        """Make this order the current one; what was desired for an earlier one no longer counts."""
        with self._changed:
            if order > self._order:
                self._order, self._desired = order, None

    def hear(self, control: SlotControl) -> None:
        """Take the runner's control message; one for an order that is over has no effect."""
        with self._changed:
            if control.number >= self._order:
                self._order, self._desired = control.number, control.desired
                self._changed.notify_all()

    def check(self) -> None:
        """Return at once, or block here while suspended; raises JobCancelled."""
        if self._desired is None:
            return
        with self._changed:
            if self._desired is DesiredState.SUSPEND:
                self._stand()
            if self._desired is DesiredState.CANCEL:
                raise JobCancelled

    def _stand(self) -> None:
        """The first suspended thread reports it, as does the first to resume; ending has its own answer."""
        if not self._suspended:
            self._suspended = True
            self._send(SuspensionNote(suspended=True))
        self._changed.wait_for(lambda: self._desired is not DesiredState.SUSPEND)
        if self._suspended and self._desired is None:
            self._send(SuspensionNote(suspended=False))
        self._suspended = False


def obey_sigterm(barrier: Barrier, spared: Callable[[], set[int]]) -> None:
    """Let SIGTERM end the slot of a cancelled job, unless tools are running: these get time to obey it.

    Without a cancel, SIGTERM is ignored here: stopping a whole service group must not fail jobs that the
    runner lets finish or hands back. Children that fork without exec behave as if this had never been set.
    `spared` are the children that are not tools.
    """

    def on_sigterm(number: int, frame: FrameType | None) -> None:
        del frame
        if barrier.cancelling and not children() - spared():
            die_of(number)

    signal.signal(signal.SIGTERM, on_sigterm)
    _spare_forks()


def _spare_forks() -> None:
    """Restore the default SIGTERM in forked children; a SIGTERM during the fork is held back, not lost."""
    only_that = {signal.SIGTERM}

    def in_child() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, only_that)

    os.register_at_fork(
        before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, only_that),
        after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, only_that),
        after_in_child=in_child,
    )
