"""Operators' commands for runners: drain one, end the drain, forget one that is gone."""

from datetime import datetime, timedelta
from typing import Protocol

from taskmanager.messages import Command, RunnerCommand
from taskmanager.model.control import Drain, RunnerAction
from taskmanager.model.jobs import Job
from taskmanager.model.reasons import Reason, actions_taken, refusals
from taskmanager.model.registry import ALIVE_FOR, RunnerState
from taskmanager.ports.store import Needs, Snapshot
from taskmanager_scheduler.commands.handler import CommandHandler, Subject
from taskmanager_scheduler.jobs.effects import CommandAnswer, Effect, NudgeRunner


class RunnerSpace(Protocol):
    """What such a command may read and change: the group it is part of."""

    now: datetime
    snapshot: Snapshot
    jobs: dict[str, Job]
    runners: dict[str, RunnerState]
    forgotten: set[str]
    effects: list[Effect]


def known_runner(space: RunnerSpace, name: str) -> RunnerState | None:
    """The runner in its current state; None if it is unknown or forgotten."""
    if name in space.forgotten:
        return None
    return space.runners.get(name) or space.snapshot.runners.get(name)


def _execute(space: RunnerSpace, command: Command, order: RunnerCommand) -> CommandAnswer:
    """Execute the command if possible."""
    runner = known_runner(space, order.runner)
    if runner is None:
        return "unknown", refusals.NO_RUNNER()
    if order.action is RunnerAction.FORGET:
        return _forget(space, runner)
    drain = _drain(space, command, order) if order.action is RunnerAction.DRAIN else None
    if _means_the_same(runner.drain, drain):
        return "unchanged", None
    space.runners[runner.id] = runner.model_copy(update={"drain": drain})
    space.effects.append(NudgeRunner(runner.plugin, runner.id))
    return "done", None


def _describe(order: RunnerCommand) -> Reason:
    """What the audit says of the command."""
    if order.action is not RunnerAction.DRAIN:
        return actions_taken.RUNNERS[order.action]()
    grace = order.grace_seconds
    return actions_taken.DRAIN(seconds=None if grace is None else f"{grace:g}")


def _drain(space: RunnerSpace, command: Command, order: RunnerCommand) -> Drain:
    grace = timedelta(seconds=order.grace_seconds) if order.grace_seconds is not None else None
    until = space.now + grace if grace is not None else None
    return Drain(by=command.actor, at=space.now, reason=command.reason, until=until)


def _means_the_same(before: Drain | None, after: Drain | None) -> bool:
    """A grace period counts from the command that gives it, so repeating the same grace sets a new end."""
    if before is None or after is None:
        return before is after
    return before.until is after.until is None


def _forget(space: RunnerSpace, runner: RunnerState) -> CommandAnswer:
    quiet = space.now - runner.last_heartbeat
    if quiet <= ALIVE_FOR:
        return "refused", refusals.RUNNER_ALIVE(seconds=quiet.total_seconds())
    owned = sum(job.owner == runner.id for job in space.jobs.values())
    if owned:
        return "refused", refusals.OWNS_JOBS(count=owned)
    space.runners.pop(runner.id, None)
    space.forgotten.add(runner.id)
    return "done", None


def _subject(space: RunnerSpace, order: RunnerCommand) -> Subject:
    runner = known_runner(space, order.runner)
    return Subject(runner=order.runner, plugin=runner.plugin if runner else None)


RUNNER: CommandHandler[RunnerSpace, RunnerCommand] = CommandHandler(
    needs=lambda _, order: Needs(runners=frozenset({order.runner})),
    subject=_subject,
    describe=_describe,
    execute=_execute,
)
