"""What keeps the waiting jobs of a plugin from starting, for a sentence and for metrics. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from taskmanager.model.jobs import Job
from taskmanager.model.registry import InstalledPlugin, RunnerState
from taskmanager.model.replicas import Replica, ReplicaSet, ReplicaState


class WaitingCode(StrEnum):
    """The reasons in order of precedence: the first that applies is given."""

    CANCELLING = "cancelling"
    HELD = "held"
    FOLLOWS = "follows"
    SUSPENDED = "suspended"
    BACKING_OFF = "backing_off"
    PLUGIN_STOPPED = "plugin_stopped"
    RUNNER_STARTING = "runner_starting"
    RUNNER_FAILED_TO_START = "runner_failed_to_start"
    NO_RUNNER = "no_runner"
    RUNNERS_DRAINED = "runners_drained"
    LIMIT_REACHED = "limit_reached"
    NO_FREE_SLOT = "no_free_slot"
    ITS_TURN = "its_turn"


@dataclass(frozen=True, slots=True)
class PluginLoad:
    """What is known about a job's plugin; `running` counts its running jobs on all runners."""

    plugin: InstalledPlugin
    runners: Sequence[RunnerState]
    running: int
    ended: Sequence[Job] = ()
    """The last jobs that are DONE, if they were looked up."""
    begun: Sequence[datetime] = ()
    """When its running jobs began, if that was looked up."""
    kept: Sequence[ReplicaSet] = ()
    """The runners kept by orchestrators that are at work."""

    @property
    def alive(self) -> list[RunnerState]:
        """The runners that have recently sent a heartbeat."""
        return [runner for runner in self.runners if runner.alive]

    @property
    def working(self) -> list[RunnerState]:
        """The live runners that take jobs."""
        return [runner for runner in self.alive if runner.drain is None]

    @property
    def slots(self) -> int:
        """How many jobs the working runners can run at once."""
        return sum(runner.slots for runner in self.working)

    @property
    def busy(self) -> int:
        """How many of these slots are busy; heartbeats count suspended jobs too, the store is fresher."""
        drained = sum(runner.busy for runner in self.alive if runner.drain is not None)
        return max(self.running - drained, sum(runner.busy for runner in self.working))

    @property
    def places(self) -> int:
        """How many jobs can run at once."""
        return self.slots if self.plugin.limit is None else min(self.slots, self.plugin.limit)

    @property
    def failing(self) -> list[Replica]:
        """The kept runners that do not start."""
        replicas = (replica for one in self.kept for replica in one.replicas)
        return [replica for replica in replicas if replica.state is ReplicaState.FAILING]

    @property
    def starting(self) -> int:
        """How many runners are on their way, or will be once the scheduler has seen that a job waits."""
        wanted = sum(one.wish.needed_at_once(one.most) for one in self.kept)
        return max(0, wanted - len(self.failing))

    @property
    def obstacle(self) -> WaitingCode:
        """What keeps a job that is not waiting for something of its own from its turn."""
        limit = self.plugin.limit
        if self.plugin.paused:
            return WaitingCode.PLUGIN_STOPPED
        if not self.alive:
            return self._missing
        if not self.working:
            return WaitingCode.RUNNERS_DRAINED
        if limit is not None and self.running >= limit:
            return WaitingCode.LIMIT_REACHED
        return WaitingCode.NO_FREE_SLOT if self.busy >= self.slots else WaitingCode.ITS_TURN

    @property
    def _missing(self) -> WaitingCode:
        """What becomes of the runners, of which there is none."""
        if self.starting:
            return WaitingCode.RUNNER_STARTING
        return WaitingCode.RUNNER_FAILED_TO_START if self.failing else WaitingCode.NO_RUNNER
