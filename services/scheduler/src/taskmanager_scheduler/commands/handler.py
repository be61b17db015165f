"""What it takes to execute one kind of order: one `CommandHandler` each, and nothing elsewhere."""

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
    """What an order is filed under in the audit."""

    job: str | None = None
    plugin: str | None = None
    runner: str | None = None
    subject: str | None = None
    """The user or token, spelled as the audit spells them."""


@dataclass(frozen=True, slots=True)
class CommandHandler(Generic[SpaceT_contra, OrderT_contra]):
    """How orders of one type are executed. The space is what they may read and change; all of it is pure.

    `needs` says what to load. `subject` is called before `execute`; `describe` gives the audit's wording.
    With `once`, a command that the broker redelivers is not executed again but gets its first answer.
    """

    needs: Callable[[Command, OrderT_contra], Needs]
    subject: Callable[[SpaceT_contra, OrderT_contra], Subject]
    describe: Callable[[OrderT_contra], Reason]
    execute: Callable[[SpaceT_contra, Command, OrderT_contra], CommandAnswer]
    once: bool = False


def attribution(command: Command, now: datetime) -> Attribution:
    """Who gave the command and why, with the time at which it is executed."""
    return Attribution(by=command.actor, at=now, reason=command.reason)
