"""Tickets that the scheduler itself makes, and the note in the store that they are still owed."""

from collections.abc import Sequence

from taskmanager.ports import Clock
from taskmanager.store import Needs, Snapshot, Store
from taskmanager_scheduler.effects import SendTicket
from taskmanager_scheduler.events import Ticketed
from taskmanager_scheduler.fold import Fold, Outcome


async def mark_sent(store: Store, clock: Clock, tickets: Sequence[SendTicket]) -> None:
    """Strike the notes of tickets that are surely in their queues; raises StoreUnavailableError."""
    if not tickets:
        return

    def strike(snapshot: Snapshot) -> Outcome:
        fold = Fold(snapshot, clock.now())
        for ticket in tickets:
            fold.move(ticket.job, Ticketed(ticket.dispatch))
        return fold.outcome()

    await store.apply(Needs(jobs=frozenset(ticket.job for ticket in tickets)), strike)
