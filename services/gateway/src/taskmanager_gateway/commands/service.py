"""Operators' commands: publish one with confirm, then wait a moment for the scheduler's result.

The scheduler decides. The checks made here beforehand only save a round trip, and a lost answer loses
nothing: the broker stores the command, and its outcome is in the audit.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import uuid_utils

from taskmanager.errors import BrokerUnavailableError, StoreUnavailableError, UnroutableMessageError
from taskmanager.messages import (
    Command,
    CommandResult,
    JobCommand,
    Order,
    PluginCommand,
)
from taskmanager.messages.topology import Topology
from taskmanager.model.access import Principal
from taskmanager.model.control import judge
from taskmanager.model.partitions import HOME
from taskmanager.ports.broker import Publisher
from taskmanager.ports.clock import Clock
from taskmanager.process.logs import get_logger
from taskmanager_gateway.codes import problems
from taskmanager_gateway.commands.orders import rules_of
from taskmanager_gateway.commands.pending import PendingCommands
from taskmanager_gateway.commands.permissions import CHECK_TIME, Permissions
from taskmanager_gateway.http.deadlines import PUBLISH_TIME, from_store
from taskmanager_gateway.http.problems import (
    BROKER_UNAVAILABLE,
    NOT_POSSIBLE,
    ProblemError,
)
from taskmanager_gateway.jobs.finder import JobFinder
from taskmanager_gateway.metrics import COMMANDS
from taskmanager_gateway.plugins.catalogue import PluginCatalogue

RESULT_TIME = timedelta(seconds=2)
"""How long a client waits for the scheduler before being told that the command is stored."""

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Author:
    """Who gives an order, and why."""

    principal: Principal
    reason: str = ""

    @property
    def actor(self) -> str:
        """The name the audit shows."""
        return self.principal.name


@dataclass(frozen=True, slots=True)
class CommandDone:
    """The scheduler did it; `unchanged`: nothing had to be done."""

    command: str
    outcome: Literal["done", "unchanged"]


@dataclass(frozen=True, slots=True)
class CommandPending:
    """The broker has stored it, and the scheduler will do it as soon as it is available."""

    command: str


class CommandService:
    """Sends commands to the scheduler."""

    def __init__(  # noqa: PLR0913 - wiring
        self,
        publisher: Publisher,
        pending: PendingCommands,
        finder: JobFinder,
        permissions: Permissions,
        catalogue: PluginCatalogue,
        *,
        topology: Topology,
        clock: Clock,
        gateway_id: str,
    ) -> None:
        """`gateway_id` is the address for the scheduler's answers."""
        self._publisher = publisher
        self._pending = pending
        self._finder = finder
        self._permissions = permissions
        self._catalogue = catalogue
        self._topology = topology
        self._clock = clock
        self._gateway_id = gateway_id

    async def command(
        self, order: Order, author: Author, *, patience: timedelta = RESULT_TIME
    ) -> CommandDone | CommandPending:
        """Carry out the order; raises ProblemError if that is impossible or it may not have been sent.

        `patience` is how long to wait for the result.
        """
        await rules_of(order).check(self._permissions, order, author.principal)
        await self._check(order, author.principal)
        partition = await self._partition(order, author.principal)
        command = Command(
            id=str(uuid_utils.uuid7()),
            gateway=self._gateway_id,
            actor=author.actor,
            reason=author.reason,
            at=self._clock.now(),
            order=order,
        )
        try:
            result = await self._send(command, partition, patience)
        except ProblemError as error:
            COMMANDS.labels(order.action, error.problem.kind.name).inc()
            raise
        COMMANDS.labels(order.action, result.outcome if isinstance(result, CommandDone) else "pending").inc()
        return result

    async def _check(self, order: Order, who: Principal) -> None:
        """Refuse what is evidently impossible; without the database the scheduler alone decides."""
        if isinstance(order, PluginCommand):
            await self._catalogue.find(order.plugin, who)
        if not isinstance(order, JobCommand):
            return
        try:
            job = await from_store(self._finder.find(order.job, who), CHECK_TIME)
        except StoreUnavailableError as error:
            if not who.unrestricted:
                raise
            log.debug("command_not_checked", job=order.job, error=str(error))
            return
        verdict = judge(job, order.action, order.priority)
        if verdict.refusal is not None:
            COMMANDS.labels(order.action, NOT_POSSIBLE.name).inc()
            raise rules_of(order).refused(order, verdict.refusal)

    async def _partition(self, order: Order, who: Principal) -> int:
        """Which one carries it out: its plugin's; if that cannot be looked up, the home, which also can."""
        if self._topology.partitions == 1:
            return HOME
        return self._topology.partition_of(await rules_of(order).plugin(self._permissions, order, who))

    async def _send(
        self, command: Command, partition: int, patience: timedelta
    ) -> CommandDone | CommandPending:
        with self._pending.wait_for(command.id) as result:
            await self._publish(command, partition, result)
            try:
                async with asyncio.timeout(patience.total_seconds()):
                    return _answer(command.order, await result)
            except TimeoutError:
                log.warning("command_without_result", command=command.id, action=command.order.action)
                return CommandPending(command.id)

    async def _publish(self, command: Command, partition: int, result: asyncio.Future[CommandResult]) -> None:
        """Return once the broker has it; a result is as good as a confirm."""
        try:
            async with asyncio.timeout(PUBLISH_TIME.total_seconds()):
                await self._publisher.publish(
                    self._topology.events,
                    self._topology.command_key_of(partition),
                    command.encode(),
                    persistent=True,
                    mandatory=True,
                )
        except (BrokerUnavailableError, UnroutableMessageError, TimeoutError) as error:
            if result.done():
                return
            log.warning("command_not_confirmed", command=command.id, error=str(error) or "no confirm in time")
            raise _unconfirmed(command) from error


def _answer(order: Order, result: CommandResult) -> CommandDone:
    match result.outcome:
        case "refused":
            raise rules_of(order).refused(order, result.told)
        case "unknown":
            raise rules_of(order).unknown(order)
        case "done" | "unchanged":
            return CommandDone(result.id, result.outcome)


def _unconfirmed(command: Command) -> ProblemError:
    return ProblemError(BROKER_UNAVAILABLE, problems.COMMAND_NOT_CONFIRMED(), command=command.id)
