"""Why a job does not run: a sentence for people and a word for programs. Pure; uses no store."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pydantic import Field

from taskmanager.model.control import Stop
from taskmanager.model.jobs import Attribution, Interruption, Job, Record
from taskmanager.model.queries import Position
from taskmanager.model.reasons import Code, Reason
from taskmanager.model.reasons.automatic import actor
from taskmanager.model.states import Status
from taskmanager.model.waiting import PluginLoad, WaitingCode
from taskmanager_gateway.codes import english, waiting
from taskmanager_gateway.jobs.start_estimate import Expectation, expected_start


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


def waiting_reason(
    job: Job,
    around: PluginLoad,
    position: Position | None = None,
    now: datetime | None = None,
    before: Status | None = None,
) -> Waiting | None:
    """Why the job waits; None for one that runs or has ended.

    `position`: if it was counted; `now`: if the start is to be estimated; `before`: the status of the job
    that it follows in its chain, if that is known.
    """
    if job.status is Status.PAUSED:
        return _pause(job, around, before)
    if job.status is not Status.STARTED:
        return None
    if job.not_before is not None:
        return _waiting(WaitingCode.BACKING_OFF, _backing_off(job, job.not_before))
    code, obstacle = around.obstacle, _OBSTACLES[around.obstacle](around)
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
    return expected_start(position, around.ended, around.begun, around.places, now)


def _backing_off(job: Job, until: datetime) -> Reason:
    error = job.error.cause if job.error else None
    return waiting.BACKING_OFF(count=job.failures, until=until, error=error)


def _pause(job: Job, around: PluginLoad, before: Status | None) -> Waiting:
    stop = around.plugin.stop
    if job.cancel is not None:
        return _waiting(WaitingCode.CANCELLING, waiting.CANCELLING(**_cause(job.cancel)))
    if job.restored is not None:
        return _waiting(WaitingCode.HELD, waiting.RESTORED(at=job.restored))
    if job.held is not None:
        return _waiting(WaitingCode.HELD, waiting.HELD(**_cause(job.held)))
    if job.follows is not None:
        told = _UNFINISHED.get(before, waiting.FOLLOWS) if before else waiting.FOLLOWS
        return _waiting(WaitingCode.FOLLOWS, told(job=job.follows))
    if stop is not None:
        code = WaitingCode.PLUGIN_STOPPED if job.owner is None else WaitingCode.SUSPENDED
        return _waiting(code, _stopped(waiting.PAUSED_BY_STOP, around, stop))
    return _waiting(WaitingCode.SUSPENDED, waiting.PAUSED())


def _plugin_stopped(around: PluginLoad) -> Reason:
    stop = around.plugin.stop
    if stop is None:
        return _no_turn(around)
    return _stopped(waiting.PLUGIN_STOPPED, around, stop)


def _starting(around: PluginLoad) -> Reason:
    return waiting.RUNNER_STARTING(plugin=around.plugin.name, count=around.starting)


def _no_slot(around: PluginLoad) -> Reason:
    return waiting.NO_FREE_SLOT(count=around.slots, plugin=around.plugin.name)


def _failed_to_start(around: PluginLoad) -> Reason:
    worst = max(around.failing, key=lambda replica: replica.failures)
    return waiting.RUNNER_FAILED_TO_START(
        plugin=around.plugin.name, count=max(1, worst.failures), error=worst.detail or None
    )


def _no_runner(around: PluginLoad) -> Reason:
    heard = max((runner.last_heartbeat for runner in around.runners), default=None)
    return waiting.NO_RUNNER(plugin=around.plugin.name, at=heard)


def _drained(around: PluginLoad) -> Reason:
    drains = [runner.drain for runner in around.alive if runner.drain is not None]
    cause = _cause(max(drains, key=lambda drain: drain.at))
    if len(drains) == 1:
        return waiting.RUNNER_DRAINED(plugin=around.plugin.name, **cause)
    return waiting.RUNNERS_DRAINED(count=len(drains), plugin=around.plugin.name, **cause)


def _limit(around: PluginLoad) -> Reason:
    return waiting.LIMIT_REACHED(plugin=around.plugin.name, count=around.running, limit=around.plugin.limit)


def _no_turn(around: PluginLoad) -> Reason:
    return waiting.ITS_TURN(plugin=around.plugin.name)


_OBSTACLES: Mapping[WaitingCode, Callable[[PluginLoad], Reason]] = {
    WaitingCode.PLUGIN_STOPPED: _plugin_stopped,
    WaitingCode.RUNNER_STARTING: _starting,
    WaitingCode.RUNNER_FAILED_TO_START: _failed_to_start,
    WaitingCode.NO_RUNNER: _no_runner,
    WaitingCode.RUNNERS_DRAINED: _drained,
    WaitingCode.LIMIT_REACHED: _limit,
    WaitingCode.NO_FREE_SLOT: _no_slot,
    WaitingCode.ITS_TURN: _no_turn,
}
"""The sentences about what keeps the plugin's jobs from their turn."""
_UNFINISHED = {Status.ERROR: waiting.FOLLOWS_FAILED, Status.CANCELLED: waiting.FOLLOWS_CANCELLED}
"""What is said of a job whose predecessor in the chain does not go on by itself."""
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
