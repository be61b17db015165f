"""Named points at which a process can be made to die, so that tests see what each crash leaves behind.

For tests only. `TASKMANAGER_END_AT` names a point, with `:N` the N-th time it is reached; the process then
sends itself SIGKILL, as the kernel does when memory runs out: nothing is flushed, closed or reported. With
`TASKMANAGER_END_ONCE`, a file that must not exist yet, only the first process to get there dies, however many
inherit the settings. Without the first setting `failpoint` does nothing. Knows nothing about what happens at
a point.
"""

import os
import signal
from enum import StrEnum
from functools import cache
from pathlib import Path

END_AT = "TASKMANAGER_END_AT"
END_ONCE = "TASKMANAGER_END_ONCE"


class Failpoint(StrEnum):
    """Where a process may die, and what is true at that point."""

    GATEWAY_BEFORE_PUBLISH = "gateway-before-publish"
    """A submission is checked; nothing outside the process knows about it."""
    GATEWAY_AFTER_CONFIRM = "gateway-after-confirm"
    """The broker has the submission; the gateway has not noted it."""
    GATEWAY_BEFORE_ANSWER = "gateway-before-answer"
    """The submission is accepted; the client does not know."""

    SCHEDULER_BEFORE_STORE = "scheduler-before-store"
    """A group is taken from the inbox; nothing of it is written."""
    SCHEDULER_BEFORE_COMMIT = "scheduler-before-commit"
    """All of a group is written in a transaction that is still open."""
    SCHEDULER_BEFORE_EFFECTS = "scheduler-before-effects"
    """The group is stored; nothing has been answered and no ticket sent."""
    SCHEDULER_BEFORE_NOTICES = "scheduler-before-notices"
    """Events were noticed; nothing is stored of them."""
    SCHEDULER_AFTER_NOTIFICATION = "scheduler-after-notification"
    """A message was sent; it is not stored how that went."""
    SCHEDULER_BEFORE_ACK = "scheduler-before-ack"
    """The group is stored and carried out; the broker still holds it for redelivery."""
    SCHEDULER_AFTER_ACK = "scheduler-after-ack"
    """The group is finished."""

    RUNNER_BEFORE_CLAIM = "runner-before-claim"
    """A ticket is taken; its job has not been claimed."""
    RUNNER_AFTER_GRANT = "runner-after-grant"
    """The job is granted; it has not begun, and its ticket is not acknowledged."""
    RUNNER_UNCLAIMED = "runner-unclaimed"
    """A job claimed ahead is returned unbegun, and the scheduler knows it; its ticket is not returned yet."""
    RUNNER_IN_UPLOAD = "runner-in-upload"
    """The slot was told to fetch the input."""
    RUNNER_IN_PROCESSING = "runner-in-processing"
    """The slot was told to run the plugin."""
    RUNNER_BEFORE_COMMIT = "runner-before-commit"
    """The plugin is done; the scheduler has not been asked for the commit fence."""
    RUNNER_AFTER_FENCE = "runner-after-fence"
    """The fence is open; the slot has not been told to place anything."""
    RUNNER_IN_DOWNLOAD = "runner-in-download"
    """The slot was told to place the results."""
    RUNNER_BEFORE_FINISHED = "runner-before-finished"
    """All results are in place; nothing has been reported."""
    RUNNER_AFTER_FINISHED = "runner-after-finished"
    """The end of the job is on its way to the broker."""

    SLOT_AT_START = "slot-at-start"
    """The plugin is loaded; the runner does not know yet."""
    SLOT_BRINGING = "slot-bringing"
    """The stage next to the destination is made; the input is not there yet."""
    SLOT_RUNNING = "slot-running"
    """The plugin is about to run."""
    SLOT_LOOKING_AHEAD = "slot-looking-ahead"
    """The plugin is working; the N-th file of its input is about to be fetched."""
    SLOT_CARRYING = "slot-carrying"
    """The plugin is working; the N-th result is about to be copied into the stage."""
    SLOT_AFTER_RUN = "slot-after-run"
    """The plugin has written all its output into the workspace."""
    SLOT_BEFORE_RENAME = "slot-before-rename"
    """The manifest is written; the N-th result is about to be renamed into place."""
    SLOT_BEFORE_REMOVAL = "slot-before-removal"
    """Every result is in place; the N-th result of an earlier job is about to be removed."""
    SLOT_BEFORE_SEAL = "slot-before-seal"
    """Every result is in place; this can still be undone."""
    SLOT_AFTER_SEAL = "slot-after-seal"
    """The results are placed for good; the runner does not know."""
    SLOT_CLEANING = "slot-cleaning"
    """What an attempt left behind is about to be removed."""


class _Trap:
    """Counts how often its point is reached."""

    def __init__(self, setting: str, once: str | None) -> None:
        """Raises ValueError for a setting that does not name a point and a number."""
        name, _, times = setting.partition(":")
        self.point = Failpoint(name)
        self._times_left = int(times or 1)
        self._marker = Path(once) if once else None

    def spring(self) -> None:
        """End the process if the count is reached and no other process was first."""
        self._times_left -= 1
        if self._times_left == 0 and self._first():
            os.kill(os.getpid(), signal.SIGKILL)

    def _first(self) -> bool:
        if self._marker is None:
            return True
        try:
            self._marker.touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


@cache
def _trap() -> _Trap | None:
    setting = os.environ.get(END_AT)
    return _Trap(setting, os.environ.get(END_ONCE)) if setting else None


def failpoint(point: Failpoint) -> None:
    """Mark that the process is at this point; it ends here if the environment says so."""
    trap = _trap()
    if trap is not None and trap.point is point:
        trap.spring()
