"""Carries out effects once their cause is stored.

Nothing here may make a group fail: what could not be delivered is counted, and the runner asks for it again
or the sweeper recreates it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta

from taskmanager.errors import TaskManagerError
from taskmanager.messages import Changes, Message, Notice, RunnerReplies, Ticket, TicketReference, Tickets
from taskmanager.messages.topology import Topology
from taskmanager.ports.broker import Outgoing, Publisher
from taskmanager.process.logs import get_logger
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.effects.early_tickets import EarlyTickets
from taskmanager_scheduler.effects.ticket_blocks import BlockSizes, in_blocks
from taskmanager_scheduler.jobs.effects import (
    AnswerGateway,
    AnswerRunner,
    DeclarePlugin,
    Effect,
    NudgeOrchestrator,
    NudgePlugin,
    NudgeRunner,
    OrderReplicas,
    SendTicket,
)
from taskmanager_scheduler.metrics import EFFECTS_FAILED

CHANGES_A_MESSAGE = 500

log = get_logger(__name__)


class Dispatcher:
    """Publishes answers, tickets and changes."""

    def __init__(
        self,
        publisher: Publisher,
        topology: Topology,
        declare_plugin: Callable[[str], Awaitable[None]],
        *,
        early_tickets: int = 0,
        acquainted_after: timedelta = timedelta(0),
    ) -> None:
        """`declare_plugin` declares a plugin's queue; it raises TaskManagerError if it cannot.

        `early_tickets` is how many tickets of new jobs may be sent before their submissions are stored.
        `acquainted_after`: see `BlockSizes`.
        """
        self._publisher = publisher
        self._topology = topology
        self._declare_plugin = declare_plugin
        self.early = EarlyTickets(self._send_now, early_tickets)
        self.block_sizes = BlockSizes(acquainted_after)

    async def carry_out(self, decision: Decision) -> list[SendTicket]:
        """Carry out all effects of one decision; returns the tickets confirmed to be in their queues."""
        plugins = {effect.plugin for effect in decision.effects if isinstance(effect, DeclarePlugin)}
        # concurrently: the declaration of a queue whose node is gone gets no answer, and the timeouts would
        # add up
        await asyncio.gather(
            *(self._tried("declare", self._declare_plugin(plugin)) for plugin in sorted(plugins))
        )
        tickets = [effect for effect in decision.effects if isinstance(effect, SendTicket)]
        sent, *_ = await asyncio.gather(
            self.send_tickets(tickets),
            self._answer(decision.effects),
            self._tell_gateways(decision),
            self._nudge(decision),
            self._answer_gateways(decision.effects),
            self._tell_orchestrators(decision.effects),
        )
        return sent

    async def send_tickets(self, tickets: Sequence[SendTicket]) -> list[SendTicket]:
        """Publish tickets; returns those that the broker confirmed."""
        under_way = {ticket: sending for ticket in tickets if (sending := self.early.of(ticket)) is not None}
        sent = await self._send_now([ticket for ticket in tickets if ticket not in under_way])
        for sending in set(under_way.values()):
            sent |= await sending
        jobs = {ticket.job for ticket in sent}
        return [
            ticket for ticket in tickets if ticket in sent or (ticket in under_way and ticket.job in jobs)
        ]

    async def _send_now(self, tickets: Sequence[SendTicket]) -> frozenset[SendTicket]:
        """Publish tickets; those that the broker confirmed."""
        if not tickets:
            return frozenset()
        blocks = in_blocks(tickets, self.block_sizes.of)
        messages = [
            Outgoing(block[0].plugin, _message_with(block).encode(), block[0].priority) for block in blocks
        ]
        outcomes = await self._publisher.publish_all(self._topology.dispatch, messages, mandatory=True)
        for error in filter(None, outcomes):
            _count_failure("ticket", error)
        sent = [block for block, error in zip(blocks, outcomes, strict=True) if error is None]
        return frozenset(ticket for block in sent for ticket in block)

    async def _answer(self, effects: Iterable[Effect]) -> None:
        """Send one message to each runner, however many answers it gets."""
        answers: dict[tuple[str, str], list[AnswerRunner]] = {}
        for effect in effects:
            if isinstance(effect, AnswerRunner):
                key = self._topology.runner_key(effect.plugin, effect.runner)
                answers.setdefault((key, effect.instance), []).append(effect)
        await asyncio.gather(
            *(
                self._tried("answer", self._send_answers(key, instance, given))
                for (key, instance), given in answers.items()
            )
        )

    async def _send_answers(self, key: str, instance: str, answers: Sequence[AnswerRunner]) -> None:
        message = RunnerReplies(instance=instance, replies=tuple(answer.reply for answer in answers))
        await self._control(key, message)

    async def _tell_gateways(self, decision: Decision) -> None:
        for start in range(0, max(len(decision.changes), 1), CHANGES_A_MESSAGE):
            changes = tuple(decision.changes[start : start + CHANGES_A_MESSAGE])
            first = start == 0
            plugins = tuple(decision.changed_plugins) if first else ()
            jobs = tuple(decision.changed_jobs) if first else ()
            arrived = tuple(decision.arrived) if first else ()
            operations = tuple(decision.changed_operations) if first else ()
            access = first and decision.access is not None and decision.access.changes_access
            if changes or plugins or operations or access:
                body = Changes(
                    changes=changes,
                    plugins=plugins,
                    jobs=jobs,
                    arrived=arrived,
                    operations=operations,
                    access=access,
                ).encode()
                await self._tried(
                    "change", self._publisher.publish(self._topology.hints, "", body, persistent=False)
                )

    async def _nudge(self, decision: Decision) -> None:
        """Tell runners to ask for their orders: all runners of a plugin, or the runner of a job."""
        runners = {effect for effect in decision.effects if isinstance(effect, NudgeRunner)}
        plugins = {effect.plugin for effect in decision.effects if isinstance(effect, NudgePlugin)}
        keys = [self._topology.plugin_key(plugin) for plugin in sorted(plugins)]
        keys += sorted(self._topology.runner_key(effect.plugin, effect.runner) for effect in runners)
        for key in keys:
            await self._tried("notice", self._control(key, Notice()))

    async def _answer_gateways(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, AnswerGateway):
                key = self._topology.gateway_key(effect.gateway)
                await self._tried("result", self._control(key, effect.result))

    async def _tell_orchestrators(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, OrderReplicas):
                key = self._topology.orchestrator_key(effect.orders.place)
                await self._tried("orders", self._control(key, effect.orders))
            elif isinstance(effect, NudgeOrchestrator):
                key = self._topology.orchestrator_key(effect.place)
                await self._tried("notice", self._control(key, Notice()))

    async def _control(self, key: str, message: Message) -> None:
        """Publish to a private queue; not persistent, since the message is worthless later."""
        await self._publisher.publish(self._topology.answers, key, message.encode(), persistent=False)

    async def _tried(self, what: str, effect: Awaitable[None]) -> bool:
        try:
            await effect
        except TaskManagerError as error:
            _count_failure(what, error)
            return False
        return True


def _message_with(block: Sequence[SendTicket]) -> Ticket | Tickets:
    """One ticket as every runner reads it, or several."""
    if len(block) == 1:
        return Ticket(job=block[0].job, dispatch=block[0].dispatch)
    return Tickets(tickets=tuple(TicketReference(job=one.job, dispatch=one.dispatch) for one in block))


def _count_failure(what: str, error: TaskManagerError) -> None:
    EFFECTS_FAILED.labels(what).inc()
    log.warning("effect_failed", effect=what, error=str(error))
