"""Operators' commands for the rules of notifications: keep one, remove one, send a test by one."""

from datetime import datetime
from typing import Protocol

from taskmanager.messages import Command, RemoveRule, SetRule, TryRule
from taskmanager.model.notifications.deliveries import Notice
from taskmanager.model.notifications.events import Event, EventKind
from taskmanager.model.notifications.rules import Rule
from taskmanager.model.reasons import actions_taken
from taskmanager.ports.store import Needs
from taskmanager_scheduler.commands.handler import CommandHandler, Subject, attribution
from taskmanager_scheduler.jobs.effects import CommandAnswer


class RuleSpace(Protocol):
    """What such a command may read and change: the group it is part of."""

    now: datetime
    rules: dict[str, Rule]
    removed_rules: set[str]
    notices: list[Notice]


def _set(space: RuleSpace, command: Command, order: SetRule) -> CommandAnswer:
    changed = attribution(command, space.now)
    space.rules[order.rule] = Rule(id=order.rule, changed=changed, **dict(order.terms))
    space.removed_rules.discard(order.rule)
    return "done", None


def _remove(space: RuleSpace, command: Command, order: RemoveRule) -> CommandAnswer:
    del command
    space.rules.pop(order.rule, None)
    space.removed_rules.add(order.rule)
    return "done", None


def _try(space: RuleSpace, command: Command, order: TryRule) -> CommandAnswer:
    """A redelivered command makes the same notice. It is due at once, whatever the pace of the rule."""
    event = Event(
        id=f"test {command.id}",
        kind=EventKind.TEST,
        at=space.now,
        path=f"/notifications/{order.rule}",
        facts={"by": command.actor},
    )
    space.notices.append(Notice(id=f"{order.rule} {event.id}", rule=order.rule, event=event, due=space.now))
    return "done", None


SET_RULE: CommandHandler[RuleSpace, SetRule] = CommandHandler(
    needs=lambda *_: Needs(),
    subject=lambda *_: Subject(),
    describe=lambda order: actions_taken.SET_RULE(name=order.terms.name, channel=order.terms.channel),
    execute=_set,
)
REMOVE_RULE: CommandHandler[RuleSpace, RemoveRule] = CommandHandler(
    needs=lambda *_: Needs(),
    subject=lambda *_: Subject(),
    describe=lambda order: actions_taken.REMOVE_RULE(name=order.name or order.rule),
    execute=_remove,
)
TRY_RULE: CommandHandler[RuleSpace, TryRule] = CommandHandler(
    needs=lambda *_: Needs(),
    subject=lambda *_: Subject(),
    describe=lambda order: actions_taken.TRY_RULE(name=order.name or order.rule),
    execute=_try,
)
