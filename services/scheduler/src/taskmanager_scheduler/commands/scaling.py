"""Operators' commands for the runners of a plugin at a place: how many, replace them, forget the place."""

from datetime import datetime
from typing import Any, Protocol

from taskmanager.messages import Command, ScalingCommand
from taskmanager.model.reasons import Reason, actions_taken, refusals
from taskmanager.model.reasons.automatic import SCALING as SCHEDULER_SCALES
from taskmanager.model.replicas import ReplicaSet, ScalingAction, ScalingMode, Wish, set_key
from taskmanager.ports.store import Needs
from taskmanager_scheduler.commands.handler import CommandHandler, Subject, attribution
from taskmanager_scheduler.jobs.effects import CommandAnswer, Effect, NudgeOrchestrator


class ScalingSpace(Protocol):
    """What such a command may read and change: the group it is part of."""

    now: datetime
    replicas: dict[str, ReplicaSet]
    forgotten_replicas: set[str]
    effects: list[Effect]

    def change_replicas(self, one: ReplicaSet) -> None:
        """Store the new state of a set."""


def _execute(space: ScalingSpace, command: Command, order: ScalingCommand) -> CommandAnswer:
    one = space.replicas.get(set_key(order.plugin, order.place))
    if one is None:
        return "unknown", refusals.NO_PLACE()
    match order.action:
        case ScalingAction.SCALE:
            return _scale(space, one, command, order)
        case ScalingAction.RENEW:
            return _renew(space, one)
        case ScalingAction.FORGET_PLACE:
            return _forget(space, one)


def _scale(space: ScalingSpace, one: ReplicaSet, command: Command, order: ScalingCommand) -> CommandAnswer:
    by_itself = command.actor == SCHEDULER_SCALES
    if by_itself and one.wish.mode is not ScalingMode.AUTO:
        return "unchanged", None  # an operator was faster
    given: dict[str, Any] = {
        name: value
        for name in ("mode", "min", "max", "desired")
        if (value := getattr(order, name)) is not None
    }
    numbers = {**one.wish.model_dump(), **given}
    if numbers["min"] > numbers["max"]:
        return "refused", refusals.LIMITS_CROSSED(lowest=numbers["min"], highest=numbers["max"])
    if max((value for name, value in given.items() if name != "mode"), default=0) > one.most:
        return "refused", refusals.TOO_MANY_RUNNERS(place=one.place, limit=one.most)
    wish = Wish.model_validate(numbers)
    wish = wish.model_copy(update={"desired": wish.within(one.most)})
    if wish == one.wish:
        return "unchanged", None
    wished = one.wished if by_itself else attribution(command, space.now)
    space.change_replicas(one.model_copy(update={"wish": wish, "wished": wished}))
    space.effects.append(NudgeOrchestrator(one.place))
    return "done", None


def _renew(space: ScalingSpace, one: ReplicaSet) -> CommandAnswer:
    if one.last_only:
        return "refused", refusals.ONLY_THE_LAST(place=one.place)
    names = tuple(replica.name for replica in one.replicas)
    if names == one.renewing:
        return "unchanged", None
    space.change_replicas(one.model_copy(update={"renewing": names}))
    space.effects.append(NudgeOrchestrator(one.place))
    return "done", None


def _forget(space: ScalingSpace, one: ReplicaSet) -> CommandAnswer:
    if one.heard_at(space.now):
        return "refused", refusals.PLACE_HEARD(seconds=(space.now - one.reported).total_seconds())
    del space.replicas[one.key]
    space.forgotten_replicas.add(one.key)
    return "done", None


def _describe(order: ScalingCommand) -> Reason:
    if order.action is not ScalingAction.SCALE:
        return actions_taken.PLACES[order.action](place=order.place)
    if order.mode is ScalingMode.AUTO:
        return actions_taken.SCALE_AUTO(place=order.place, lowest=order.min, highest=order.max)
    return actions_taken.SCALE(place=order.place, number=order.desired)


SCALING: CommandHandler[ScalingSpace, ScalingCommand] = CommandHandler(
    needs=lambda _, order: Needs(replicas=frozenset({set_key(order.plugin, order.place)})),
    subject=lambda _, order: Subject(plugin=order.plugin),
    describe=_describe,
    execute=_execute,
)
