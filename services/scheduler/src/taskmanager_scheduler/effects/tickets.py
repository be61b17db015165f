"""The tickets that the scheduler itself sends, and the note in the store that they are still owed."""

from collections.abc import Sequence

from taskmanager.ports.clock import Clock
from taskmanager.ports.store import Needs, Snapshot, Store
from taskmanager_scheduler.decisions.decision import Decision
from taskmanager_scheduler.decisions.group_state import GroupState
from taskmanager_scheduler.jobs.effects import SendTicket
from taskmanager_scheduler.jobs.events import Ticketed


async def mark_sent(store: Store, clock: Clock, tickets: Sequence[SendTicket]) -> None:
    """Clear the notes of tickets that are confirmed to be in their queues; raises StoreUnavailableError."""
    if not tickets:
        return

    def strike(snapshot: Snapshot) -> Decision:
        group = GroupState(snapshot, clock.now())
        for ticket in tickets:
            group.move(ticket.job, Ticketed(ticket.dispatch))
        return group.decision()

    await store.apply(Needs(jobs=frozenset(ticket.job for ticket in tickets)), strike)
