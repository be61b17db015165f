"""What follows once a group is stored: its effects, then its acknowledgement, while the next is being stored.

One group after another, so that answers keep their order.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence

from taskmanager.errors import PermanentError, TemporaryError
from taskmanager.messages import Tick
from taskmanager.ports.clock import Clock
from taskmanager.ports.store import Store
from taskmanager.process.failpoints import Failpoint, failpoint
from taskmanager.process.logs import get_logger
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.effects.dispatcher import Dispatcher
from taskmanager_scheduler.effects.tickets import note_tickets
from taskmanager_scheduler.inbox.group_reader import GroupReader, InboxMessage
from taskmanager_scheduler.metrics import EFFECTS_FAILED

log = get_logger(__name__)


class EffectPipeline:
    """Carries out the effects of one group at a time."""

    def __init__(
        self,
        reader: GroupReader,
        store: Store,
        dispatcher: Dispatcher,
        clock: Clock,
        on_tick: Callable[[Collection[str]], Awaitable[None]],
    ) -> None:
        """`on_tick` is called when ticks of these schedulers have come through.

        Everything before them has then been processed.
        """
        self._reader, self._store, self._dispatcher, self._clock = reader, store, dispatcher, clock
        self._on_tick = on_tick
        self._last: asyncio.Task[None] | None = None

    async def follow(self, decision: Decision, messages: Sequence[InboxMessage]) -> None:
        """Start on this group once the previous one is finished; raises its PermanentError."""
        await self.finish()
        self._last = asyncio.create_task(self._follow(decision, messages), name="follow")

    async def finish(self) -> None:
        """Wait until everything is finished; raises PermanentError."""
        if self._last is not None:
            await self._last

    async def _follow(self, decision: Decision, messages: Sequence[InboxMessage]) -> None:
        failpoint(Failpoint.SCHEDULER_BEFORE_EFFECTS)
        try:
            sent = await self._dispatcher.carry_out(decision)
            await note_tickets(self._store, self._clock, decision.effects, sent)
            if schedulers := {message.scheduler for _, message in messages if isinstance(message, Tick)}:
                await self._on_tick(schedulers)
        except TemporaryError as error:
            EFFECTS_FAILED.labels("store").inc()
            log.warning("effects_left_to_the_sweeper", error=str(error))
        except PermanentError:
            raise
        except Exception:
            # What is stored stays valid: runners ask again, the sweeper finds the tickets. The next group
            # goes on.
            EFFECTS_FAILED.labels("defect").inc()
            log.exception("effects_failed")
        failpoint(Failpoint.SCHEDULER_BEFORE_ACK)
        self._reader.acknowledge(messages)
        failpoint(Failpoint.SCHEDULER_AFTER_ACK)
