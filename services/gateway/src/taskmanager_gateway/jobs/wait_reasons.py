"""Why a job does not run: a sentence for people and a word for programs. Pure; uses no store."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from taskmanager.model.control import Stop
from taskmanager.model.jobs import Attribution, Interruption, Job, Record
from taskmanager.model.queries import Position
from taskmanager.model.reasons import Code, Reason
from taskmanager.model.reasons.automatic import actor
from taskmanager.model.registry import InstalledPlugin, RunnerState
from taskmanager.model.replicas import Replica, ReplicaSet, ReplicaState
from taskmanager.model.states import Status
from taskmanager_gateway.codes import english, waiting
from taskmanager_gateway.jobs.start_estimate import Expectation, expected_start


class WaitingCode(StrEnum):
    """The reasons in order of precedence: the first that applies is given."""

    CANCELLING = "cancelling"
    HELD = "held"
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


class Waiting(Record):
    """Why a job waits."""

    code: WaitingCode
    reason: Reason = Field(description="The full reason; its code is more specific than `code`.")
    sentence: str = Field(examples=["All 2 slots of plugin jp2 are busy; 3 jobs start before it."])
    position: int | None = Field(
        default=None,
        description="Number of the plugin's waiting jobs that start before it; only for a single job.",
    )
    position_capped: bool = Field(
        default=False, description="Whether counting stopped at `position`: there may be more."
    )
    expected_start: Expectation | None = Field(
        default=None,
        description="When it is likely to start; only for a single job whose plugin is running jobs and has "
        "finished enough of them recently for an estimate.",
    )


@dataclass(frozen=True, slots=True)
class PluginLoad:
    """What is known about a job's plugin; `running` counts its running jobs on all runners."""

    plugin: InstalledPlugin
    runners: Sequence[RunnerState]
    running: int
    ended: Sequence[Job] = ()
    """The last jobs that are DONE, if they were looked up."""
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


def waiting_reason(
    job: Job, around: PluginLoad, position: Position | None = None, now: datetime | None = None
) -> Waiting | None:
    """Why the job waits; None for one that runs or has ended.

    `position`: if it was counted; `now`: if the start is to be estimated.
    """
    if job.status is Status.PAUSED:
        return _pause(job, around)
    if job.status is not Status.STARTED:
        return None
    if job.not_before is not None:
        return _waiting(WaitingCode.BACKING_OFF, _backing_off(job, job.not_before))
    code, obstacle = next(_obstacles(around))
    return _waiting(
        code,
        _placed(obstacle, position),
        position=position.ahead if position else None,
        position_capped=position is not None and position.capped,
        expected_start=_expected(code, around, position, now),
    )


def _waiting(code: WaitingCode, told: Reason, **facts: Any) -> Waiting:
    return Waiting(code=code, reason=told, sentence=english(told), **facts)


def _expected(
    code: WaitingCode, around: PluginLoad, position: Position | None, now: datetime | None
) -> Expectation | None:
    if position is None or now is None or code not in _MOVING:
        return None
    return expected_start(position, around.ended, around.places, now)


def _backing_off(job: Job, until: datetime) -> Reason:
    error = job.error.cause if job.error else None
    return waiting.BACKING_OFF(count=job.failures, until=until, error=error)


def _pause(job: Job, around: PluginLoad) -> Waiting:
    stop = around.plugin.stop
    if job.cancel is not None:
        return _waiting(WaitingCode.CANCELLING, waiting.CANCELLING(**_cause(job.cancel)))
    if job.held is not None:
        return _waiting(WaitingCode.HELD, waiting.HELD(**_cause(job.held)))
    if stop is not None:
        code = WaitingCode.PLUGIN_STOPPED if job.owner is None else WaitingCode.SUSPENDED
        return _waiting(code, _stopped(waiting.PAUSED_BY_STOP, around, stop))
    return _waiting(WaitingCode.SUSPENDED, waiting.PAUSED())


def _obstacles(around: PluginLoad) -> Iterator[tuple[WaitingCode, Reason]]:
    """What keeps a job from its turn, the most serious obstacle first; the last always applies."""
    for code, look in _LOOKS:
        reason = look(around)
        if reason is not None:
            yield code, reason
    yield WaitingCode.ITS_TURN, waiting.ITS_TURN(plugin=around.plugin.name)


def _stop(around: PluginLoad) -> Reason | None:
    stop = around.plugin.stop
    return None if stop is None else _stopped(waiting.PLUGIN_STOPPED, around, stop)


def _starting(around: PluginLoad) -> Reason | None:
    """A runner that is on its way, or will be as soon as the scheduler has seen that a job waits."""
    if around.alive:
        return None
    failing = sum(_is_failing(replica) for one in around.kept for replica in one.replicas)
    wanted = sum(one.wish.needed_at_once(one.most) for one in around.kept)
    if wanted <= failing:
        return None
    return waiting.RUNNER_STARTING(plugin=around.plugin.name, count=wanted - failing)


def _failed(around: PluginLoad) -> Reason | None:
    failing = [replica for one in around.kept for replica in one.replicas if _is_failing(replica)]
    if around.alive or not failing:
        return None
    worst = max(failing, key=lambda replica: replica.failures)
    return waiting.RUNNER_FAILED_TO_START(
        plugin=around.plugin.name, count=max(1, worst.failures), error=worst.detail or None
    )


def _is_failing(replica: Replica) -> bool:
    return replica.state is ReplicaState.FAILING


def _no_runner(around: PluginLoad) -> Reason | None:
    if around.alive:
        return None
    heard = max((runner.last_heartbeat for runner in around.runners), default=None)
    return waiting.NO_RUNNER(plugin=around.plugin.name, at=heard)


def _drained(around: PluginLoad) -> Reason | None:
    drains = [runner.drain for runner in around.alive if runner.drain is not None]
    if around.working or not drains:
        return None
    cause = _cause(max(drains, key=lambda drain: drain.at))
    if len(drains) == 1:
        return waiting.RUNNER_DRAINED(plugin=around.plugin.name, **cause)
    return waiting.RUNNERS_DRAINED(count=len(drains), plugin=around.plugin.name, **cause)


def _limit(around: PluginLoad) -> Reason | None:
    limit = around.plugin.limit
    if limit is None or around.running < limit:
        return None
    return waiting.LIMIT_REACHED(plugin=around.plugin.name, count=around.running, limit=limit)


def _no_slot(around: PluginLoad) -> Reason | None:
    if around.busy < around.slots:
        return None
    return waiting.NO_FREE_SLOT(count=around.slots, plugin=around.plugin.name)


_LOOKS: tuple[tuple[WaitingCode, Callable[[PluginLoad], Reason | None]], ...] = (
    (WaitingCode.PLUGIN_STOPPED, _stop),
    (WaitingCode.RUNNER_STARTING, _starting),
    (WaitingCode.RUNNER_FAILED_TO_START, _failed),
    (WaitingCode.NO_RUNNER, _no_runner),
    (WaitingCode.RUNNERS_DRAINED, _drained),
    (WaitingCode.LIMIT_REACHED, _limit),
    (WaitingCode.NO_FREE_SLOT, _no_slot),
)
_MOVING = frozenset({WaitingCode.LIMIT_REACHED, WaitingCode.NO_FREE_SLOT})
"""Reasons that resolve themselves as jobs end."""


def _stopped(code: Code, around: PluginLoad, stop: Stop) -> Reason:
    return code(plugin=around.plugin.name, until=stop.until, **_cause(stop))


def _cause(note: Attribution) -> dict[str, datetime | Reason | str | None]:
    why = note.why if isinstance(note, Interruption) else None
    return {"by": actor(note.by), "at": note.at, "why": why or " ".join(note.reason.split()) or None}


def _placed(obstacle: Reason, position: Position | None) -> Reason:
    if position is None:
        return waiting.SOMEWHERE(obstacle=obstacle)
    if position.ahead == 0:
        return waiting.NEXT(obstacle=obstacle)
    code = waiting.FAR_BEHIND if position.capped else waiting.BEHIND
    return code(obstacle=obstacle, count=position.ahead)
