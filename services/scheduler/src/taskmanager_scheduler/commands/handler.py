"""What a kind of order needs to be carried out: one `CommandHandler` for each, and nothing anywhere else."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from taskmanager.messages import Command
from taskmanager.model.jobs import Attribution
from taskmanager.model.reasons import Reason
from taskmanager.ports.store import Needs
from taskmanager_scheduler.jobs.effects import CommandAnswer

SpaceT_contra = TypeVar("SpaceT_contra", contravariant=True)
OrderT_contra = TypeVar("OrderT_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Subject:
    """What the audit files an order under."""

    job: str | None = None
    plugin: str | None = None
    runner: str | None = None
    subject: str | None = None
    """The user or token, spelled as the audit spells them."""


@dataclass(frozen=True, slots=True)
class CommandHandler(Generic[SpaceT_contra, OrderT_contra]):
    """How orders of one type are carried out. The space is what they may see and change; all is pure.

    `needs` says what is loaded for it. `subject` is asked before, `describe` gives the audit's words. With
    `once` a command that the broker hands out again is not carried out again but gets its first answer.
    """

    needs: Callable[[Command, OrderT_contra], Needs]
    subject: Callable[[SpaceT_contra, OrderT_contra], Subject]
    describe: Callable[[OrderT_contra], Reason]
    execute: Callable[[SpaceT_contra, Command, OrderT_contra], CommandAnswer]
    once: bool = False


def attribution(command: Command, now: datetime) -> Attribution:
    """Who wants it and why, and that it is carried out now."""
    return Attribution(by=command.actor, at=now, reason=command.reason)
