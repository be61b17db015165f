"""Operators' commands for dead letters: give one to the scheduler once more, or drop it."""

from datetime import datetime
from typing import Protocol

from taskmanager.messages import Command, SettleDeadLetter
from taskmanager.model.control import Settlement
from taskmanager.model.reasons import actions_taken
from taskmanager.ports.store import Needs
from taskmanager_scheduler.commands.handler import CommandHandler, Subject
from taskmanager_scheduler.jobs.effects import CommandAnswer


class LetterSpace(Protocol):
    """What such a command may read and change: the group it is part of."""

    now: datetime
    settlements: list[tuple[str, Settlement]]


def _settle(space: LetterSpace, command: Command, order: SettleDeadLetter) -> CommandAnswer:
    """Whoever has the home's inbox carries it out (`inbox.letter_keeper`)."""
    wanted = Settlement(by=command.actor, at=space.now, reason=command.reason, action=order.action)
    space.settlements.append((order.letter, wanted))
    return "done", None


SETTLE: CommandHandler[LetterSpace, SettleDeadLetter] = CommandHandler(
    needs=lambda *_: Needs(),
    subject=lambda *_: Subject(),
    describe=lambda order: actions_taken.LETTERS[order.action](letter=order.letter),
    execute=_settle,
)
