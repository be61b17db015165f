"""Named points at which a process can be made to die, so that tests see what each crash leaves.

For tests only. `TASKMANAGER_END_AT` names a point, with `:N` the N-th time it is reached; the process then
sends itself SIGKILL, as the kernel does when memory is short: nothing is flushed, closed or said. With
`TASKMANAGER_END_ONCE`, a file that must not exist yet, only the first process to get there dies, however
many inherit the settings. Without the first setting `failpoint` does nothing. Knows nothing of what happens
at a point.
"""

import os
import signal
from enum import StrEnum
from functools import cache
from pathlib import Path

END_AT = "TASKMANAGER_END_AT"
END_ONCE = "TASKMANAGER_END_ONCE"


class Failpoint(StrEnum):
    """Where a process may die; what is true there."""

    GATEWAY_BEFORE_PUBLISH = "gateway-before-publish"
    """A submission is checked; nobody else knows of it."""
    GATEWAY_AFTER_CONFIRM = "gateway-after-confirm"
    """The broker has the submission; the gateway has not noted it."""
    GATEWAY_BEFORE_ANSWER = "gateway-before-answer"
    """The submission is accepted; the client does not know."""

    SCHEDULER_BEFORE_STORE = "scheduler-before-store"
    """A group is taken from the inbox; nothing of it is written."""
    SCHEDULER_BEFORE_COMMIT = "scheduler-before-commit"
    """All of a group is written in a transaction that is still open."""
    SCHEDULER_BEFORE_EFFECTS = "scheduler-before-effects"
    """The group is stored; nobody was answered, no ticket is made."""
    SCHEDULER_BEFORE_ACK = "scheduler-before-ack"
    """The group is stored and carried out; the broker still holds it for redelivery."""
    SCHEDULER_AFTER_ACK = "scheduler-after-ack"
    """The group is over."""

    RUNNER_BEFORE_CLAIM = "runner-before-claim"
    """A ticket is taken; nobody was asked for its job."""
    RUNNER_AFTER_GRANT = "runner-after-grant"
    """The job is granted; it has not begun, and its ticket is not acknowledged."""
    RUNNER_IN_UPLOAD = "runner-in-upload"
    """The slot was told to bring the input."""
    RUNNER_IN_PROCESSING = "runner-in-processing"
    """The slot was told to run the plugin."""
    RUNNER_BEFORE_COMMIT = "runner-before-commit"
    """The plugin is done; the scheduler was not asked for the commit fence."""
    RUNNER_AFTER_FENCE = "runner-after-fence"
    """The fence is open; the slot was not told to place anything."""
    RUNNER_IN_DOWNLOAD = "runner-in-download"
    """The slot was told to place the results."""
    RUNNER_BEFORE_FINISHED = "runner-before-finished"
    """All results are in place; nobody knows."""
    RUNNER_AFTER_FINISHED = "runner-after-finished"
    """The end of the job is on its way to the broker."""

    SLOT_AT_START = "slot-at-start"
    """The plugin is loaded; the runner does not know yet."""
    SLOT_BRINGING = "slot-bringing"
    """The stage beside the destination is made; the input is not there."""
    SLOT_RUNNING = "slot-running"
    """The plugin is about to run."""
    SLOT_LOOKING_AHEAD = "slot-looking-ahead"
    """The plugin works; the N-th file of its input is about to come."""
    SLOT_CARRYING = "slot-carrying"
    """The plugin works; the N-th result is about to be copied into the stage."""
    SLOT_AFTER_RUN = "slot-after-run"
    """The plugin has written all its output into the workspace."""
    SLOT_BEFORE_RENAME = "slot-before-rename"
    """The manifest is written; the N-th result is about to move to its name."""
    SLOT_BEFORE_REMOVAL = "slot-before-removal"
    """Every result has its name; the N-th result of an earlier job is about to make room."""
    SLOT_BEFORE_SEAL = "slot-before-seal"
    """Every result has its name; it can still be undone."""
    SLOT_AFTER_SEAL = "slot-after-seal"
    """The results are placed for good; the runner does not know."""
    SLOT_CLEANING = "slot-cleaning"
    """What an attempt left is about to be removed."""


class _Trap:
    """Counts how often its point is reached."""

    def __init__(self, setting: str, once: str | None) -> None:
        """Raises ValueError for a setting that names no point or no number."""
        name, _, times = setting.partition(":")
        self.point = Failpoint(name)
        self._times_left = int(times or 1)
        self._marker = Path(once) if once else None

    def spring(self) -> None:
        """End the process if this was the time, and nobody was quicker."""
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
    """Say that the process is at this point; it ends here if the environment asks for it."""
    trap = _trap()
    if trap is not None and trap.point is point:
        trap.spring()
